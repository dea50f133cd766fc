// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Elementwise/EmitElementwise.h"

#include "dialects/Ingot/Constants.h"
#include "dialects/Ingot/NarrowFloats.h"
#include "passes/Kernel/BodyEmitter.h"
#include "passes/Kernel/Elementwise/ConstantQuantization.h"
#include "passes/Kernel/Elementwise/MultiplyAdd.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ingot {

Value ElementMath::constant(double value) {
  APFloat number(value);
  bool inexact;
  number.convert(cast<FloatType>(element).getFloatSemantics(), APFloat::rmNearestTiesToEven, &inexact);
  TypedAttr scalar = FloatAttr::get(element, number);
  return arith::ConstantOp::create(b, isVector() ? DenseElementsAttr::get(cast<ShapedType>(type), scalar) : scalar);
}

Value ElementMath::integer(const APInt &value) {
  TypedAttr scalar = IntegerAttr::get(element, value);
  return arith::ConstantOp::create(b, isVector() ? DenseElementsAttr::get(cast<ShapedType>(type), scalar) : scalar);
}

Value ElementMath::add(Value x, Value y) {
  return isFloat() ? arith::AddFOp::create(b, x, y).getResult() : arith::AddIOp::create(b, x, y).getResult();
}
Value ElementMath::sub(Value x, Value y) {
  return isFloat() ? arith::SubFOp::create(b, x, y).getResult() : arith::SubIOp::create(b, x, y).getResult();
}
Value ElementMath::mul(Value x, Value y) {
  return isFloat() ? arith::MulFOp::create(b, x, y).getResult() : arith::MulIOp::create(b, x, y).getResult();
}
Value ElementMath::multiplyAdd(Value x, Value y, Value z) {
  return element.isF32() ? math::FmaOp::create(b, x, y, z).getResult() : add(mul(x, y), z);
}
Value ElementMath::abs(Value x) { return isFloat() ? math::AbsFOp::create(b, x).getResult() : math::AbsIOp::create(b, x).getResult(); }

Value ElementMath::less(Value x, Value y) {
  return isFloat() ? arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, y).getResult() : bits(arith::CmpIPredicate::slt, x, y);
}

Value ElementMath::equal(Value x, Value y) {
  return isFloat() ? arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x, y).getResult() : bits(arith::CmpIPredicate::eq, x, y);
}

Value ElementMath::truth() {
  Type condition = isVector() ? Type(cast<VectorType>(type).clone(b.getI1Type())) : Type(b.getI1Type());
  return ElementMath(b, condition).integer(1);
}

Value ElementMath::atLeast(Value x, double bound) {
  Value limit = constant(bound);
  return select(less(x, limit), limit, x);
}

Value ElementMath::decay(Value x) {
  Value isWithin = arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, x, constant(kLeastBoundedExp));
  return select(isWithin, boundedExp(x), atLeast(x, 0.0));
}

Value ElementMath::atMost(Value x, double bound) {
  Value limit = constant(bound);
  return select(less(limit, x), limit, x);
}

namespace {

Type like(Value value, Type element) {
  auto vector = dyn_cast<VectorType>(value.getType());
  return vector ? VectorType::get(vector.getShape(), element) : element;
}

/// x ^ exponent for the exponents that models use: products and roots are exact where exp(log(x) * y) is not. Null for all others.
Value emitConstantPower(ImplicitLocOpBuilder &b, Value x, double exponent) {
  ElementMath m(b, x.getType());
  if (exponent == 1.0)
    return x;
  if (exponent == 2.0)
    return m.mul(x, x);
  if (exponent == 3.0)
    return m.mul(m.mul(x, x), x);
  if (!m.isFloat())
    return {};
  if (exponent == 0.0)
    return m.constant(1.0);
  if (exponent == 0.5) // pow(-inf, 0.5) is inf and not NaN
    return m.select(m.equal(x, m.constant(-std::numeric_limits<double>::infinity())), m.constant(std::numeric_limits<double>::infinity()), m.sqrt(x));
  if (exponent == -1.0)
    return m.div(m.constant(1.0), x);
  if (exponent == -0.5)
    return m.div(m.constant(1.0), m.sqrt(x));
  return {};
}

Value emitBinary(ImplicitLocOpBuilder &b, BinaryOp op, Value lhs, Value rhs, Type element) {
  ElementMath m(b, lhs.getType());
  BinaryKind kind = op.getKind();
  std::optional<double> right = getSplatNumber(op.getRhs());
  if (kind == BinaryKind::Pow && right)
    if (Value power = emitConstantPower(b, lhs, *right))
      return power;
  if (m.isFloat() && (kind == BinaryKind::Min || kind == BinaryKind::Max)) {
    std::optional<double> left = getSplatNumber(op.getLhs());
    std::optional<double> bound = right ? right : left;
    Value x = right ? lhs : rhs;
    if (bound && !std::isnan(*bound))
      return kind == BinaryKind::Min ? m.atMost(x, *bound) : m.atLeast(x, *bound);
  }
  return emitBinaryKind(b, kind, lhs, rhs, element);
}

/// Booleans are bytes of 0 or 1 in memory.
Value bitcastElements(ImplicitLocOpBuilder &b, Value value, Type to) {
  if (getElementTypeOrSelf(value.getType()).isInteger(1))
    value = arith::ExtUIOp::create(b, like(value, b.getI8Type()), value);
  if (to.isInteger(1))
    return arith::TruncIOp::create(b, like(value, to), value);
  Type type = like(value, getValueType(to));
  return value.getType() == type ? value : arith::BitcastOp::create(b, type, value).getResult();
}

} // namespace

