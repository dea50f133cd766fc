// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Elementwise/MultiplyAdd.h"

#include "passes/Kernel/Elementwise/ConstantQuantization.h"
#include "passes/Kernel/Elementwise/EmitElementwise.h"

using namespace mlir;

namespace ingot {

std::optional<MultiplyAdd> MultiplyAdd::match(Operation *op) {
  auto sum = dyn_cast<BinaryOp>(op);
  bool isDifference = sum && sum.getKind() == BinaryKind::Sub;
  if (!sum || !(isDifference || sum.getKind() == BinaryKind::Add) || !getElementTypeOrSelf(sum.getResult()).isF32())
    return std::nullopt;
  auto productIn = [&](Value operand) {
    auto product = operand.getDefiningOp<BinaryOp>();
    bool isProduct = product && product.getKind() == BinaryKind::Mul && operand.hasOneUse() && operand.getType() == sum.getResult().getType();
    return isProduct ? product : BinaryOp();
  };
  if (BinaryOp product = productIn(sum.getLhs()))
    return MultiplyAdd{product.getLhs(), product.getRhs(), sum.getRhs(), false, isDifference};
  if (BinaryOp product = productIn(sum.getRhs()))
    return MultiplyAdd{product.getLhs(), product.getRhs(), sum.getLhs(), isDifference, false};
  return std::nullopt;
}

Value MultiplyAdd::emit(ImplicitLocOpBuilder &b, Value x, Value y, Value z) const {
  if (negatesProduct)
    x = arith::NegFOp::create(b, x);
  if (negatesSum)
    z = arith::NegFOp::create(b, z);
  return math::FmaOp::create(b, x, y, z);
}

SmallVector<Value> elementwiseOperands(Operation *op) {
  if (std::optional<ConstantQuantization> quantization = ConstantQuantization::match(op))
    return {quantization->x};
  if (std::optional<MultiplyAdd> sum = MultiplyAdd::match(op))
    return {sum->x, sum->y, sum->z};
  return SmallVector<Value>(op->getOperands());
}

} // namespace ingot
