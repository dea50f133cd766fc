// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Unary, binary, comparison, logic, bitwise and variadic operators: mostly rows of the table at the end.
#include "frontends/onnx/Import/Node.h"
#include "frontends/onnx/Import/Registry.h"

using namespace mlir;

namespace ingot::importer {
namespace {

template <UnaryKind kind> void importUnary(Node &n) { n.yield(n.unary(kind, n[0])); }
/// With the attributes `alpha` and `beta` of the operator.
template <UnaryKind kind> void importParameterized(Node &n) { n.yield(n.unary(kind, n[0], n.real("alpha"), n.real("beta"))); }
template <BinaryKind kind> void importBinary(Node &n) { n.yield(n.binary(kind, n[0], n[1])); }
template <Predicate predicate> void importCompare(Node &n) { n.yield(n.compare(predicate, n[0], n[1])); }

template <BinaryKind kind> Value accumulate(Node &n) {
  Value result = n[0];
  for (unsigned i = 1; i < n.size(); ++i)
    result = n.binary(kind, result, n[i]);
  return result;
}
template <BinaryKind kind> void importVariadic(Node &n) { n.yield(accumulate<kind>(n)); }

void importMean(Node &n) {
  Value sum = accumulate<BinaryKind::Add>(n);
  n.yield(n.size() == 1 ? sum : n.binary(BinaryKind::Div, sum, n.size()));
}

void importGelu(Node &n) { n.yield(n.unary(n.string("approximate") == "tanh" ? UnaryKind::GeluTanh : UnaryKind::Gelu, n[0])); }

void importIsInf(Node &n) { n.yield(n.unary(UnaryKind::IsInf, n[0], n.flag("detect_positive"), n.flag("detect_negative"))); }

/// The element type in which a power of mixed types is computed: a float side wins over an integer base.
void importPow(Node &n) {
  Value base = n[0], exponent = n[1];
  Type element = elementOf(base);
  if (isa<IntegerType>(element) && isa<FloatType>(elementOf(exponent)))
    base = n.cast(base, elementOf(exponent));
  n.yield(n.cast(n.binary(BinaryKind::Pow, base, n.cast(exponent, elementOf(base))), element));
}

void importMod(Node &n) { n.yield(n.binary(n.flag("fmod") ? BinaryKind::Fmod : BinaryKind::Mod, n[0], n[1])); }

void importBitShift(Node &n) { n.yield(n.binary(n.string("direction") == "LEFT" ? BinaryKind::Shl : BinaryKind::Shr, n[0], n[1])); }

void importPRelu(Node &n) {
  Value x = n[0], zero = n.scalar(0.0, elementOf(x));
  n.yield(n.select(n.compare(Predicate::Lt, x, zero), n.mul(x, n[1]), x));
}

/// gamma * (x > 0 ? x : alpha * (exp(x) - 1))
void importSelu(Node &n) { n.yield(n.binary(BinaryKind::Mul, n.unary(UnaryKind::Elu, n[0], n.real("alpha")), n.real("gamma"))); }

/// max(0, x) + min(0, alpha * (exp(x / alpha) - 1)), which is alpha * elu(x / alpha).
void importCelu(Node &n) {
  double alpha = n.real("alpha");
  n.yield(n.binary(BinaryKind::Mul, n.unary(UnaryKind::Elu, n.binary(BinaryKind::Div, n[0], alpha), 1.0), alpha));
}

void importSoftsign(Node &n) { n.yield(n.div(n[0], n.binary(BinaryKind::Add, n.unary(UnaryKind::Abs, n[0]), 1.0))); }

void importThresholdedRelu(Node &n) {
  Value x = n[0], zero = n.scalar(0.0, elementOf(x));
  n.yield(n.select(n.compare(Predicate::Gt, x, n.scalar(n.real("alpha"), elementOf(x))), x, zero));
}

void importClipWithAttributes(Node &n) {
  Value x = n[0];
  if (n.hasAttribute("min"))
    x = n.binary(BinaryKind::Max, x, n.real("min"));
  if (n.hasAttribute("max"))
    x = n.binary(BinaryKind::Min, x, n.real("max"));
  n.yield(x);
}

void importClip(Node &n) {
  Value x = n[0];
  if (n.has(1))
    x = n.binary(BinaryKind::Max, x, n[1]);
  if (n.has(2))
    x = n.binary(BinaryKind::Min, x, n[2]);
  n.yield(x);
}

void importWhere(Node &n) { n.yield(n.select(n[0], n[1], n[2])); }

constexpr OpRow kElementwiseOps[] = {
    {"Abs", importUnary<UnaryKind::Abs>},
    {"Acos", importUnary<UnaryKind::Acos>},
    {"Acosh", importUnary<UnaryKind::Acosh>},
    {"Add", importBinary<BinaryKind::Add>},
    {"And", importBinary<BinaryKind::And>},
    {"Asin", importUnary<UnaryKind::Asin>},
    {"Asinh", importUnary<UnaryKind::Asinh>},
    {"Atan", importUnary<UnaryKind::Atan>},
    {"Atanh", importUnary<UnaryKind::Atanh>},
    {"BitShift", importBitShift},
    {"BitwiseAnd", importBinary<BinaryKind::And>},
    {"BitwiseNot", importUnary<UnaryKind::Not>},
    {"BitwiseOr", importBinary<BinaryKind::Or>},
    {"BitwiseXor", importBinary<BinaryKind::Xor>},
    {"Ceil", importUnary<UnaryKind::Ceil>},
    {"Celu", importCelu},
    {"Clip", importClip, 11},
    {"Clip", importClipWithAttributes, 1, 6},
    {"Cos", importUnary<UnaryKind::Cos>},
    {"Cosh", importUnary<UnaryKind::Cosh>},
    {"Div", importBinary<BinaryKind::Div>},
    {"Elu", importParameterized<UnaryKind::Elu>},
    {"Equal", importCompare<Predicate::Eq>},
    {"Erf", importUnary<UnaryKind::Erf>},
    {"Exp", importUnary<UnaryKind::Exp>},
    {"Floor", importUnary<UnaryKind::Floor>},
    {"Gelu", importGelu},
    {"Greater", importCompare<Predicate::Gt>},
    {"GreaterOrEqual", importCompare<Predicate::Ge>},
    {"HardSigmoid", importParameterized<UnaryKind::HardSigmoid>},
    {"HardSwish", importUnary<UnaryKind::HardSwish>},
    {"IsInf", importIsInf},
    {"IsNaN", importUnary<UnaryKind::IsNan>},
    {"LeakyRelu", importParameterized<UnaryKind::LeakyRelu>},
    {"Less", importCompare<Predicate::Lt>},
    {"LessOrEqual", importCompare<Predicate::Le>},
    {"Log", importUnary<UnaryKind::Log>},
    {"Max", importVariadic<BinaryKind::Max>},
    {"Mean", importMean},
    {"Min", importVariadic<BinaryKind::Min>},
    {"Mod", importMod},
    {"Mul", importBinary<BinaryKind::Mul>},
    {"Neg", importUnary<UnaryKind::Neg>},
    {"Not", importUnary<UnaryKind::Not>},
    {"Or", importBinary<BinaryKind::Or>},
    {"PRelu", importPRelu},
    {"Pow", importPow},
    {"Reciprocal", importUnary<UnaryKind::Reciprocal>},
    {"Relu", importUnary<UnaryKind::Relu>},
    {"Round", importUnary<UnaryKind::RoundEven>},
    {"Selu", importSelu},
    {"Sigmoid", importUnary<UnaryKind::Sigmoid>},
    {"Sign", importUnary<UnaryKind::Sign>},
    {"Sin", importUnary<UnaryKind::Sin>},
    {"Sinh", importUnary<UnaryKind::Sinh>},
    {"Softplus", importUnary<UnaryKind::Softplus>},
    {"Softsign", importSoftsign},
    {"Sqrt", importUnary<UnaryKind::Sqrt>},
    {"Sub", importBinary<BinaryKind::Sub>},
    {"Sum", importVariadic<BinaryKind::Add>},
    {"Swish", importParameterized<UnaryKind::Silu>},
    {"Tan", importUnary<UnaryKind::Tan>},
    {"Tanh", importUnary<UnaryKind::Tanh>},
    {"ThresholdedRelu", importThresholdedRelu},
    {"Where", importWhere},
    {"Xor", importBinary<BinaryKind::Xor>},
};

} // namespace

ArrayRef<OpRow> elementwiseOps() { return kElementwiseOps; }

} // namespace ingot::importer
