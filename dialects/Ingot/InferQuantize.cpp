// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Shapes.h"
#include "dialects/Ingot/SymbolicDims.h"

using namespace mlir;

namespace ingot {
namespace {

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

bool isBlockOfBits(int64_t block) { return block >= 16 && block <= 256 && llvm::isPowerOf2_64(block); }

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

LogicalResult PackBlocksOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType x = typeOf(adaptor.getX());
  int64_t block = adaptor.getBlock();
  if (x.getRank() != 2 || !(x.getElementType().isUnsignedInteger(8) || x.getElementType().isSignlessInteger(8)))
    return inferenceError(loc, "packs a matrix of i8 or ui8");
  if (!isBlockOfBits(block))
    return inferenceError(loc, "needs a block of 16, 32, 64, 128 or 256 rows");
  Dims dims = getDims(x);
  Type ui8 = IntegerType::get(context, 8, IntegerType::Unsigned);
  types.push_back(
      makeTensorType({simplifyDim(dims[0].ceilDiv(kPanel)), simplifyDim(dims[1].ceilDiv(block)), getAffineConstantExpr(8 * block, context)}, ui8));
  return success();
}

LogicalResult BlockMatMulOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType lhs = typeOf(adaptor.getLhs()), weights = typeOf(adaptor.getWeights()), scales = typeOf(adaptor.getScales());
  int64_t block = adaptor.getBlock(), columns = adaptor.getColumns(), depth = lhs.getRank() == 0 ? 0 : lhs.getShape().back();
  if (lhs.getRank() < 2 || ShapedType::isDynamic(depth) || depth == 0 || columns < 1 || !isBlockOfBits(block))
    return inferenceError(loc, "needs rows of a known depth, columns, and a block of 16, 32, 64, 128 or 256 rows");
  if (adaptor.getBytes() != 1 && adaptor.getBytes() != 4)
    return inferenceError(loc, "makes integers of 1 or 4 bytes of each element of its lhs");
  int64_t panels = llvm::divideCeil(columns, kPanel), blocks = llvm::divideCeil(depth, block);
  Type f32 = Float32Type::get(context), ui8 = IntegerType::get(context, 8, IntegerType::Unsigned);
  Value points = adaptor.getPoints();
  if (!lhs.getElementType().isF32() || weights != RankedTensorType::get({panels, blocks, 8 * block}, ui8) ||
      scales != RankedTensorType::get({panels, blocks, kPanel}, f32) ||
      (points && points.getType() != RankedTensorType::get({panels, blocks, kPanel}, ui8)))
    return inferenceError(loc, "has weights, scales or zero points of another shape or type than " + Twine(columns) + " columns of " + Twine(depth) +
                                   " elements have");
  Dims dims = getDims(lhs);
  dims.back() = getAffineConstantExpr(columns, context);
  types.push_back(makeTensorType(dims, f32));
  return success();
}

} // namespace ingot
