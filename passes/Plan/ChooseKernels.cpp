// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/Passes.h"

#include "passes/Kernel/Plain.h"
#include "passes/Plan/BodyCost.h"
#include "passes/Plan/Tiles.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_CHOOSEKERNELSPASS
#include "passes/Plan/Passes.h.inc"

namespace {

/// The families, narrowest first: what one refuses, a later one may cover.
constexpr PlanAttr (*kFamilies[])(RegionOp, const MachineModel &) = {planGemv, planContraction, planConvolution, planDepthwise,
                                                                     planPool, planRecurrent,   planRow,         planMap};

/// How often the loops of an operation run; where that depends on symbols, about as often as its largest tensor has elements.
int64_t estimateIterations(RegionFormationInterface op) {
  SmallVector<Type> types(op->getOperandTypes());
  llvm::append_range(types, op->getResultTypes());
  int64_t most = 0;
  for (Type type : types)
    if (!cast<RankedTensorType>(type).hasStaticShape())
      most = std::max(most, estimateElements(type));
  return most != 0 ? most : op.getIterationCount();
}

struct ChooseKernelsPass : impl::ChooseKernelsPassBase<ChooseKernelsPass> {
  using ChooseKernelsPassBase::ChooseKernelsPassBase;

  void runOnOperation() override {
    MachineModel machine{.vectorRegisters = avx512 ? 32 : 16, .l1Bytes = l1Bytes, .l2Bytes = l2Bytes, .avx512 = avx512, .threads = threads};
    getOperation().walk([&](RegionOp region) { region.setPlanAttr(choose(region, machine)); });
  }

private:
  PlanAttr choose(RegionOp region, const MachineModel &machine) {
    if (!plain)
      for (auto plan : kFamilies)
        if (PlanAttr chosen = plan(region, machine))
          return chosen;
    int64_t iterations = 0;
    for (Operation &op : region.getBody().front())
      if (auto member = dyn_cast<RegionFormationInterface>(op))
        iterations += estimateIterations(member);
    int64_t units = plainUnits(region);
    return PlanAttr::get(&getContext(), Family::Plain, /*tile=*/{}, /*unroll=*/1, /*lanes=*/1, units,
                         /*parallel=*/units > 1 && iterations >= serialIterations);
  }
};

} // namespace
} // namespace ingot