std::optional<double> getSplatNumber(Value operand) {
  DenseElementsAttr dense = getDenseConstant(operand);
  if (!dense || !dense.isSplat())
    return std::nullopt;
  if (isa<FloatType>(dense.getElementType())) {
    APFloat value = dense.getSplatValue<APFloat>();
    bool inexact;
    value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &inexact);
    return value.convertToDouble();
  }
  APInt value = dense.getSplatValue<APInt>();
  return dense.getElementType().isUnsignedInteger() ? static_cast<double>(value.getZExtValue()) : static_cast<double>(value.getSExtValue());
}

Type getValueType(Type element) {
  auto integer = dyn_cast<IntegerType>(element);
  return integer ? IntegerType::get(element.getContext(), integer.getWidth()) : element;
}

Type getComputeType(Type element) {
  return element.isF16() || element.isBF16() || isByteFloat(element) ? Float32Type::get(element.getContext()) : getValueType(element);
}

namespace {

/// Both are widened by way of f16, which has five bits of exponent: an f8E5M2 is the upper half of one, an f8E4M3FN has a bit of exponent less, which
/// is filled up with zero; it then means 2^8 times less, in its numbers below the smallest normal one, too.
Value widenBytes(ImplicitLocOpBuilder &b, Value value, Type element) {
  ElementMath bytes(b, like(value, b.getI8Type())), words(b, like(value, b.getI16Type()));
  Value raw = arith::BitcastOp::create(b, like(value, b.getI8Type()), value), wide = arith::ExtSIOp::create(b, like(value, b.getI16Type()), raw);
  auto asFloat = [&](Value bits) -> Value {
    Value half = arith::BitcastOp::create(b, like(value, b.getF16Type()), bits);
    return arith::ExtFOp::create(b, like(value, b.getF32Type()), half);
  };
  if (isa<Float8E5M2Type>(element))
    return asFloat(arith::ShLIOp::create(b, wide, words.integer(8)));
  constexpr int64_t kExceptSecond = static_cast<int16_t>(0xbfff); // the sign was extended into the highest bit of the exponent
  Value result = asFloat(arith::AndIOp::create(b, arith::ShLIOp::create(b, wide, words.integer(7)), words.integer(kExceptSecond)));
  ElementMath floats(b, result.getType());
  constexpr int64_t kNan = 0x7f;
  Value isNan = bytes.bits(arith::CmpIPredicate::eq, arith::AndIOp::create(b, raw, bytes.integer(kNan)), bytes.integer(kNan));
  return floats.select(isNan, floats.constant(std::numeric_limits<double>::quiet_NaN()), floats.mul(result, floats.constant(256.0)));
}

} // namespace

Value widenElements(ImplicitLocOpBuilder &b, Value value) {
  Type element = getElementTypeOrSelf(value.getType()), f32 = b.getF32Type();
  if (element.isF16())
    return arith::ExtFOp::create(b, like(value, f32), value);
  if (isByteFloat(element))
    return widenBytes(b, value, element);
  if (!element.isBF16())
    return value;
  ElementMath m(b, like(value, b.getI32Type()));
  Value low = arith::BitcastOp::create(b, like(value, b.getI16Type()), value);
  Value wide = arith::ExtUIOp::create(b, like(value, b.getI32Type()), low);
  return arith::BitcastOp::create(b, like(value, f32), arith::ShLIOp::create(b, wide, m.integer(16)));
}

