// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of f32 as vector arithmetic. Every lane is computed alike, so bits do not depend on where an element lies. The polynomials are minimax
// fits of the relative error (Lawson's iteration, then one coefficient after the other rounded to f32 and the rest fitted again); tanh and erf are
// quotients of two.
#include "passes/Kernel/VectorFunctions.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Kernel/Elementwise/EmitElementwise.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ingot {
Value emitElementByElement(ImplicitLocOpBuilder &b, Operation *op) {
  auto type = cast<VectorType>(op->getResult(0).getType());
  SmallVector<SmallVector<Value>> operands;
  for (Value operand : op->getOperands()) {
    if (isa<VectorType>(operand.getType()))
      operands.emplace_back(vector::ToElementsOp::create(b, operand).getResults());
    else
      operands.emplace_back(type.getNumElements(), operand);
  }
  SmallVector<Value> results;
  for (int64_t lane = 0; lane < type.getNumElements(); ++lane) {
    OperationState state(b.getLoc(), op->getName());
    for (const SmallVector<Value> &operand : operands)
      state.addOperands(operand[lane]);
    state.addTypes(type.getElementType());
    state.addAttributes(op->getAttrs());
    results.push_back(b.create(state)->getResult(0));
  }
  return vector::FromElementsOp::create(b, type, results);
}

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kLn2 = 0.69314718055994530942, kLog2e = 1.44269504088896340736, kHalfPi = 1.57079632679489661923;
constexpr double kHalfPiHigh = 1.57079637050628662109, kHalfPiLow = kHalfPi - kHalfPiHigh;
constexpr double kLn2High = 0.693145751953125, kLn2Low = kLn2 - kLn2High; // with few bits, so that products with an exponent are exact

class VectorFunctions {
public:
  VectorFunctions(ImplicitLocOpBuilder &b, VectorType type)
      : b(b), m(b, type), i(b, type.clone(b.getI32Type())), d(b, type.clone(b.getF64Type())), integers(type.clone(b.getI32Type())), floats(type) {}

  Value exp(Value x) { return exp(x, 0); }

  /// e^x for x within [kLeastBoundedExp, kMostBoundedExp]: 2^(n + f) with the exponent added to the bits of 2^f. (11 against 20 cycles of `exp` on
  /// Zen 4 for 16 of x / (1 + e^-x).)
  Value boundedExp(Value x) {
    constexpr double kRound = 0x1.8p23;
    Value shifted = fma(x, m.constant(kLog2e), m.constant(kRound)), whole = m.sub(shifted, m.constant(kRound));
    Value f = fma(x, m.constant(kLog2e), arith::NegFOp::create(b, whole));
    Value p = polynomial(f, {1.0, 0.693147004, 0.240222424, 0.0555073358, 0.00967151392, 0.00132647273});
    return number(i.add(bits(p), shiftLeft(bits(shifted), 23)));
  }

  /// The same as 2^(n + j / 32 + f / 32), with 2^(j / 32) from a table that fills two registers: 9 cycles. Entries lack the exponent that j, shifted
  /// with n to where exponents are, gives them. The last product may become one with a sum that follows.
  Value boundedExpByTable(Value x) {
    constexpr int64_t kEntries = 32, kLanes = 16;
    constexpr double kRound = 0x1.8p23;
    Value shifted = fma(x, m.constant(kEntries * kLog2e), m.constant(kRound)), whole = m.sub(shifted, m.constant(kRound));
    Value f = fma(x, m.constant(kEntries * kLog2e), arith::NegFOp::create(b, whole));
    Value p = polynomial(f, {1.0, 0.021661166, 0.00023459618});
    SmallVector<float> low, high;
    for (int64_t j = 0; j < kEntries; ++j) {
      auto entry = llvm::bit_cast<uint32_t>(static_cast<float>(std::exp2(static_cast<double>(j) / kEntries))) - (static_cast<uint32_t>(j) << 18);
      (j < kLanes ? low : high).push_back(llvm::bit_cast<float>(entry));
    }
    auto table = VectorType::get({kLanes}, b.getF32Type());
    auto tableOf = [&](ArrayRef<float> entries) { return arith::ConstantOp::create(b, DenseElementsAttr::get(table, entries)).getResult(); };
    int64_t lanes = floats.getNumElements();
    Value at = resize(bits(shifted), kLanes);
    Value found =
        LLVM::CallIntrinsicOp::create(b, table, b.getStringAttr("llvm.x86.avx512.vpermi2var.ps.512"), ValueRange{tableOf(low), at, tableOf(high)})
            ->getResult(0);
    Value power = number(i.add(bits(resize(found, lanes)), shiftLeft(bits(shifted), 18)));
    return arith::MulFOp::create(b, power, p, arith::FastMathFlags::contract);
  }

