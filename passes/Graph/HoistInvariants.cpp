// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Constants.h"
#include "dialects/Ingot/Control.h"
#include "dialects/Ingot/RunFailure.h"
#include "passes/Graph/Passes.h"

#define DEBUG_TYPE "ingot-hoist-invariants"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_HOISTINVARIANTSPASS
#include "passes/Graph/Passes.h.inc"

namespace {

struct HoistInvariantsPass : impl::HoistInvariantsPassBase<HoistInvariantsPass> {
  void runOnOperation() override {
    findConstants();
    // Inner bodies first: what leaves them may leave the next one too.
    getOperation().walk<WalkOrder::PostOrder>([&](Operation *control) {
      if (!isControl(control))
        return;
      llvm::SmallBitVector inside = symbolsDefinedIn(control);
      for (Region &body : control->getRegions())
        for (Operation &op : llvm::make_early_inc_range(body.front().without_terminator()))
          if (isInvariant(op, control, inside))
            op.moveBefore(control);
    });
  }

private:
  /// The operations that are computed from constants alone, wherever they stand.
  void findConstants() {
    constants.clear();
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      auto isKnown = [&](Value operand) { return operand.getDefiningOp() && constants.contains(operand.getDefiningOp()); };
      if (isa<ConstantOp>(op) || (isa<RegionFormationInterface>(op) && op->getNumOperands() != 0 && llvm::all_of(op->getOperands(), isKnown)))
        constants.insert(op);
    });
  }

  /// A branch may not be taken, so only what the compiler computes leaves it. A loop's body computes the same in each trip, but what can fail stays:
  /// the loop may make no trip.
  bool isInvariant(Operation &op, Operation *control, const llvm::SmallBitVector &inside) const {
    if (!isa<RegionFormationInterface>(op) || (isa<IfOp>(control) && !constants.contains(&op)))
      return false;
    if (op.getNumOperands() == 0 && !isa<ConstantOp>(op))
      return false; // numbers that follow from symbols cost less than the place that they lie in
    for (Value operand : op.getOperands())
      if (control->isAncestor(operand.getParentBlock()->getParentOp()))
        return false;
    return !getUsedSymbols(&op).anyCommon(inside) && (isa<ConstantOp>(op) || getRunFailure(&op) == RunFailure::Never);
  }

  static llvm::SmallBitVector symbolsDefinedIn(Operation *control) {
    llvm::SmallBitVector inside;
    control->walk([&](Operation *definition) {
      auto add = [&](int64_t symbol) {
        inside.resize(std::max<size_t>(inside.size(), symbol + 1));
        inside.set(symbol);
      };
      if (auto loop = dyn_cast<LoopOp>(definition))
        add(loop.getCounter());
      if (auto defines = dyn_cast<SymbolDefinitionInterface>(definition); defines && definition != control)
        llvm::for_each(defines.getDefinedSymbols(), add);
    });
    return inside;
  }

  llvm::SmallPtrSet<Operation *, 32> constants;
};

} // namespace
} // namespace ingot
