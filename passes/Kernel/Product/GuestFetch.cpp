// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Product/GuestFetch.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/Kernel/Product/WeightFetch.h"

using namespace mlir;

namespace ingot {

bool canHostFetches(RegionOp region) {
  std::string why;
  if (region->hasAttr(kFetchesAttr) || region.getPlan()->getTile().size() != 2)
    return false;
  if (region.getPlan()->getFamily() == Family::Convolution) {
    std::optional<ConvolutionShape> shape = ConvolutionShape::match(region, why);
    return shape && shape->groupInputs >= kLeastHostDepth && getConstant(shape->units(region.getPlan()->getTile()));
  }
  if (region.getPlan()->getFamily() != Family::Contraction)
    return false;
  std::optional<ContractionShape> shape = ContractionShape::match(region, why);
  bool isLong = shape && getConstant(shape->depth).value_or(0) >= kLeastHostDepth;
  return isLong && shape->batchDims.empty() && getConstant(shape->units(region.getPlan()->getTile()));
}

void GuestFetch::give(RegionOp region, Value weights, int64_t first, int64_t count) {
  auto number = static_cast<int64_t>(region.getInputs().size());
  region.getInputsMutable().append(weights);
  region.getBody().addArgument(weights.getType(), weights.getLoc());
  region->setAttr(kFetchesAttr, DenseI64ArrayAttr::get(region.getContext(), {number, first, count}));
}

std::optional<GuestFetch> GuestFetch::of(ImplicitLocOpBuilder &b, KernelContext &context, int64_t tiles) {
  auto numbers = context.region->getAttrOfType<DenseI64ArrayAttr>(kFetchesAttr);
  if (!numbers || numbers.size() != 3 || tiles < 1)
    return std::nullopt;
  BlockArgument argument = context.region.getBody().getArgument(numbers[0]);
  GuestFetch fetch;
  fetch.buffer = FlatBuffer(b, context, argument).memref;
  fetch.perLine = kCacheLine * 8 / cast<RankedTensorType>(argument.getType()).getElementTypeBitWidth();
  fetch.first = numbers[1];
  fetch.perTile = llvm::alignTo(llvm::divideCeil(numbers[2], tiles), fetch.perLine);
  return fetch;
}

void GuestFetch::emit(ImplicitLocOpBuilder &b, Value tile, Value position, int64_t steps, int64_t depth) const {
  Value within = arith::DivUIOp::create(b, scaleIndex(b, position, perTile), indexOf(b, depth));
  Value at = offsetBy(b, addIndex(b, scaleIndex(b, tile, perTile), within), first);
  for (int64_t i = 0; i < perTile * steps; i += perLine * depth)
    memref::PrefetchOp::create(b, buffer, offsetBy(b, at, i / depth), /*isWrite=*/false, kSurely, /*isDataCache=*/true);
}

} // namespace ingot