  Value expm1(Value x) {
    auto [n, r] = reduceByLn2(m.clamp(x, -30.0, 89.0));
    // 2^n (e^r - 1) + (2^n - 1), all of it halved because 2^128 is none.
    Value half = powerOfTwo(i.add(n, i.integer(-1)));
    Value grown = fma(m.mul(r, r), polynomial(r, {0.5, 0.166666672, 0.0416664891, 0.00833320804, 0.00139326847, 0.000199442686}), r);
    Value result = fma(half, grown, m.sub(half, m.constant(0.5)));
    return m.select(m.less(m.abs(x), m.constant(1e-20)), x, m.add(result, result)); // half of a denormal number would lose a bit
  }

  Value log(Value x) {
    Value tiny = m.less(x, m.constant(0x1p-126));
    Value raw = bits(m.select(tiny, m.mul(x, m.constant(0x1p23)), x));
    Value e = arith::ShRSIOp::create(b, i.sub(raw, i.integer(0x3f3504f3)), i.integer(23)); // the mantissa lies in [sqrt(1/2), sqrt(2))
    Value r = m.sub(number(i.sub(raw, shiftLeft(e, 23))), m.constant(1.0));
    Value exponent = m.add(arith::SIToFPOp::create(b, floats, e), m.select(tiny, m.constant(-23.0), m.constant(0.0)));
    Value square = m.mul(r, r);
    Value p = polynomial(r, {0.333333313, -0.250008196, 0.200012431, -0.166234106, 0.142015412, -0.131595537, 0.127624676, -0.0763690025});
    Value low = fma(exponent, m.constant(kLn2Low), fma(m.mul(r, square), p, m.mul(m.constant(-0.5), square)));
    Value result = fma(exponent, m.constant(kLn2High), m.add(r, low));
    result = m.select(m.less(x, m.constant(kInfinity)), result, x);
    result = m.select(m.equal(x, m.constant(0.0)), m.constant(-kInfinity), result);
    return m.select(m.less(x, m.constant(0.0)), m.constant(kNaN), result);
  }

  Value log1p(Value x) {
    Value one = m.constant(1.0), u = m.add(one, x), rest = m.sub(u, one);
    Value lost = m.add(m.sub(one, m.sub(u, rest)), m.sub(x, rest)); // what rounding u has dropped
    Value result = log(u);
    return m.select(m.equal(m.abs(result), m.constant(kInfinity)), result, m.add(result, m.div(lost, u)));
  }

  Value sin(Value x) {
    auto [quadrant, r] = reduceByHalfPi(x);
    return ofQuadrant(quadrant, r);
  }

  Value cos(Value x) {
    auto [quadrant, r] = reduceByHalfPi(x);
    return ofQuadrant(i.add(quadrant, i.integer(1)), r);
  }

  Value tan(Value x) {
    auto [quadrant, r] = reduceByHalfPi(x);
    Value s = sinNearZero(r), c = cosNearZero(r), odd = isOdd(quadrant);
    return m.div(m.select(odd, arith::NegFOp::create(b, c), s), m.select(odd, s, c));
  }

