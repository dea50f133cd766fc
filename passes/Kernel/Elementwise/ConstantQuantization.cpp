// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Elementwise/ConstantQuantization.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "passes/Kernel/Elementwise/EmitElementwise.h"

#include <cmath>

using namespace mlir;

namespace ingot {
namespace {

/// If `value` is `kind` of something and a known number: moves `value` to the first and gives the second.
std::optional<double> takeBinary(Value &value, BinaryKind kind) {
  auto op = value.getDefiningOp<BinaryOp>();
  if (!op || op.getKind() != kind)
    return std::nullopt;
  std::optional<double> number = getSplatNumber(op.getRhs());
  if (number)
    value = op.getLhs();
  return number;
}

bool takeUnary(Value &value, UnaryKind kind) {
  auto op = value.getDefiningOp<UnaryOp>();
  if (!op || op.getKind() != kind)
    return false;
  value = op.getX();
  return true;
}

bool isWhole(double number) { return number == std::rint(number) && std::abs(number) <= 0x1p15; }

} // namespace

std::optional<ConstantQuantization> ConstantQuantization::match(Operation *op) {
  auto cast = dyn_cast<CastOp>(op);
  if (!cast)
    return std::nullopt;
  auto from = mlir::cast<RankedTensorType>(cast.getX().getType()), type = mlir::cast<RankedTensorType>(cast.getResult().getType());
  if (!from.getElementType().isF32() || !type.getElementType().isInteger(8))
    return std::nullopt;
  Value x = cast.getX();
  std::optional<double> high = takeBinary(x, BinaryKind::Min), low = takeBinary(x, BinaryKind::Max), point = takeBinary(x, BinaryKind::Add);
  if (!low || !high || !takeUnary(x, UnaryKind::RoundEven) || mlir::cast<RankedTensorType>(x.getType()) != from)
    return std::nullopt;
  bool isUnsigned = type.getElementType().isUnsignedInteger();
  double least = isUnsigned ? 0 : -128, most = isUnsigned ? 255 : 127;
  if (!isWhole(point.value_or(0)) || !isWhole(*low) || !isWhole(*high) || *low < least || *high > most || *low > *high)
    return std::nullopt;
  // Far from where residues of the division would be denormal numbers, or bounds infinite.
  constexpr double kLeastScale = 0x1p-90, kMostScale = 0x1p90;
  Value dividend = x;
  double scale = takeBinary(dividend, BinaryKind::Div).value_or(1);
  if (scale < kLeastScale || !(scale <= kMostScale) || dividend.getType() != from)
    return std::nullopt;
  x = dividend;
  if (Value inside = x; *low >= point.value_or(0) && takeUnary(inside, UnaryKind::Relu))
    x = inside; // clamped at 0 or above anyway
  return ConstantQuantization{x, static_cast<float>(scale), static_cast<int32_t>(point.value_or(0)), static_cast<int32_t>(*low),
                              static_cast<int32_t>(*high)};
}

Value ConstantQuantization::emit(ImplicitLocOpBuilder &b, Value x) const {
  ElementMath m(b, x.getType());
  auto like = [&](Type element) -> Type { return m.isVector() ? Type(mlir::cast<VectorType>(x.getType()).clone(element)) : element; };
  // The rounded bound is not farther from its multiple of the scale than rounding to whole numbers takes back.
  x = m.atMost(x, static_cast<float>(high - point) * scale);
  float inverse = 1.0F / scale;
  Value quotient = m.mul(x, m.constant(inverse));
  if (int exponent; std::frexp(scale, &exponent) != 0.5F) { // a power of two has an exact inverse
    Value residue = math::FmaOp::create(b, quotient, m.constant(-scale), x);
    quotient = math::FmaOp::create(b, residue, m.constant(inverse), quotient);
  }
  Value whole = LLVM::CallIntrinsicOp::create(b, like(b.getI32Type()), b.getStringAttr("llvm.lrint"), ValueRange{quotient})->getResult(0);
  ElementMath i(b, whole.getType());
  // What is far below becomes the smallest integer, whichever way, and is clamped as one: such an instruction runs where those of floats do not.
  whole = arith::MaxSIOp::create(b, whole, i.integer(low - point));
  if (point != 0)
    whole = i.add(whole, i.integer(point));
  if (low != 0) { // NaN has become the smallest integer, too, and is to become 0
    Value isNan = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, x, x);
    whole = i.select(isNan, i.integer(0), whole);
  }
  return arith::TruncIOp::create(b, like(b.getI8Type()), whole);
}

} // namespace ingot
