// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/KernelModel.h"
#include "passes/Plan/Passes.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_CHOOSEKERNELSPASS
#include "passes/Plan/Passes.h.inc"

namespace {

struct ChooseKernelsPass : impl::ChooseKernelsPassBase<ChooseKernelsPass> {
  using ChooseKernelsPassBase::ChooseKernelsPassBase;

  void runOnOperation() override {
    MachineModel machine = MachineModel::of(getOperation());
    getOperation().walk([&](RegionOp region) {
      OwnedModel model = plain ? modelPlain(region, machine) : modelRegion(region, machine);
      bool isFirst = true;
      model->forEachTile([&](ArrayRef<int64_t> tile) {
        if (std::exchange(isFirst, false))
          region.setPlanAttr(model->plan(&getContext(), tile, /*unroll=*/1));
      });
    });
  }
};

} // namespace
} // namespace ingot