  Value asin(Value x) {
    Value large, size = m.abs(x), p = asinOfHalf(size, large);
    Value far = m.add(fma(m.constant(-2.0), p, m.constant(kHalfPiHigh)), m.constant(kHalfPiLow));
    return m.withSign(m.select(large, far, p), x);
  }

  Value acos(Value x) {
    Value large, p = asinOfHalf(m.abs(x), large), twice = m.add(p, p);
    Value near = m.sub(m.constant(kHalfPiHigh), m.sub(m.withSign(p, x), m.constant(kHalfPiLow)));
    Value negative = m.add(m.sub(m.constant(2 * kHalfPiHigh), twice), m.constant(2 * kHalfPiLow));
    return m.select(large, m.select(m.less(x, m.constant(0.0)), negative, twice), near);
  }

  Value atan(Value x) {
    Value size = m.abs(x), one = m.constant(1.0), large = m.less(one, size);
    Value s = m.select(large, m.div(one, size), size), z = m.mul(s, s);
    Value p = fma(
        m.mul(s, z),
        polynomial(z, {-0.333333015, 0.199986309, -0.142651752, 0.1095725, -0.0841859058, 0.0582207516, -0.0314427726, 0.011057849, -0.00182580296}),
        s);
    Value far = m.add(m.sub(m.constant(kHalfPiHigh), p), m.constant(kHalfPiLow));
    return m.withSign(m.select(large, far, p), x);
  }

  Value sinh(Value x) {
    Value size = m.abs(x), z = m.mul(size, size), half = exp(size, -1);
    Value near = fma(m.mul(size, z), polynomial(z, {0.166666672, 0.00833331142, 0.000198426351, 2.78392508e-06}), size);
    Value far = m.sub(half, m.div(m.constant(0.25), half));
    return m.withSign(m.select(m.less(size, m.constant(1.0)), near, far), x);
  }

  Value cosh(Value x) {
    Value half = exp(m.abs(x), -1);
    return m.add(half, m.div(m.constant(0.25), half));
  }

  Value tanh(Value x) {
    return quotient(x, 9.02, {1.0, 0.133826613, 0.0034974271, 2.06353179e-05, 1.33836018e-08},
                    {1.0, 0.467159837, 0.0258842446, 0.000328846712, 7.78996423e-07});
  }

  Value erf(Value x) {
    return quotient(x, 3.93, {1.12837923, 0.174874529, 0.0507571623, 0.00312432717, 0.000274771592, 2.22080121e-06},
                    {1.0, 0.488313138, 0.107748128, 0.0136715304, 0.00101569213, 3.93435075e-05});
  }

  Value asinh(Value x) {
    Value size = m.abs(x), one = m.constant(1.0), square = m.mul(size, size), far = m.less(m.constant(1e10), size); // the square would overflow
    Value near = m.add(size, m.div(square, m.add(one, m.sqrt(m.add(square, one)))));
    return m.withSign(logOfSum(far, size, near), x);
  }

  Value acosh(Value x) {
    Value above = m.sub(x, m.constant(1.0)), far = m.less(m.constant(1e10), x);
    Value result = logOfSum(far, x, m.add(above, m.sqrt(m.mul(above, m.add(above, m.constant(2.0))))));
    return m.select(m.less(x, m.constant(1.0)), m.constant(kNaN), result);
  }

  Value atanh(Value x) {
    Value size = m.abs(x), ratio = m.div(m.add(size, size), m.sub(m.constant(1.0), size));
    return m.withSign(m.mul(m.constant(0.5), log1p(ratio)), x);
  }

