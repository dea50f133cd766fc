// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Footprint.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace ingot {

Footprint Footprint::of(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8), offset;
  Footprint result;
  [[maybe_unused]] LogicalResult strided = type.getStridesAndOffset(result.strides, offset);
  assert(succeeded(strided) && "planned buffers are strided");
  result.sizes.assign(type.getShape().begin(), type.getShape().end());
  int64_t extent = type.getNumElements() == 0 ? 0 : bytes;
  for (auto [size, stride] : llvm::zip_equal(result.sizes, result.strides)) {
    stride *= bytes;
    extent += extent == 0 ? 0 : (size - 1) * stride;
  }
  result.begin = offset * bytes;
  if (auto cast = buffer.getDefiningOp<memref::ReinterpretCastOp>())
    buffer = cast.getSource();
  if (auto view = buffer.getDefiningOp<memref::ViewOp>()) {
    buffer = view.getSource();
    auto shift = view.getByteShift().getDefiningOp<arith::ConstantIndexOp>();
    result.isKnown = static_cast<bool>(shift);
    result.begin += shift ? shift.value() : 0;
    Value place = view.getByteShift();
    if (auto inside = place.getDefiningOp<arith::AddIOp>())
      place = inside.getLhs();
    if (place.getDefiningOp() && place.getDefiningOp()->hasAttr(kAliveAttr))
      result.place = place;
  }
  result.base = buffer;
  result.end = result.begin + extent;
  return result;
}

bool mayOverlap(const Footprint &a, const Footprint &b) {
  if (a.base != b.base)
    return false;
  if (!a.isKnown || !b.isKnown) {
    if (!a.place || !b.place || a.place == b.place)
      return true;
    auto aliveIn = [](Value place) { return place.getDefiningOp()->getAttrOfType<DenseI64ArrayAttr>(kAliveAttr).asArrayRef(); };
    ArrayRef<int64_t> x = aliveIn(a.place), y = aliveIn(b.place);
    return x[1] < y[0] || y[1] < x[0];
  }
  if (a.begin >= b.end || b.begin >= a.end)
    return false;
  if (a.strides != b.strides)
    return true;
  const Footprint &low = a.begin <= b.begin ? a : b, &high = a.begin <= b.begin ? b : a;
  // The distance as coordinates in the strides that both have; each box must stay within a step of the next outer dim for that to mean anything.
  int64_t distance = high.begin - low.begin;
  bool apart = false;
  for (size_t i = 0; i < low.strides.size(); ++i) {
    int64_t stride = low.strides[i];
    if (stride <= 0 || (i > 0 && low.strides[i - 1] < stride))
      return true;
    int64_t at = distance / stride;
    distance %= stride;
    if (i > 0 && std::max(low.sizes[i], at + high.sizes[i]) * stride > low.strides[i - 1])
      return true;
    apart |= at >= low.sizes[i];
  }
  return distance != 0 || !apart;
}

} // namespace ingot