Value narrowElements(ImplicitLocOpBuilder &b, Value value, Type element) {
  if (element.isF16() && getElementTypeOrSelf(value.getType()).isF32())
    return arith::TruncFOp::create(b, like(value, element), value);
  if (!element.isBF16() || !getElementTypeOrSelf(value.getType()).isF32())
    return value;
  if (isa<VectorType>(value.getType())) // an instruction of some processors
    return arith::TruncFOp::create(b, like(value, element), value);
  return roundToBf16(b, value);
}

Value roundToBf16(ImplicitLocOpBuilder &b, Value value) {
  // To nearest even: add just under half of what is dropped, plus the last kept bit. NaNs would overflow into infinity; they get their quiet bit
  // instead.
  Type i32 = like(value, b.getI32Type());
  ElementMath m(b, i32);
  Value raw = arith::BitcastOp::create(b, i32, value), shift = m.integer(16);
  Value odd = arith::AndIOp::create(b, arith::ShRUIOp::create(b, raw, shift), m.integer(1));
  Value rounded = m.add(raw, m.add(odd, m.integer(0x7fff)));
  Value isNan = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, value, value);
  Value kept = m.select(isNan, arith::OrIOp::create(b, raw, m.integer(0x400000)), rounded);
  Value high = arith::TruncIOp::create(b, like(value, b.getI16Type()), arith::ShRUIOp::create(b, kept, shift));
  return arith::BitcastOp::create(b, like(value, b.getBF16Type()), high);
}

FailureOr<Value> emitElementwise(ImplicitLocOpBuilder &b, Operation *op, ValueRange operands) {
  if (std::optional<ConstantQuantization> quantization = ConstantQuantization::match(op))
    return quantization->emit(b, operands.front());
  if (std::optional<MultiplyAdd> sum = MultiplyAdd::match(op))
    return sum->emit(b, operands[0], operands[1], operands[2]);
  SmallVector<Value> wide;
  bool moves = isa<SelectOp>(op); // takes an element as it is
  for (Value operand : operands)
    wide.push_back(moves ? operand : widenElements(b, operand));
  Type element = getElementTypeOrSelf(op->getOperand(0)), target = getElementTypeOrSelf(op->getResult(0));
  Value result =
      TypeSwitch<Operation *, Value>(op)
          .Case([&](UnaryOp unary) {
            return emitUnaryKind(b, unary.getKind(), wide[0], element, unary.getAlpha().convertToDouble(), unary.getBeta().convertToDouble());
          })
          .Case([&](BinaryOp binary) { return emitBinary(b, binary, wide[0], wide[1], element); })
          .Case([&](CompareOp compare) { return emitPredicate(b, compare.getPredicate(), wide[0], wide[1], element); })
          .Case([&](SelectOp) { return arith::SelectOp::create(b, wide[0], wide[1], wide[2]).getResult(); })
          .Case([&](CastOp) { return castElements(b, operands[0], element, target); })
          .Case([&](BitcastOp) { return bitcastElements(b, operands[0], target); })
          .Default([](Operation *) { return Value(); });
  if (!result)
    return op->emitOpError("has no code for elements of type ") << element;
  return isa<CastOp, BitcastOp>(op) ? result : narrowElements(b, result, target);
}

Value neutralElement(ImplicitLocOpBuilder &b, ReduceKind kind, Type type, Type element) {
  ElementMath m(b, type);
  double infinity = std::numeric_limits<double>::infinity();
  unsigned width = m.isFloat() ? 0 : getElementTypeOrSelf(type).getIntOrFloatBitWidth();
  bool isUnsigned = isUnsignedElement(element);
  switch (kind) {
  case ReduceKind::Sum:
  case ReduceKind::Mean:
    return m.number(0);
  case ReduceKind::Prod:
    return m.number(1);
  case ReduceKind::Max:
    return m.isFloat() ? m.constant(-infinity) : m.integer(isUnsigned ? APInt::getMinValue(width) : APInt::getSignedMinValue(width));
  case ReduceKind::Min:
    return m.isFloat() ? m.constant(infinity) : m.integer(isUnsigned ? APInt::getMaxValue(width) : APInt::getSignedMaxValue(width));
  }
  llvm_unreachable("unknown reduction");
}

} // namespace ingot
