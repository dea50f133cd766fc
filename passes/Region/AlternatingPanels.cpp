// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Region/AlternatingPanels.h"

#include "dialects/Ingot/Shapes.h"

using namespace mlir;

namespace ingot {
namespace {

/// The type of [.., `columns`...] with the leading dims of `product`.
RankedTensorType withColumns(Value product, ArrayRef<int64_t> columns) {
  Dims dims = getDims(typeOf(product));
  dims.pop_back();
  for (int64_t size : columns)
    dims.push_back(getAffineConstantExpr(size, product.getContext()));
  return makeTensorType(dims, typeOf(product).getElementType());
}

} // namespace

std::optional<AlternatingPanels> AlternatingPanels::behind(PackedMatMulOp product) {
  int64_t columns = typeOf(product).getShape().back();
  if (!product->hasOneUse() || ShapedType::isDynamic(columns) || columns % (2 * kPanel) != 0)
    return std::nullopt;
  AlternatingPanels found;
  found.panels = dyn_cast<ReshapeOp>(*product->user_begin());
  if (!found.panels || typeOf(found.panels) != withColumns(product, {columns / (2 * kPanel), 2, kPanel}))
    return std::nullopt;
  for (Operation *user : found.panels->getUsers()) {
    auto slice = dyn_cast<SliceOp>(user);
    if (!slice || typeOf(slice) != withColumns(product, {columns / (2 * kPanel), 1, kPanel}) || !slice->hasOneUse())
      return std::nullopt;
    int64_t number = slice.getOffsets().end()[-2];
    auto whole = dyn_cast<ReshapeOp>(*slice->user_begin());
    bool isPart = number < 2 && !found.slices[number] && llvm::all_of(slice.getStrides(), [](int64_t stride) { return stride == 1; });
    if (!isPart || !whole || typeOf(whole) != withColumns(product, {columns / 2}))
      return std::nullopt;
    found.slices[number] = slice;
    found.products[number] = whole;
  }
  return found.slices[0] && found.slices[1] ? std::optional(found) : std::nullopt;
}

AlternatingPanels AlternatingPanels::make(OpBuilder &b, PackedMatMulOp product) {
  Location loc = product.getLoc();
  int64_t columns = typeOf(product).getShape().back();
  assert(!ShapedType::isDynamic(columns) && columns % (2 * kPanel) == 0 && "panels alternate where there are as many of both");
  AlternatingPanels made;
  made.panels = ReshapeOp::create(b, loc, withColumns(product, {columns / (2 * kPanel), 2, kPanel}), product);
  RankedTensorType part = withColumns(product, {columns / (2 * kPanel), 1, kPanel}), whole = withColumns(product, {columns / 2});
  SmallVector<int64_t> offsets(part.getRank(), 0), strides(part.getRank(), 1);
  for (int64_t i = 0; i < 2; ++i) {
    offsets.end()[-2] = i;
    made.slices[i] = SliceOp::create(b, loc, made.panels, offsets, part.getShape(), strides);
    made.products[i] = ReshapeOp::create(b, loc, whole, made.slices[i]);
  }
  return made;
}

} // namespace ingot
