// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/LLVM/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_FOLDDESCRIPTORSPASS
#include "passes/LLVM/Passes.h.inc"

namespace {

struct FoldDescriptorsPass : impl::FoldDescriptorsPassBase<FoldDescriptorsPass> {
  void runOnOperation() override {
    SmallVector<LLVM::InsertValueOp> parts;
    getOperation().walk([&](Operation *op) { // in the order of the blocks: what an operation reads mostly comes before it
      if (auto part = dyn_cast<LLVM::InsertValueOp>(op))
        parts.push_back(part);
      SmallVector<OpFoldResult> results;
      if (!isa<LLVM::ExtractValueOp>(op) || failed(op->fold(results)) || results.empty())
        return;
      if (auto value = dyn_cast<Value>(results.front()); value && value != op->getResult(0)) {
        op->getResult(0).replaceAllUsesWith(value);
        op->erase();
      }
    });
    for (LLVM::InsertValueOp part : llvm::reverse(parts))
      if (part->use_empty())
        part.erase();
  }
};

} // namespace
} // namespace ingot
