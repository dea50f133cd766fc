// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/NarrowFloats.h"
#include "dialects/Ingot/Shapes.h"
#include "dialects/Ingot/SymbolicDims.h"

using namespace mlir;

namespace ingot {
namespace {

/// Whether these are packed weights, `[panels, steps, 16 * group]` of known sizes.
bool isPacked(RankedTensorType weights) {
  return weights.getRank() == 3 && weights.hasStaticShape() && weights.getDimSize(2) > 0 && weights.getDimSize(2) % kPanel == 0;
}

/// The types of weights of which two of four are stored.
struct PairTypes {
  RankedTensorType places, values;
  PairTypes(MLIRContext *context, int64_t panels, int64_t rows)
      : places(RankedTensorType::get({panels, rows / kPairRows, kPanel}, IntegerType::get(context, 32))),
        values(RankedTensorType::get({panels, rows / 2, kPanel}, Float32Type::get(context))) {}

  static std::optional<PairTypes> of(RankedTensorType weights) {
    if (!isPacked(weights) || !weights.getElementType().isF32() || weights.getDimSize(2) != kPanel || weights.getDimSize(1) % kPairRows != 0)
      return std::nullopt;
    return PairTypes(weights.getContext(), weights.getDimSize(0), weights.getDimSize(1));
  }
};

LogicalResult notPaired(std::optional<Location> loc) {
  return inferenceError(loc, "needs packed weights of f32 with a multiple of " + Twine(kPairRows) + " rows");
}

} // namespace

LogicalResult SparsePlacesOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType weights = typeOf(adaptor.getWeights());
  int64_t blocks = adaptor.getBlocks();
  if (!isPacked(weights) || blocks < 1)
    return inferenceError(loc, "needs packed weights of known sizes and room for one block or more");
  types.push_back(RankedTensorType::get({weights.getDimSize(0) + 1 + blocks}, IntegerType::get(context, 32)));
  return success();
}

LogicalResult SparseBlocksOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType weights = typeOf(adaptor.getWeights()), places = typeOf(adaptor.getPlaces());
  if (!isPacked(weights))
    return inferenceError(loc, "needs packed weights of known sizes");
  if (places.getRank() != 1 || !places.getElementType().isSignlessInteger(32) || places.getDimSize(0) < weights.getDimSize(0) + 2)
    return inferenceError(loc, "needs the places of one block or more, as 'ingot.sparse_places' gives them for these weights");
  types.push_back(RankedTensorType::get({places.getDimSize(0) - weights.getDimSize(0) - 1, weights.getDimSize(2)}, weights.getElementType()));
  return success();
}

int64_t SparseMatMulOp::getGroup() { return typeOf(getBlocks()).getDimSize(1) / kPanel; }

int64_t SparseMatMulOp::getBlockCount() { return typeOf(getBlocks()).getDimSize(0); }

LogicalResult SparseMatMulOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType lhs = typeOf(adaptor.getLhs()), blocks = typeOf(adaptor.getBlocks()), places = typeOf(adaptor.getPlaces());
  int64_t columns = adaptor.getColumns();
  if (lhs.getRank() < 2 || ShapedType::isDynamic(lhs.getShape().back()) || columns < 1)
    return inferenceError(loc, "needs rows of a known depth and columns");
  if (blocks.getRank() != 2 || !blocks.hasStaticShape() || blocks.getDimSize(1) == 0 || blocks.getDimSize(1) % kPanel != 0 ||
      places !=
          RankedTensorType::get({static_cast<int64_t>(llvm::divideCeil(columns, kPanel)) + 1 + blocks.getDimSize(0)}, IntegerType::get(context, 32)))
    return inferenceError(loc, "has blocks or places of another shape or type than " + Twine(columns) + " columns have");
  Type left = lhs.getElementType(), right = blocks.getElementType();
  bool multipliesBytes = left.isUnsignedInteger(8) && right.isSignlessInteger(8);
  if (!multipliesBytes && !(left.isF32() && (right.isF32() || isNarrowFloat(right))) && !(left.isBF16() && right.isBF16()))
    return inferenceError(loc, "does not multiply elements of these types");
  Dims dims = getDims(lhs);
  dims.back() = getAffineConstantExpr(columns, context);
  types.push_back(makeTensorType(dims, multipliesBytes ? Type(IntegerType::get(context, 32)) : Type(Float32Type::get(context))));
  return success();
}

LogicalResult PairPlacesOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  std::optional<PairTypes> pairs = PairTypes::of(typeOf(adaptor.getWeights()));
  if (!pairs)
    return notPaired(loc);
  types.push_back(pairs->places);
  return success();
}

LogicalResult PairValuesOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  std::optional<PairTypes> pairs = PairTypes::of(typeOf(adaptor.getWeights()));
  if (!pairs)
    return notPaired(loc);
  types.push_back(pairs->values);
  return success();
}

LogicalResult PairMatMulOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType lhs = typeOf(adaptor.getLhs());
  int64_t columns = adaptor.getColumns(), depth = lhs.getRank() < 2 ? ShapedType::kDynamic : lhs.getShape().back();
  if (!lhs.getElementType().isF32() || depth < 1 || depth % kPairRows != 0 || columns < 1)
    return inferenceError(loc, "needs rows of f32 with a multiple of " + Twine(kPairRows) + " elements, and columns");
  PairTypes pairs(context, llvm::divideCeil(columns, kPanel), depth);
  if (adaptor.getValues().getType() != pairs.values || adaptor.getPlaces().getType() != pairs.places)
    return inferenceError(loc, "has values or places of another shape or type than " + Twine(columns) + " columns of " + Twine(depth) + " rows have");
  Dims dims = getDims(lhs);
  dims.back() = getAffineConstantExpr(columns, context);
  types.push_back(makeTensorType(dims, lhs.getElementType()));
  return success();
}

} // namespace ingot
