// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/Cost/RegionCost.h"
#include "passes/Plan/Passes.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_ESTIMATECOSTSPASS
#include "passes/Plan/Passes.h.inc"

namespace {

struct EstimateCostsPass : impl::EstimateCostsPassBase<EstimateCostsPass> {
  void runOnOperation() override {
    MachineModel machine = MachineModel::of(getOperation());
    CostModel costs(getOperation().getBody().front(), machine);
    getOperation().walk([&](RegionOp region) {
      if (region.getPlan())
        region->setAttr(kCostAttr, costs.of(region));
    });
  }
};

} // namespace
} // namespace ingot
