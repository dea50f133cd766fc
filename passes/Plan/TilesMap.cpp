// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/EmitMap.h"
#include "passes/Plan/BodyCost.h"

using namespace mlir;

namespace ingot {

OwnedModel modelMap(RegionOp region, const MachineModel &machine) {
  if (!coversMap(region))
    return {};
  AffineExpr pieces = getAffineConstantExpr(1, region.getContext());
  for (AffineExpr dim : getDims(cast<RankedTensorType>(region.getYielded().front().getType())))
    pieces = simplifyDim(pieces * dim);
  int64_t lanes = lanesOf(region, machine), elements = estimateElements(region.getYielded().front().getType());
  // Chunks of a long last dim: small enough to share out, large enough that the loop around them costs nothing.
  int64_t chunk = std::clamp<int64_t>(llvm::divideCeil(elements, 32 * lanes), 8, 4096 / lanes) * lanes;
  return std::make_unique<SharedModel>(Family::Map, chunk, lanes, countTiles(pieces, lanes),
                                       [=](int64_t symbol) { return bodyCycles(region, lanes, symbol); });
}

} // namespace ingot
