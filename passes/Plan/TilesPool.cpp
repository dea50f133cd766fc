// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/EmitPool.h"
#include "passes/Plan/BodyCost.h"

using namespace mlir;

namespace ingot {

OwnedModel modelPool(RegionOp region, const MachineModel &machine) {
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
  Type pooled = shape->op.getResult().getType();
  return std::make_unique<SharedModel>(Family::Pool, kPixels, lanes, shape->pieces(), [=](int64_t symbol) {
    return bodyCycles(region, lanes, symbol) + 1.5 * taps * estimateElements(pooled, symbol) / lanes;
  });
}

} // namespace ingot
