// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/Passes.h"

#include "passes/Kernel/Plain.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_CHOOSEKERNELSPASS
#include "passes/Plan/Passes.h.inc"

namespace {

struct ChooseKernelsPass : impl::ChooseKernelsPassBase<ChooseKernelsPass> {
  using ChooseKernelsPassBase::ChooseKernelsPassBase;

  void runOnOperation() override {
    getOperation().walk([&](RegionOp region) { region.setPlanAttr(choose(region)); });
  }

private:
  PlanAttr choose(RegionOp region) {
    int64_t iterations = 0;
    for (Operation &op : region.getBody().front())
      if (auto member = dyn_cast<RegionFormationInterface>(op))
        iterations += member.getIterationCount();
    int64_t units = plainUnits(region);
    return PlanAttr::get(&getContext(), Family::Plain, /*tile=*/{}, /*unroll=*/1, /*lanes=*/1, units,
                         /*parallel=*/units > 1 && iterations >= serialIterations);
  }
};

} // namespace
} // namespace ingot