  /// 2^(y log2 |x|), with the product in f64: its fraction then has all the bits that the result needs.
  Value pow(Value x, Value y) {
    Value size = m.abs(x), one = m.constant(1.0), infinity = m.constant(kInfinity);
    Value product = d.mul(arith::ExtFOp::create(b, doubles(), y), log2(size));
    product = d.clamp(product, -160.0, 160.0);
    constexpr double kRound = 0x1.8p52;
    Value shifted = d.add(product, d.constant(kRound)), whole = d.sub(shifted, d.constant(kRound));
    Value f = arith::TruncFOp::create(b, floats, d.sub(product, whole));
    Value n = arith::TruncIOp::create(b, integers, arith::BitcastOp::create(b, longs(), shifted));
    Value p = fma(f, polynomial(f, {0.693147182, 0.240226507, 0.0555035956, 0.00961806253, 0.00133909844, 0.000154628782}), one);
    Value result = scale(p, n);

    Value isWhole = m.equal(math::FloorOp::create(b, y), y), half = m.mul(y, m.constant(0.5));
    Value odd = arith::AndIOp::create(b, isWhole, arith::CmpFOp::create(b, arith::CmpFPredicate::ONE, math::FloorOp::create(b, half), half));
    Value sign = arith::AndIOp::create(b, bits(x), i.integer(std::numeric_limits<int32_t>::min()));
    result = number(arith::OrIOp::create(b, bits(result), m.select(odd, sign, i.integer(0))));
    Value hasNone = arith::AndIOp::create(b, m.less(x, m.constant(0.0)), arith::AndIOp::create(b, m.less(size, infinity), invert(isWhole)));
    result = m.select(hasNone, m.constant(kNaN), result);
    Value isOne = arith::OrIOp::create(b, m.equal(y, m.constant(0.0)), m.equal(x, one));
    Value endless = arith::AndIOp::create(b, m.equal(size, one), m.equal(m.abs(y), infinity));
    return m.select(arith::OrIOp::create(b, isOne, endless), one, result);
  }

private:
  Value bits(Value x) { return arith::BitcastOp::create(b, integers, x); }
  Value number(Value x) { return arith::BitcastOp::create(b, floats, x); }
  /// The first lanes of a vector, or a vector with as many more, whatever is in them.
  Value resize(Value x, int64_t lanes) {
    int64_t present = cast<VectorType>(x.getType()).getNumElements();
    if (present == lanes)
      return x;
    SmallVector<int64_t> from;
    for (int64_t lane = 0; lane < lanes; ++lane)
      from.push_back(lane % present);
    return vector::ShuffleOp::create(b, x, x, from);
  }
  Value shiftLeft(Value x, int64_t by) { return arith::ShLIOp::create(b, x, i.integer(by)); }
  Value fma(Value x, Value y, Value z) { return math::FmaOp::create(b, x, y, z); }
  VectorType doubles() { return floats.clone(b.getF64Type()); }
  VectorType longs() { return floats.clone(b.getI64Type()); }
  Value invert(Value condition) { return arith::XOrIOp::create(b, condition, m.truth()); }

  /// c[0] + c[1] x + c[2] x^2 ...
  Value polynomial(Value x, ArrayRef<double> c) {
    ElementMath own(b, x.getType());
    Value sum = own.constant(c.back());
    for (double next : llvm::reverse(c.drop_back()))
      sum = fma(sum, x, own.constant(next));
    return sum;
  }

  /// 2^n for n in [-126, 127].
  Value powerOfTwo(Value n) { return number(shiftLeft(i.add(n, i.integer(127)), 23)); }

  /// p 2^n for n in [-252, 254], rounded once: denormal results too.
  Value scale(Value p, Value n) {
    Value half = arith::ShRSIOp::create(b, n, i.integer(1));
    return m.mul(m.mul(p, powerOfTwo(half)), powerOfTwo(i.sub(n, half)));
  }

  /// x = n * unit + r with the nearest n, as an integer and as a float. |x| is below 2^22 units.
  std::pair<Value, Value> nearestMultiple(Value x, double unit) {
    constexpr double kRound = 0x1.8p23; // added, it leaves no bits for the fraction
    Value shifted = fma(x, m.constant(1.0 / unit), m.constant(kRound));
    return {i.sub(bits(shifted), i.integer(0x4b400000)), m.sub(shifted, m.constant(kRound))};
  }

