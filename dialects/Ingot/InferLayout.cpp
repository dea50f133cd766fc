// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Shapes.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;

namespace ingot {

LogicalResult ConstantOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  if (!isa<RankedTensorType>(adaptor.getValue().getType()))
    return inferenceError(loc, "a constant needs a ranked tensor type");
  types.push_back(adaptor.getValue().getType());
  return success();
}

LogicalResult ReshapeOp::verify() {
  auto from = cast<RankedTensorType>(getX().getType()), to = cast<RankedTensorType>(getResult().getType());
  if (from.getElementType() != to.getElementType())
    return emitOpError("changes the element type from ") << from << " to " << to;
  if (from.hasStaticShape() && to.hasStaticShape() && from.getNumElements() != to.getNumElements())
    return emitOpError("changes the number of elements from ") << from << " to " << to;
  return success();
}

LogicalResult TransposeOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  auto type = cast<RankedTensorType>(adaptor.getX().getType());
  ArrayRef<int64_t> permutation = adaptor.getPermutation();
  if (static_cast<int64_t>(permutation.size()) != type.getRank() || !isPermutationVector(permutation))
    return inferenceError(loc, "the permutation does not permute the operand's dims");
  types.push_back(permuteType(type, permutation));
  return success();
}

LogicalResult EqualDimsOp::verify() {
  auto from = cast<RankedTensorType>(getX().getType()), to = cast<RankedTensorType>(getResult().getType());
  if (from.getElementType() != to.getElementType() || from.getRank() != to.getRank())
    return emitOpError("makes ") << to << " of " << from;
  for (auto [a, b] : llvm::zip_equal(getDims(from), getDims(to)))
    if (getConstant(a) && getConstant(b) && a != b)
      return emitOpError("takes different numbers for equal: ") << from << " and " << to;
  return success();
}

LogicalResult DimsOp::verify() {
  auto type = cast<RankedTensorType>(getResult().getType());
  if (!type.hasStaticShape() || type.getNumElements() != getValues().getNumResults() || !isa<IntegerType>(type.getElementType()))
    return emitOpError("makes ") << type << " of " << getValues().getNumResults() << " numbers";
  return success();
}

LogicalResult SliceOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  auto type = cast<RankedTensorType>(adaptor.getX().getType());
  size_t rank = type.getRank();
  if (adaptor.getOffsets().size() != rank || adaptor.getSizes().size() != rank || adaptor.getStrides().size() != rank)
    return inferenceError(loc, "needs one offset, size and stride per dim of the operand");
  Dims from = getDims(type), dims;
  ArrayRef<AffineExpr> bounds = adaptor.getBounds() ? adaptor.getBounds()->getResults() : ArrayRef<AffineExpr>();
  if (!bounds.empty() && bounds.size() != 2 * rank)
    return inferenceError(loc, "needs one offset and one size as bounds of each dim");
  for (size_t i = 0; i < rank; ++i) {
    int64_t offset = adaptor.getOffsets()[i], size = adaptor.getSizes()[i], stride = adaptor.getStrides()[i];
    if (!bounds.empty() && (ShapedType::isDynamic(offset) || ShapedType::isDynamic(size))) {
      dims.push_back(bounds[rank + i]); // whoever made the bounds knows that they lie inside
      continue;
    }
    std::optional<int64_t> extent = getConstant(from[i]);
    if (!extent && offset == 0 && stride == 1 && ShapedType::isDynamic(size)) { // a whole symbolic dim
      dims.push_back(from[i]);
      continue;
    }
    if (size < 0 || stride == 0)
      return inferenceError(loc, "sizes must not be negative and strides not zero");
    int64_t last = offset + (size - 1) * stride;
    if (size > 0 && (offset < 0 || last < 0 || (extent && (offset >= *extent || last >= *extent))))
      return inferenceError(loc, "slice reaches outside of dim " + Twine(i));
    dims.push_back(getAffineConstantExpr(size, context));
  }
  types.push_back(makeTensorType(dims, type.getElementType()));
  return success();
}

Dims getOffsetDims(SliceOp op) {
  if (op.getBounds())
    return Dims(op.getBounds()->getResults().take_front(op.getOffsets().size()));
  return llvm::map_to_vector<6>(op.getOffsets(), [&](int64_t offset) { return getAffineConstantExpr(offset, op.getContext()); });
}

LogicalResult ConcatOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  if (adaptor.getInputs().empty())
    return inferenceError(loc, "needs at least one input");
  auto type = cast<RankedTensorType>(adaptor.getInputs().front().getType());
  int64_t axis = adaptor.getAxis();
  if (axis < 0 || axis >= type.getRank())
    return inferenceError(loc, "axis " + Twine(axis) + " is not a dim of the inputs");
  Dims dims = getDims(type);
  for (Value input : adaptor.getInputs().drop_front()) {
    auto next = cast<RankedTensorType>(input.getType());
    if (next.getRank() != type.getRank() || next.getElementType() != type.getElementType())
      return inferenceError(loc, "inputs differ in rank or element type");
    Dims other = getDims(next);
    for (int64_t i = 0; i < type.getRank(); ++i)
      if (i != axis && dims[i] != other[i])
        return inferenceError(loc, "inputs differ in dim " + Twine(i));
    dims[axis] = dims[axis] + other[axis];
  }
  types.push_back(makeTensorType(dims, type.getElementType()));
  return success();
}

LogicalResult PadOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  auto type = cast<RankedTensorType>(adaptor.getX().getType());
  if (static_cast<int64_t>(adaptor.getLow().size()) != type.getRank() || adaptor.getHigh().size() != adaptor.getLow().size())
    return inferenceError(loc, "needs one low and one high pad per dim of the operand");
  Dims dims = getDims(type);
  for (auto [dim, low, high] : llvm::zip_equal(dims, adaptor.getLow(), adaptor.getHigh())) {
    if (low < 0 || high < 0)
      return inferenceError(loc, "pads must not be negative");
    dim = dim + (low + high);
  }
  types.push_back(makeTensorType(dims, type.getElementType()));
  return success();
}

} // namespace ingot
