// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/Passes.h"
#include "passes/Plan/ViewPlacement.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_COPYVIEWSPASS
#include "passes/Plan/Passes.h.inc"

namespace {

constexpr int kMostRounds = 100;

/// Puts an operation into a region of its own.
RegionOp wrap(Operation &op) {
  OpBuilder b(&op);
  SmallVector<Value> operands(op.getOperands());
  auto region = RegionOp::create(b, op.getLoc(), op.getResultTypes(), operands, ValueRange(), PlanAttr(), ArrayAttr());
  Block *block = b.createBlock(&region.getBody());
  for (Value operand : operands)
    block->addArgument(operand.getType(), operand.getLoc());
  op.replaceAllUsesWith(region.getResults());
  op.moveBefore(block, block->end());
  op.setOperands(block->getArguments());
  b.setInsertionPointToEnd(block);
  YieldOp::create(b, op.getLoc(), op.getResults());
  return region;
}

struct CopyViewsPass : impl::CopyViewsPassBase<CopyViewsPass> {
  void runOnOperation() override {
    // The function that prepares a run (see ingot-plan-buffers) comes by when passes run one function after the other.
    if (!llvm::hasSingleElement(getOperation().getBody()) || getOperation()->hasAttr("ingot.prepares"))
      return;
    Block &body = getOperation().getBody().front();
    // A copy frees other views from being copied, so the next round may find less. A handful of rounds does for any model.
    for (int round = 0; round < kMostRounds; ++round) {
      ViewPlacement placement(body);
      if (placement.getCopies().empty() && placement.getOperandCopies().empty())
        return;
      for (Operation *view : placement.getCopies())
        wrap(*view);
      if (!placement.getCopies().empty())
        continue; // they may have been the readers that want the others
      for (OpOperand *operand : placement.getOperandCopies()) {
        OpBuilder b(operand->getOwner());
        Value copy = ReshapeOp::create(b, operand->get().getLoc(), operand->get().getType(), operand->get());
        operand->set(copy);
        wrap(*copy.getDefiningOp());
      }
    }
    getOperation().emitOpError("has views whose copies need copies");
    signalPassFailure();
  }
};

} // namespace
} // namespace ingot