  std::pair<Value, Value> reduceByLn2(Value x) {
    auto [n, multiple] = nearestMultiple(x, kLn2);
    Value r = fma(multiple, m.constant(-kLn2High), x);
    return {n, fma(multiple, m.constant(-kLn2Low), r)};
  }

  /// e^x 2^shift.
  Value exp(Value x, int64_t shift) {
    auto [n, r] = reduceByLn2(m.clamp(x, -104.0, 90.0));
    Value p = m.add(fma(m.mul(r, r), polynomial(r, {0.49999994, 0.166665211, 0.0416682772, 0.00836868677, 0.00138198223}), r), m.constant(1.0));
    return scale(p, shift == 0 ? n : i.add(n, i.integer(shift)));
  }

  /// The quadrant of x and its distance from the middle of it. Above 2^17 the multiple has more digits than three floats of pi give; there the
  /// quadrant is 0 and nothing is right: see `emitVectorFunction`.
  std::pair<Value, Value> reduceByHalfPi(Value x) {
    auto [n, multiple] = nearestMultiple(x, kHalfPi);
    Value r = fma(multiple, m.constant(-kHalfPiHigh), x); // exact
    r = fma(multiple, m.constant(4.371138828673792886547744274139404296875e-08), r);
    return {n, fma(multiple, m.constant(1.7151244994428829e-15), r)};
  }

  Value isOdd(Value n) { return i.bits(arith::CmpIPredicate::ne, arith::AndIOp::create(b, n, i.integer(1)), i.integer(0)); }

  Value sinNearZero(Value r) {
    Value z = m.mul(r, r);
    return fma(m.mul(r, z), polynomial(z, {-0.166666538, 0.00833210256, -0.000195069908}), r);
  }

  Value cosNearZero(Value r) {
    Value z = m.mul(r, r), p = polynomial(z, {0.0416666456, -0.00138873025, 2.44308812e-05});
    return fma(z, fma(z, p, m.constant(-0.5)), m.constant(1.0));
  }

  Value ofQuadrant(Value quadrant, Value r) {
    Value result = m.select(isOdd(quadrant), cosNearZero(r), sinNearZero(r));
    Value sign = shiftLeft(arith::AndIOp::create(b, quadrant, i.integer(2)), 30);
    return number(arith::XOrIOp::create(b, bits(result), sign));
  }

  /// asin of `size` in [0, 1/2], or of sqrt((1 - size) / 2) above.
  Value asinOfHalf(Value size, Value &large) {
    large = m.less(m.constant(0.5), size);
    Value z = m.select(large, m.mul(m.constant(0.5), m.sub(m.constant(1.0), size)), m.mul(size, size));
    Value s = m.select(large, m.sqrt(z), size);
    return fma(m.mul(s, z), polynomial(z, {0.166667536, 0.0749525279, 0.0454759113, 0.0241528153, 0.0422105119}), s);
  }

  /// x p(x^2) / q(x^2) for |x| below `limit`, from where on the function is 1.
  Value quotient(Value x, double limit, ArrayRef<double> p, ArrayRef<double> q) {
    Value near = m.clamp(x, -limit, limit), z = m.mul(near, near);
    return m.clamp(m.div(m.mul(near, polynomial(z, p)), polynomial(z, q)), -1.0, 1.0);
  }

  /// log(2 x) where `far`, else log1p(near).
  Value logOfSum(Value far, Value x, Value near) { return m.add(log1p(m.select(far, x, near)), m.select(far, m.constant(kLn2), m.constant(0.0))); }

