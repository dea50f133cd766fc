// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/Passes.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_VERIFYPLANPASS
#include "passes/Plan/Passes.h.inc"

namespace {

struct VerifyPlanPass : impl::VerifyPlanPassBase<VerifyPlanPass> {
  void runOnOperation() override {
    bool broken = false;
    for (Operation &op : getOperation().getBody().front()) {
      if (auto region = dyn_cast<RegionOp>(op)) {
        if (!region.getPlan() || region.getNumResults() != 0) {
          op.emitOpError("has no plan or no buffers after the plan stage");
          broken = true;
        }
        for (Value output : region.getOutputs())
          if (llvm::is_contained(region.getInputs(), output)) {
            op.emitOpError("writes the buffer that it reads");
            broken = true;
          }
      } else if (llvm::any_of(op.getResultTypes(), llvm::IsaPred<TensorType>)) {
        op.emitOpError("leaves a tensor outside of regions after the plan stage");
        broken = true;
      }
    }
    if (broken)
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot
