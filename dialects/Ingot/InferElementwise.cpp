// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Shapes.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace ingot {
namespace {

/// The broadcast type of the operands with the given element type.
LogicalResult inferBroadcast(std::optional<Location> loc, ValueRange operands, Type element, SmallVectorImpl<Type> &types) {
  Dims dims = getDims(cast<RankedTensorType>(operands.front().getType()));
  for (Value operand : operands.drop_front()) {
    FailureOr<Dims> joined = broadcastDims(dims, getDims(cast<RankedTensorType>(operand.getType())));
    if (failed(joined)) {
      std::string text;
      llvm::raw_string_ostream stream(text);
      llvm::interleave(operands.getTypes(), stream, " and ");
      return inferenceError(loc, "operands do not broadcast: " + text);
    }
    dims = *joined;
  }
  types.push_back(makeTensorType(dims, element));
  return success();
}

LogicalResult checkSameElement(std::optional<Location> loc, Value lhs, Value rhs) {
  if (getElementTypeOrSelf(lhs) == getElementTypeOrSelf(rhs))
    return success();
  return inferenceError(loc, "operands differ in element type");
}

} // namespace

LogicalResult UnaryOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  bool test = adaptor.getKind() == UnaryKind::IsNan || adaptor.getKind() == UnaryKind::IsInf;
  auto type = cast<RankedTensorType>(adaptor.getX().getType());
  types.push_back(test ? type.clone(IntegerType::get(context, 1)) : type);
  return success();
}

LogicalResult BinaryOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  if (failed(checkSameElement(loc, adaptor.getLhs(), adaptor.getRhs())))
    return failure();
  return inferBroadcast(loc, {adaptor.getLhs(), adaptor.getRhs()}, getElementTypeOrSelf(adaptor.getLhs()), types);
}

LogicalResult CompareOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  if (failed(checkSameElement(loc, adaptor.getLhs(), adaptor.getRhs())))
    return failure();
  return inferBroadcast(loc, {adaptor.getLhs(), adaptor.getRhs()}, IntegerType::get(context, 1), types);
}

LogicalResult SelectOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  if (failed(checkSameElement(loc, adaptor.getLhs(), adaptor.getRhs())))
    return failure();
  if (!getElementTypeOrSelf(adaptor.getCondition()).isInteger(1))
    return inferenceError(loc, "the condition must have element type i1");
  return inferBroadcast(loc, {adaptor.getCondition(), adaptor.getLhs(), adaptor.getRhs()}, getElementTypeOrSelf(adaptor.getLhs()), types);
}

LogicalResult CastOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  types.push_back(cast<RankedTensorType>(adaptor.getX().getType()).clone(adaptor.getTo()));
  return success();
}

LogicalResult BitcastOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  auto from = cast<RankedTensorType>(adaptor.getX().getType());
  if (getStorageType(from.getElementType()).getIntOrFloatBitWidth() != getStorageType(adaptor.getTo()).getIntOrFloatBitWidth())
    return inferenceError(loc, "the element types of a bitcast differ in width");
  types.push_back(from.clone(adaptor.getTo()));
  return success();
}

} // namespace ingot
