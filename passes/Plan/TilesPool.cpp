// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/EmitPool.h"
#include "passes/Plan/BodyCost.h"
#include "passes/Plan/Tiles.h"

using namespace mlir;

namespace ingot {

PlanAttr planPool(RegionOp region, const MachineModel &machine) {
  std::string why;
  std::optional<PoolShape> shape = PoolShape::match(region, why);
  if (!shape)
    return {};
  int64_t lanes = lanesOf(region, machine);
  while (lanes / 2 >= std::max<int64_t>(shape->channels, 4))
    lanes /= 2;
  // Enough pixels for the latency of a maximum or an addition to be hidden, and few enough for the inputs that they share to stay in registers.
  constexpr int64_t kPixels = 4;
  double taps = static_cast<double>(shape->height.kernel) * shape->width.kernel;
  double cycles = bodyCycles(region, lanes) + 1.5 * taps * estimateElements(shape->op.getResult().getType()) / lanes;
  return makeSharedPlan(region, Family::Pool, {kPixels}, lanes, shape->pieces(), cycles);
}

} // namespace ingot
