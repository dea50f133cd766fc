// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/RunFailure.h"

#include "dialects/Ingot/Constants.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ingot {
namespace {

ArrayRef<int64_t> shapeOf(Value tensor) { return cast<RankedTensorType>(tensor.getType()).getShape(); }

/// An operand that holds indices, and the sizes of the dims that they index, in turns.
struct Indices {
  Value tensor;
  ArrayRef<int64_t> sizes;
};

/// No tensor for an operation without indices.
Indices indicesOf(Operation *op) {
  return TypeSwitch<Operation *, Indices>(op)
      .Case<GatherOp, GatherElementsOp, ScatterElementsOp>([](auto x) { return Indices{x.getIndices(), shapeOf(x.getX()).slice(x.getAxis(), 1)}; })
      .Case([](GatherNdOp x) { return Indices{x.getIndices(), shapeOf(x.getX()).slice(x.getBatchDims(), shapeOf(x.getIndices()).back())}; })
      .Case([](ScatterNdOp x) { return Indices{x.getIndices(), shapeOf(x.getX()).take_front(shapeOf(x.getIndices()).back())}; })
      .Default([](Operation *) { return Indices(); });
}

bool isIntegerDivision(Operation *op) {
  auto binary = dyn_cast<BinaryOp>(op);
  return binary && (binary.getKind() == BinaryKind::Div || binary.getKind() == BinaryKind::Mod || binary.getKind() == BinaryKind::Fmod) &&
         isa<IntegerType>(cast<RankedTensorType>(binary.getType()).getElementType());
}

bool isEmpty(Value tensor) { return llvm::is_contained(shapeOf(tensor), 0); }

RunFailure ofIndices(const Indices &indices) {
  if (llvm::is_contained(indices.sizes, 0))
    return RunFailure::Certain; // there is nothing to take
  std::optional<SmallVector<int64_t>> known = getConstantInts(indices.tensor);
  if (!known || llvm::any_of(indices.sizes, ShapedType::isDynamic))
    return RunFailure::Possible;
  for (auto [i, index] : llvm::enumerate(*known))
    if (int64_t size = indices.sizes[i % indices.sizes.size()]; index < -size || index >= size)
      return RunFailure::Certain;
  return RunFailure::Never;
}

RunFailure ofLengths(RecurrentOp op) {
  int64_t steps = shapeOf(op.getX()).front();
  std::optional<SmallVector<int64_t>> known = getConstantInts(op.getLengths());
  if (isEmpty(op.getLengths()))
    return RunFailure::Never;
  if (!known || ShapedType::isDynamic(steps))
    return RunFailure::Possible;
  return llvm::any_of(*known, [&](int64_t length) { return length < 0 || length > steps; }) ? RunFailure::Certain : RunFailure::Never;
}

/// Shape inference has compared k with a size that is a number.
RunFailure ofTopK(TopKOp op) { return ShapedType::isDynamic(shapeOf(op.getX())[op.getAxis()]) ? RunFailure::Possible : RunFailure::Never; }

} // namespace

RunFailure getRunFailure(Operation *op) {
  if (auto topK = dyn_cast<TopKOp>(op))
    return ofTopK(topK);
  if (auto recurrent = dyn_cast<RecurrentOp>(op))
    return ofLengths(recurrent);
  bool divides = isIntegerDivision(op);
  Indices indices = indicesOf(op);
  if ((!divides && !indices.tensor) || isEmpty(op->getResult(0)))
    return RunFailure::Never;
  if (divides) {
    std::optional<SmallVector<int64_t>> divisors = getConstantInts(op->getOperand(1));
    return !divisors ? RunFailure::Possible : llvm::is_contained(*divisors, 0) ? RunFailure::Certain : RunFailure::Never;
  }
  return isEmpty(indices.tensor) ? RunFailure::Never : ofIndices(indices);
}

StringRef describeRunFailure(Operation *op) {
  return TypeSwitch<Operation *, StringRef>(op)
      .Case([](BinaryOp) { return "division by zero"; })
      .Case([](RecurrentOp) { return "length of a sequence out of range"; })
      .Case([](TopKOp) { return "fewer elements than k"; })
      .Default(StringRef("index out of range"));
}

} // namespace ingot