  /// log2(x) in f64, for x >= 0.
  Value log2(Value x) {
    ElementMath l(b, longs());
    Value raw = arith::BitcastOp::create(b, longs(), arith::ExtFOp::create(b, doubles(), x)); // denormal numbers are none in f64
    Value high = arith::TruncIOp::create(b, integers, arith::ShRUIOp::create(b, raw, l.integer(32)));
    Value e = arith::ShRSIOp::create(b, i.sub(high, i.integer(0x3fe6a09e)), i.integer(20));
    Value mantissa =
        arith::BitcastOp::create(b, doubles(), l.sub(raw, arith::ShLIOp::create(b, arith::ExtSIOp::create(b, longs(), e), l.integer(52))));
    Value one = d.constant(1.0), s = d.div(d.sub(mantissa, one), d.add(mantissa, one));
    SmallVector<double> c; // atanh
    for (int k = 0; k < 8; ++k)
      c.push_back(2 * kLog2e / (2 * k + 1));
    Value result = fma(s, polynomial(d.mul(s, s), c), arith::SIToFPOp::create(b, doubles(), e));
    Value special = m.select(m.equal(x, m.constant(0.0)), m.constant(-kInfinity), x);
    Value isPlain = arith::AndIOp::create(b, m.less(m.constant(0.0), x), m.less(x, m.constant(kInfinity)));
    return arith::SelectOp::create(b, isPlain, result, arith::ExtFOp::create(b, doubles(), special));
  }

  ImplicitLocOpBuilder &b;
  ElementMath m, i, d; ///< f32, i32, f64
  VectorType integers, floats;
};

/// `result`, but elements that the range reduction does not cover come from the library, in a branch that is hardly ever taken.
Value patchLargeArguments(ImplicitLocOpBuilder &b, Operation *op, Value result) {
  ElementMath m(b, result.getType());
  Value large = m.less(m.constant(0x1p17), m.abs(op->getOperand(0)));
  Value any = vector::ReductionOp::create(b, vector::CombiningKind::OR, large);
  auto branch = scf::IfOp::create(b, result.getType(), any, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(b, m.select(large, emitElementByElement(b, op), result));
  b.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(b, result);
  return branch.getResult(0);
}

} // namespace

Value emitVectorFunction(ImplicitLocOpBuilder &b, Operation *op, bool avx512) {
  auto type = dyn_cast<VectorType>(op->getResult(0).getType());
  if (!type || !type.getElementType().isF32() || type.getRank() != 1)
    return {};
  VectorFunctions f(b, type);
  Value x = op->getOperand(0);
  constexpr auto kBounded = arith::FastMathFlags::ninf | arith::FastMathFlags::afn; // ElementMath::boundedExp
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](math::ExpOp exp) {
        bool isBounded = bitEnumContainsAll(exp.getFastmath(), kBounded);
        return !isBounded ? f.exp(x) : avx512 && type.getNumElements() <= 16 ? f.boundedExpByTable(x) : f.boundedExp(x);
      })
      .Case([&](math::ExpM1Op) { return f.expm1(x); })
      .Case([&](math::LogOp) { return f.log(x); })
      .Case([&](math::Log1pOp) { return f.log1p(x); })
      .Case([&](math::SinOp) { return patchLargeArguments(b, op, f.sin(x)); })
      .Case([&](math::CosOp) { return patchLargeArguments(b, op, f.cos(x)); })
      .Case([&](math::TanOp) { return patchLargeArguments(b, op, f.tan(x)); })
      .Case([&](math::AsinOp) { return f.asin(x); })
      .Case([&](math::AcosOp) { return f.acos(x); })
      .Case([&](math::AtanOp) { return f.atan(x); })
      .Case([&](math::SinhOp) { return f.sinh(x); })
      .Case([&](math::CoshOp) { return f.cosh(x); })
      .Case([&](math::TanhOp) { return f.tanh(x); })
      .Case([&](math::AsinhOp) { return f.asinh(x); })
      .Case([&](math::AcoshOp) { return f.acosh(x); })
      .Case([&](math::AtanhOp) { return f.atanh(x); })
      .Case([&](math::ErfOp) { return f.erf(x); })
      .Case([&](math::PowFOp) { return f.pow(x, op->getOperand(1)); })
      .Default([](Operation *) { return Value(); });
}

} // namespace ingot
