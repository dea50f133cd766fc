// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Shapes.h"
#include "dialects/Ingot/SymbolicDims.h"

using namespace mlir;

namespace ingot {
namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Whether `scale` has one element for all of x, for each index of the dim, or for each block along it.
LogicalResult checkScales(std::optional<Location> loc, RankedTensorType x, RankedTensorType scale, int64_t axis, int64_t block) {
  if (block < 0)
    return inferenceError(loc, "needs a block of one element or more, or 0 for none");
  if (block == 0 && scale.getRank() == 0)
    return success();
  if (axis < 0 || axis >= x.getRank())
    return inferenceError(loc, "axis " + Twine(axis) + " is not a dim of rank " + Twine(x.getRank()));
  Dims wanted = getDims(x);
  if (block == 0)
    wanted = {wanted[axis]};
  else
    wanted[axis] = simplifyDim(wanted[axis].ceilDiv(block));
  Dims given = llvm::map_to_vector<6>(getDims(scale), simplifyDim);
  if (given == wanted)
    return success();
  std::string text;
  llvm::raw_string_ostream(text) << "has scales of " << scale << " for " << x << " along dim " << axis;
  return inferenceError(loc, text);
}

template <typename Adaptor> LogicalResult inferQuantization(std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType x = typeOf(adaptor.getX()), scale = typeOf(adaptor.getScale());
  if (!isa<FloatType>(scale.getElementType()))
    return inferenceError(loc, "needs scales of a float type");
  if (Value point = adaptor.getZeroPoint(); point && typeOf(point).getShape() != scale.getShape())
    return inferenceError(loc, "needs as many zero points as scales");
  if (failed(checkScales(loc, x, scale, adaptor.getAxis(), adaptor.getBlock())))
    return failure();
  types.push_back(x.clone(adaptor.getTo()));
  return success();
}

bool hasType(Value point, Type element) { return !point || typeOf(point).getElementType() == element; }

} // namespace

LogicalResult QuantizeOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  auto to = dyn_cast<IntegerType>(adaptor.getTo());
  if (!to || to.isSigned() || (to.getWidth() != 8 && to.getWidth() != 16))
    return inferenceError(loc, "makes integers of 8 or 16 bits");
  if (!isa<FloatType>(typeOf(adaptor.getX()).getElementType()) || !hasType(adaptor.getZeroPoint(), to))
    return inferenceError(loc, "needs floats and a zero point of the type that it makes");
  return inferQuantization(loc, adaptor, types);
}

LogicalResult DequantizeOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  Type element = typeOf(adaptor.getX()).getElementType();
  if (!isa<IntegerType>(element) || !hasType(adaptor.getZeroPoint(), element) || !isa<FloatType>(adaptor.getTo()))
    return inferenceError(loc, "needs integers, zero points of their type, and makes floats");
  return inferQuantization(loc, adaptor, types);
}

LogicalResult UnpackBitsOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType x = typeOf(adaptor.getX());
  int64_t bits = adaptor.getBits();
  auto to = dyn_cast<IntegerType>(adaptor.getTo());
  if (!x.getElementType().isUnsignedInteger(8) || x.getRank() == 0 || (bits != 2 && bits != 4))
    return inferenceError(loc, "unpacks rows of ui8, by 2 or 4 bits");
  if (!to || to.getWidth() != 8 || to.isSigned())
    return inferenceError(loc, "makes i8 or ui8");
  Dims dims = getDims(x);
  dims.back() = simplifyDim(dims.back() * (8 / bits));
  types.push_back(makeTensorType(dims, to));
  return success();
}

} // namespace ingot
