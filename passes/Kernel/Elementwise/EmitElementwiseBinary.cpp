// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/Kernel/Elementwise/EmitElementwise.h"

using namespace mlir;

namespace ingot {
namespace {

using Predicates = arith::CmpIPredicate;

/// Python's modulo: the remainder takes the sign of the divisor.
Value withSignOfDivisor(ElementMath &m, Value remainder, Value divisor) {
  Value zero = m.number(0);
  Value differ = arith::XOrIOp::create(m.builder(), m.less(remainder, zero), m.less(divisor, zero));
  Value move = arith::AndIOp::create(m.builder(), differ, arith::XOrIOp::create(m.builder(), m.equal(remainder, zero), m.truth()));
  return m.select(move, m.add(remainder, divisor), remainder);
}

Value emitFloatBinary(ImplicitLocOpBuilder &b, BinaryKind kind, Value lhs, Value rhs) {
  ElementMath m(b, lhs.getType());
  switch (kind) {
  case BinaryKind::Add:
    return m.add(lhs, rhs);
  case BinaryKind::Sub:
    return m.sub(lhs, rhs);
  case BinaryKind::Mul:
    return m.mul(lhs, rhs);
  case BinaryKind::Div:
    return m.div(lhs, rhs);
  case BinaryKind::Mod:
    return withSignOfDivisor(m, arith::RemFOp::create(b, lhs, rhs), rhs);
  case BinaryKind::Fmod:
    return arith::RemFOp::create(b, lhs, rhs);
  case BinaryKind::Pow:
    return math::PowFOp::create(b, lhs, rhs);
  case BinaryKind::Min:
    return arith::MinimumFOp::create(b, lhs, rhs);
  case BinaryKind::Max:
    return arith::MaximumFOp::create(b, lhs, rhs);
  default:
    return {};
  }
}

/// Quotient or remainder that never traps: a divisor of 0 gives 0, the smallest number divided by -1 wraps.
Value emitIntegerDivision(ImplicitLocOpBuilder &b, BinaryKind kind, Value lhs, Value rhs, bool isUnsigned) {
  ElementMath m(b, lhs.getType());
  Value zero = m.integer(0), isZero = m.equal(rhs, zero);
  if (isUnsigned) {
    Value divisor = m.select(isZero, m.integer(1), rhs);
    Value result =
        kind == BinaryKind::Div ? arith::DivUIOp::create(b, lhs, divisor).getResult() : arith::RemUIOp::create(b, lhs, divisor).getResult();
    return m.select(isZero, zero, result);
  }
  Value isMinusOne = m.equal(rhs, m.integer(-1));
  Value divisor = m.select(arith::OrIOp::create(b, isZero, isMinusOne), m.integer(1), rhs);
  if (kind == BinaryKind::Div) {
    Value quotient = m.select(isMinusOne, m.sub(zero, lhs), arith::DivSIOp::create(b, lhs, divisor));
    return m.select(isZero, zero, quotient);
  }
  Value remainder = arith::RemSIOp::create(b, lhs, divisor); // 0 for divisors 1, and so for 0 and -1
  return kind == BinaryKind::Mod ? withSignOfDivisor(m, remainder, rhs) : remainder;
}

/// lhs^rhs by squaring, a step per bit of the exponent, the same for every lane. A negative exponent gives the truncated quotient: 0 unless lhs is 1
/// or -1.
Value emitIntegerPower(ImplicitLocOpBuilder &b, Value lhs, Value rhs, bool isUnsigned) {
  ElementMath m(b, lhs.getType());
  Value zero = m.integer(0), one = m.integer(1);
  Value first = arith::ConstantIndexOp::create(b, 0), step = arith::ConstantIndexOp::create(b, 1);
  Value bits = arith::ConstantIndexOp::create(b, getElementTypeOrSelf(lhs).getIntOrFloatBitWidth());
  auto loop = scf::ForOp::create(b, first, bits, step, ValueRange{one, lhs, rhs}, [&](OpBuilder &inner, Location loc, Value, ValueRange carried) {
    ImplicitLocOpBuilder body(loc, inner);
    ElementMath e(body, lhs.getType());
    Value isSet = e.bits(Predicates::ne, arith::AndIOp::create(body, carried[2], one), zero);
    Value result = e.select(isSet, e.mul(carried[0], carried[1]), carried[0]);
    scf::YieldOp::create(body, ValueRange{result, e.mul(carried[1], carried[1]), arith::ShRUIOp::create(body, carried[2], one)});
  });
  Value power = loop.getResult(0);
  if (isUnsigned)
    return power;
  Value minusOne = m.integer(-1);
  Value isOdd = m.equal(arith::AndIOp::create(b, rhs, one), one);
  Value ofMinusOne = m.select(m.equal(lhs, minusOne), m.select(isOdd, minusOne, one), zero);
  Value inverse = m.select(m.equal(lhs, one), one, ofMinusOne);
  return m.select(m.less(rhs, zero), inverse, power);
}

/// Shifts by a negative amount, or by the width or more, give 0; of signed integers to the right, copies of the sign bit.
Value emitShift(ImplicitLocOpBuilder &b, BinaryKind kind, Value lhs, Value rhs, bool isUnsigned) {
  ElementMath m(b, lhs.getType());
  int64_t bits = getElementTypeOrSelf(lhs).getIntOrFloatBitWidth();
  Value zero = m.integer(0), width = m.integer(bits);
  Value fits = m.bits(Predicates::ult, rhs, width);
  if (kind == BinaryKind::Shr && !isUnsigned)
    return arith::ShRSIOp::create(b, lhs, m.select(fits, rhs, m.integer(bits - 1)));
  Value amount = m.select(fits, rhs, zero);
  Value shifted = kind == BinaryKind::Shl ? arith::ShLIOp::create(b, lhs, amount).getResult() : arith::ShRUIOp::create(b, lhs, amount).getResult();
  return m.select(fits, shifted, zero);
}

} // namespace

Value emitBinaryKind(ImplicitLocOpBuilder &b, BinaryKind kind, Value lhs, Value rhs, Type element) {
  ElementMath m(b, lhs.getType());
  if (m.isFloat())
    return emitFloatBinary(b, kind, lhs, rhs);
  bool isUnsigned = isUnsignedElement(element);
  switch (kind) {
  case BinaryKind::Add:
    return m.add(lhs, rhs);
  case BinaryKind::Sub:
    return m.sub(lhs, rhs);
  case BinaryKind::Mul:
    return m.mul(lhs, rhs);
  case BinaryKind::Div:
  case BinaryKind::Mod:
  case BinaryKind::Fmod:
    return emitIntegerDivision(b, kind, lhs, rhs, isUnsigned);
  case BinaryKind::Pow:
    return emitIntegerPower(b, lhs, rhs, isUnsigned);
  case BinaryKind::Min:
    return isUnsigned ? arith::MinUIOp::create(b, lhs, rhs).getResult() : arith::MinSIOp::create(b, lhs, rhs).getResult();
  case BinaryKind::Max:
    return isUnsigned ? arith::MaxUIOp::create(b, lhs, rhs).getResult() : arith::MaxSIOp::create(b, lhs, rhs).getResult();
  case BinaryKind::And:
    return arith::AndIOp::create(b, lhs, rhs);
  case BinaryKind::Or:
    return arith::OrIOp::create(b, lhs, rhs);
  case BinaryKind::Xor:
    return arith::XOrIOp::create(b, lhs, rhs);
  case BinaryKind::Shl:
  case BinaryKind::Shr:
    return emitShift(b, kind, lhs, rhs, isUnsigned);
  }
  llvm_unreachable("every kind is handled");
}

Value emitPredicate(ImplicitLocOpBuilder &b, Predicate predicate, Value lhs, Value rhs, Type element) {
  using Floats = arith::CmpFPredicate;
  struct Row {
    Floats floats;
    Predicates isSigned, isUnsigned;
  };
  static constexpr Row kRows[] = {{Floats::OEQ, Predicates::eq, Predicates::eq},   {Floats::UNE, Predicates::ne, Predicates::ne},
                                  {Floats::OLT, Predicates::slt, Predicates::ult}, {Floats::OLE, Predicates::sle, Predicates::ule},
                                  {Floats::OGT, Predicates::sgt, Predicates::ugt}, {Floats::OGE, Predicates::sge, Predicates::uge}};
  const Row &row = kRows[static_cast<uint32_t>(predicate)];
  if (isa<FloatType>(getElementTypeOrSelf(lhs)))
    return arith::CmpFOp::create(b, row.floats, lhs, rhs);
  return arith::CmpIOp::create(b, isUnsignedElement(element) ? row.isUnsigned : row.isSigned, lhs, rhs);
}

} // namespace ingot
