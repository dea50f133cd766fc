// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Elementwise/EmitElementwise.h"

using namespace mlir;

namespace ingot {
namespace {

/// x / (1 + exp(-alpha x)). Below the lower bound the result is 0 for all that f32 can tell, so x itself is held there: the exponential then never
/// overflows, which makes it a third cheaper, and the quotient of what is left needs no product. NaN stays in the numerator.
Value emitSilu(ElementMath &m, Value x, double alpha) {
  if (!(alpha > 0) || !getElementTypeOrSelf(x.getType()).isF32())
    return m.mul(x, m.sigmoid(alpha == 1.0 ? x : m.mul(m.constant(alpha), x)));
  Value held = m.atLeast(x, -kMostBoundedExp / alpha), scaled = alpha == 1.0 ? held : m.mul(m.constant(alpha), held);
  Value power = m.boundedExp(arith::NegFOp::create(m.builder(), m.atMost(scaled, -kLeastBoundedExp)));
  // One instruction with the last product of the exponential, where there is one.
  return m.div(held, arith::AddFOp::create(m.builder(), m.constant(1.0), power, arith::FastMathFlags::contract));
}

/// x clamp(x / 6 + 1/2, 0, 1), the bounds compared as integers, which run where products do not: bits of floats of at least 0 are ordered as they
/// are, those of lesser ones are negative numbers. A NaN within the bounds comes back through the product.
Value emitHardSwish(ElementMath &m, Value x) {
  Value share = m.multiplyAdd(m.constant(1.0 / 6.0), x, m.constant(0.5));
  if (!getElementTypeOrSelf(x.getType()).isF32())
    return m.mul(x, m.clamp(share, 0.0, 1.0));
  ImplicitLocOpBuilder &b = m.builder();
  auto vector = dyn_cast<VectorType>(x.getType());
  Type integers = vector ? Type(vector.clone(b.getI32Type())) : Type(b.getI32Type());
  ElementMath i(b, integers);
  constexpr int64_t kOne = 0x3f800000;
  Value bits = arith::MaxSIOp::create(b, arith::BitcastOp::create(b, integers, share), i.integer(0));
  bits = arith::MinSIOp::create(b, bits, i.integer(kOne));
  return m.mul(x, arith::BitcastOp::create(b, x.getType(), bits));
}

/// x (1/2 + x p(x^2) / q(x^2)) on vectors of f32: a fit of the smallest absolute error of what x is multiplied with, 1.4e-7 with all rounding (the
/// error function takes a third more instructions and has 2.0e-7). Beyond `limit` the factor is 0 or 1; below it x is held there too, so that nothing
/// is left of a rounding error times a large number. `q` has a leading 1 behind its last coefficient.
Value emitGelu(ElementMath &m, Value x, double limit, ArrayRef<double> p, ArrayRef<double> q) {
  ImplicitLocOpBuilder &b = m.builder();
  Value held = m.atLeast(x, -limit), near = m.atMost(held, limit), z = m.mul(near, near);
  Value above = m.constant(p.back()), below = m.add(z, m.constant(q.back()));
  for (double next : llvm::reverse(p.drop_back()))
    above = math::FmaOp::create(b, above, z, m.constant(next));
  for (double next : llvm::reverse(q.drop_back()))
    below = math::FmaOp::create(b, below, z, m.constant(next));
  return m.mul(held, m.add(m.div(m.mul(near, above), below), m.constant(0.5)));
}

Value emitFloatUnary(ImplicitLocOpBuilder &b, UnaryKind kind, Value x, double alpha, double beta) {
  ElementMath m(b, x.getType());
  bool isVector = m.isVector() && getElementTypeOrSelf(x.getType()).isF32();
  switch (kind) {
  case UnaryKind::Abs:
    return m.abs(x);
  case UnaryKind::Neg:
    return arith::NegFOp::create(b, x);
  case UnaryKind::Sign: // zeros and NaN stay what they are
    return m.select(m.less(m.constant(0.0), x), m.constant(1.0), m.select(m.less(x, m.constant(0.0)), m.constant(-1.0), x));
  case UnaryKind::Ceil:
    return math::CeilOp::create(b, x);
  case UnaryKind::Floor:
    return math::FloorOp::create(b, x);
  case UnaryKind::RoundEven:
    return math::RoundEvenOp::create(b, x);
  case UnaryKind::Sqrt:
    return m.sqrt(x);
  case UnaryKind::Reciprocal:
    return m.div(m.constant(1.0), x);
  case UnaryKind::Exp:
    return m.exp(x);
  case UnaryKind::Log:
    return m.log(x);
  case UnaryKind::Sin:
    return math::SinOp::create(b, x);
  case UnaryKind::Cos:
    return math::CosOp::create(b, x);
  case UnaryKind::Tan:
    return math::TanOp::create(b, x);
  case UnaryKind::Asin:
    return math::AsinOp::create(b, x);
  case UnaryKind::Acos:
    return math::AcosOp::create(b, x);
  case UnaryKind::Atan:
    return math::AtanOp::create(b, x);
  case UnaryKind::Sinh:
    return math::SinhOp::create(b, x);
  case UnaryKind::Cosh:
    return math::CoshOp::create(b, x);
  case UnaryKind::Tanh:
    return math::TanhOp::create(b, x);
  case UnaryKind::Asinh:
    return math::AsinhOp::create(b, x);
  case UnaryKind::Acosh:
    return math::AcoshOp::create(b, x);
  case UnaryKind::Atanh:
    return math::AtanhOp::create(b, x);
  case UnaryKind::Erf:
    return math::ErfOp::create(b, x);
  case UnaryKind::Relu:
    return m.atLeast(x, 0.0);
  case UnaryKind::LeakyRelu:
    return m.select(m.less(x, m.constant(0.0)), m.mul(m.constant(alpha), x), x);
  case UnaryKind::Elu:
    return m.select(m.less(x, m.constant(0.0)), m.mul(m.constant(alpha), m.expm1(x)), x);
  case UnaryKind::Sigmoid:
    return m.sigmoid(x);
  case UnaryKind::HardSigmoid:
    return m.clamp(m.multiplyAdd(m.constant(alpha), x, m.constant(beta)), 0.0, 1.0);
  case UnaryKind::HardSwish:
    return emitHardSwish(m, x);
  case UnaryKind::Softplus: // log(1 + exp(x)) overflows; this does not
    return m.add(m.atLeast(x, 0.0), m.log1p(m.exp(m.sub(m.constant(0.0), m.abs(x)))));
  case UnaryKind::Gelu: {
    if (isVector)
      return emitGelu(m, x, 5.3, {322464.594, 26622.0586, 3740.80835, 129.599274, 5.15619707, 0.0194397476},
                      {808298.938, 201447.734, 22744.6367, 1484.50476, 57.6743622});
    Value error = math::ErfOp::create(b, m.mul(x, m.constant(0.70710678118654752440)));
    return m.mul(m.mul(m.constant(0.5), x), m.add(m.constant(1.0), error));
  }
  case UnaryKind::GeluTanh: {
    if (isVector)
      return emitGelu(m, x, 5.0, {316581.469, 24272.3906, 2875.90259, 106.049904, 5.45345306, 0.0178908166},
                      {793552.062, 193755.672, 19367.8301, 1028.82104, 59.5072441});
    Value cube = m.mul(m.mul(x, x), x);
    Value inner = m.mul(m.constant(0.79788456080286535588), m.add(x, m.mul(m.constant(0.044715), cube)));
    return m.mul(m.mul(m.constant(0.5), x), m.add(m.constant(1.0), math::TanhOp::create(b, inner)));
  }
  case UnaryKind::Silu:
    return emitSilu(m, x, alpha);
  case UnaryKind::Not:
    return {};
  case UnaryKind::IsNan:
    return arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, x, x);
  case UnaryKind::IsInf:
    if (alpha != 0.0 && beta != 0.0)
      return m.equal(m.abs(x), m.constant(kInfinity));
    if (alpha == 0.0 && beta == 0.0)
      return arith::CmpFOp::create(b, arith::CmpFPredicate::AlwaysFalse, x, x);
    return m.equal(x, m.constant(alpha != 0.0 ? kInfinity : -kInfinity));
  }
  llvm_unreachable("every kind is handled");
}

} // namespace

Value emitUnaryKind(ImplicitLocOpBuilder &b, UnaryKind kind, Value x, Type element, double alpha, double beta) {
  ElementMath m(b, x.getType());
  if (m.isFloat())
    return emitFloatUnary(b, kind, x, alpha, beta);
  bool isUnsigned = isUnsignedElement(element);
  Value zero = m.integer(0);
  switch (kind) {
  case UnaryKind::Abs:
    return isUnsigned ? x : m.abs(x);
  case UnaryKind::Neg:
    return m.sub(zero, x);
  case UnaryKind::Sign:
    if (element.isInteger(1))
      return x;
    if (isUnsigned)
      return m.select(m.equal(x, zero), zero, m.integer(1));
    return m.select(m.less(zero, x), m.integer(1), m.select(m.less(x, zero), m.integer(-1), zero));
  case UnaryKind::Ceil:
  case UnaryKind::Floor:
  case UnaryKind::RoundEven:
    return x;
  case UnaryKind::Relu:
    return isUnsigned ? x : arith::MaxSIOp::create(b, x, zero).getResult();
  case UnaryKind::Not:
    return arith::XOrIOp::create(b, x, m.integer(-1));
  default:
    return {};
  }
}

} // namespace ingot
