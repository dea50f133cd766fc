// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Shapes.h"
#include "dialects/Ingot/SymbolicDims.h"

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;

namespace ingot {

int64_t countElements(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  return shaped && shaped.hasStaticShape() ? shaped.getNumElements() : 0;
}

Type getStorageType(Type element) {
  auto integer = dyn_cast<IntegerType>(element);
  if (!integer)
    return element;
  return IntegerType::get(element.getContext(), integer.getWidth() == 1 ? 8 : integer.getWidth());
}

Dims getDims(RankedTensorType type) {
  if (auto encoding = dyn_cast_if_present<DimsAttr>(type.getEncoding()))
    return Dims(encoding.getMap().getResults());
  Dims dims;
  for (int64_t size : type.getShape())
    dims.push_back(getAffineConstantExpr(size, type.getContext()));
  return dims;
}

RankedTensorType makeTensorType(ArrayRef<AffineExpr> given, Type element) {
  Dims dims(llvm::map_range(given, simplifyDim));
  SmallVector<int64_t> sizes;
  unsigned symbols = 0;
  for (AffineExpr dim : dims) {
    sizes.push_back(getConstant(dim).value_or(ShapedType::kDynamic));
    symbols = std::max(symbols, countSymbols(dim));
  }
  if (symbols == 0)
    return RankedTensorType::get(sizes, element);
  return RankedTensorType::get(sizes, element, DimsAttr::get(element.getContext(), AffineMap::get(0, symbols, dims, element.getContext())));
}

FailureOr<Dims> broadcastDims(ArrayRef<AffineExpr> a, ArrayRef<AffineExpr> b) {
  if (a.size() < b.size())
    std::swap(a, b);
  Dims result(a);
  for (size_t i = 0; i < b.size(); ++i) {
    AffineExpr &dim = result[a.size() - b.size() + i];
    if (dim == b[i] || getConstant(b[i]) == 1)
      continue;
    if (getConstant(dim) != 1)
      return failure();
    dim = b[i];
  }
  return result;
}

AffineExpr windowDim(AffineExpr in, int64_t kernel, int64_t stride, int64_t padBegin, int64_t padEnd, int64_t dilation) {
  return (in + (padBegin + padEnd - dilation * (kernel - 1) - 1)).floorDiv(stride) + 1;
}

RankedTensorType permuteType(RankedTensorType type, ArrayRef<int64_t> permutation) {
  Dims from = getDims(type);
  return makeTensorType(llvm::map_to_vector(permutation, [&](int64_t source) { return from[source]; }), type.getElementType());
}

bool keepsOrder(ArrayRef<int64_t> permutation, ArrayRef<int64_t> shape) {
  int64_t last = -1;
  for (int64_t source : permutation) {
    if (shape[source] == 1)
      continue;
    if (source < last)
      return false;
    last = source;
  }
  return true;
}

LogicalResult inferenceError(std::optional<Location> location, const Twine &message) { return location ? emitError(*location, message) : failure(); }

} // namespace ingot
