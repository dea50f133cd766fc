// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Constants.h"
#include "passes/Graph/Composites.h"
#include "passes/Graph/ConstantOperands.h"

#include <cmath>
#include <numbers>

using namespace mlir;

namespace ingot {

bool isAbout(double value, double meant) { return std::fabs(value - meant) <= 5e-6 * std::fabs(meant); }

std::optional<WithSplat> matchSplat(Value value, BinaryKind kind) {
  auto op = value.getDefiningOp<BinaryOp>();
  if (!op || op.getKind() != kind)
    return std::nullopt;
  if (std::optional<double> splat = getConstantSplat(op.getRhs()); splat && op.getLhs().getType() == op.getType())
    return WithSplat{op.getLhs(), *splat};
  bool commutes = llvm::is_contained({BinaryKind::Add, BinaryKind::Mul, BinaryKind::Min, BinaryKind::Max}, kind);
  if (std::optional<double> splat = getConstantSplat(op.getLhs()); commutes && splat && op.getRhs().getType() == op.getType())
    return WithSplat{op.getRhs(), *splat};
  return std::nullopt;
}

Value matchUnary(Value value, UnaryKind kind) {
  auto op = value.getDefiningOp<UnaryOp>();
  return op && op.getKind() == kind ? op.getX() : Value();
}

namespace {

/// A tree of products taken apart: `scale` times the factors.
struct Product {
  SmallVector<Value, 4> factors;
  double scale = 1.0;

  /// Removes one factor equal to `value`; false when there is none.
  bool take(Value value) {
    auto found = llvm::find(factors, value);
    if (found == factors.end())
      return false;
    factors.erase(found);
    return true;
  }
};

void collectFactors(Value value, Product &product) {
  if (std::optional<WithSplat> scaled = matchSplat(value, BinaryKind::Mul)) {
    product.scale *= scaled->splat;
    return collectFactors(scaled->x, product);
  }
  if (std::optional<WithSplat> scaled = matchSplat(value, BinaryKind::Div)) {
    product.scale /= scaled->splat;
    return collectFactors(scaled->x, product);
  }
  if (std::optional<WithSplat> power = matchSplat(value, BinaryKind::Pow); power && (power->splat == 2.0 || power->splat == 3.0)) {
    product.factors.append(static_cast<size_t>(power->splat), power->x);
    return;
  }
  auto op = value.getDefiningOp<BinaryOp>();
  constexpr size_t kEnough = 4; // no activation has more, and a chain of squares would have 2^n
  if (op && op.getKind() == BinaryKind::Mul && op.getLhs().getType() == op.getType() && op.getRhs().getType() == op.getType() &&
      product.factors.size() < kEnough) {
    collectFactors(op.getLhs(), product);
    return collectFactors(op.getRhs(), product);
  }
  product.factors.push_back(value);
}

Product factorsOf(Value value) {
  Product product;
  collectFactors(value, product);
  return product;
}

/// x of min(max(x + 3, 0), 6), in either order; null for anything else.
Value matchShiftedRelu6(Value value) {
  for (auto [outer, inner] : {std::pair(BinaryKind::Min, BinaryKind::Max), std::pair(BinaryKind::Max, BinaryKind::Min)}) {
    std::optional<WithSplat> second = matchSplat(value, outer);
    std::optional<WithSplat> first = second ? matchSplat(second->x, inner) : std::nullopt;
    if (!first || first->splat != (inner == BinaryKind::Max ? 0.0 : 6.0) || second->splat != (outer == BinaryKind::Max ? 0.0 : 6.0))
      continue;
    if (std::optional<WithSplat> shifted = matchSplat(first->x, BinaryKind::Add); shifted && shifted->splat == 3.0)
      return shifted->x;
  }
  return {};
}

/// An activation of `x`.
struct Activation {
  UnaryKind kind;
  Value x;
  double alpha = 0.0, beta = 0.0;
};

/// x * sigmoid(alpha * x)
std::optional<Activation> matchSilu(const Product &product) {
  if (product.factors.size() != 2 || product.scale != 1.0)
    return std::nullopt;
  for (auto [gate, x] : {std::pair(product.factors[0], product.factors[1]), std::pair(product.factors[1], product.factors[0])})
    if (Value inner = matchUnary(gate, UnaryKind::Sigmoid)) {
      if (inner == x)
        return Activation{UnaryKind::Silu, x, 1.0};
      if (std::optional<WithSplat> scaled = matchSplat(inner, BinaryKind::Mul); scaled && scaled->x == x)
        return Activation{UnaryKind::Silu, x, scaled->splat};
    }
  return std::nullopt;
}

/// x * hard_sigmoid(x) or x * relu6(x + 3) / 6; without the x it is a hard sigmoid.
std::optional<Activation> matchHard(const Product &product) {
  if (product.factors.size() == 1 && isAbout(product.scale, 1.0 / 6.0))
    if (Value x = matchShiftedRelu6(product.factors[0]))
      return Activation{UnaryKind::HardSigmoid, x, 1.0 / 6.0, 0.5};
  if (product.factors.size() != 2)
    return std::nullopt;
  for (auto [gate, x] : {std::pair(product.factors[0], product.factors[1]), std::pair(product.factors[1], product.factors[0])}) {
    if (isAbout(product.scale, 1.0 / 6.0) && matchShiftedRelu6(gate) == x)
      return Activation{UnaryKind::HardSwish, x};
    auto unary = gate.getDefiningOp<UnaryOp>();
    if (product.scale == 1.0 && unary && unary.getKind() == UnaryKind::HardSigmoid && unary.getX() == x &&
        isAbout(unary.getAlpha().convertToDouble(), 1.0 / 6.0) && unary.getBeta().convertToDouble() == 0.5)
      return Activation{UnaryKind::HardSwish, x};
  }
  return std::nullopt;
}

/// Whether `value` is sqrt(2 / pi) * (x + 0.044715 * x^3).
bool isGeluTanhArgument(Value value, Value x) {
  Product outer = factorsOf(value);
  if (outer.take(x)) { // x * (1 + 0.044715 * x^2), the x taken out
    std::optional<WithSplat> sum = outer.factors.size() == 1 ? matchSplat(outer.factors[0], BinaryKind::Add) : std::nullopt;
    Product square = sum ? factorsOf(sum->x) : Product();
    return sum && sum->splat == 1.0 && isAbout(outer.scale, std::sqrt(2.0 / std::numbers::pi)) && isAbout(square.scale, 0.044715) && square.take(x) &&
           square.take(x) && square.factors.empty();
  }
  auto sum = outer.factors.size() == 1 ? outer.factors[0].getDefiningOp<BinaryOp>() : BinaryOp();
  if (!sum || sum.getKind() != BinaryKind::Add || !isAbout(outer.scale, std::sqrt(2.0 / std::numbers::pi)))
    return false;
  Value other = sum.getLhs() == x ? sum.getRhs() : sum.getRhs() == x ? sum.getLhs() : Value();
  Product cube = other ? factorsOf(other) : Product();
  return isAbout(cube.scale, 0.044715) && cube.take(x) && cube.take(x) && cube.take(x) && cube.factors.empty();
}

/// 0.5 * x * (1 + erf(x / sqrt(2))), and the same with tanh
std::optional<Activation> matchGelu(const Product &product) {
  if (product.factors.size() != 2 || product.scale != 0.5)
    return std::nullopt;
  for (auto [gate, x] : {std::pair(product.factors[0], product.factors[1]), std::pair(product.factors[1], product.factors[0])}) {
    std::optional<WithSplat> shifted = matchSplat(gate, BinaryKind::Add);
    if (!shifted || shifted->splat != 1.0)
      continue;
    if (Value argument = matchUnary(shifted->x, UnaryKind::Erf)) {
      Product inner = factorsOf(argument);
      if (isAbout(inner.scale, 1.0 / std::numbers::sqrt2) && inner.factors.size() == 1 && inner.factors[0] == x)
        return Activation{UnaryKind::Gelu, x};
    }
    if (Value argument = matchUnary(shifted->x, UnaryKind::Tanh); argument && isGeluTanhArgument(argument, x))
      return Activation{UnaryKind::GeluTanh, x};
  }
  return std::nullopt;
}

/// A tree of products that is an activation -> ingot.unary
struct ProductToActivation : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    if ((op.getKind() != BinaryKind::Mul && op.getKind() != BinaryKind::Div) ||
        !isa<FloatType>(cast<RankedTensorType>(op.getType()).getElementType()))
      return rewriter.notifyMatchFailure(op, "not a product of floats");
    Product product = factorsOf(op);
    for (auto match : {matchSilu, matchHard, matchGelu})
      if (std::optional<Activation> found = match(product); found && found->x.getType() == op.getType()) {
        auto unary = UnaryOp::create(rewriter, op.getLoc(), found->kind, found->x, llvm::APFloat(found->alpha), llvm::APFloat(found->beta));
        copyValueNames(op, unary);
        rewriter.replaceOp(op, unary);
        return success();
      }
    return rewriter.notifyMatchFailure(op, "not a known activation");
  }
};

/// x ^ 2 -> x * x, x ^ -1 -> 1 / x, and the powers by a half, which as functions of two elements cost ten times more. Square roots differ from the
/// powers at -0 and -inf only, where models have no business.
struct PowerToProduct : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    std::optional<WithSplat> power = matchSplat(op, BinaryKind::Pow);
    if (!power || !isa<FloatType>(cast<RankedTensorType>(op.getType()).getElementType()))
      return rewriter.notifyMatchFailure(op, "not a power of floats by a constant");
    auto unary = [&](UnaryKind kind, Value x) -> Value {
      return UnaryOp::create(rewriter, op.getLoc(), kind, x, llvm::APFloat(0.0), llvm::APFloat(0.0));
    };
    Value result;
    if (power->splat == 2.0)
      result = BinaryOp::create(rewriter, op.getLoc(), BinaryKind::Mul, power->x, power->x);
    else if (power->splat == -1.0)
      result = unary(UnaryKind::Reciprocal, power->x);
    else if (std::fabs(power->splat) == 0.5)
      result = unary(UnaryKind::Sqrt, power->x);
    else
      return rewriter.notifyMatchFailure(op, "no cheaper form of this power");
    if (power->splat == -0.5)
      result = unary(UnaryKind::Reciprocal, result);
    copyValueNames(op, result);
    rewriter.replaceOp(op, result);
    return success();
  }
};

} // namespace

void populateActivationPatterns(RewritePatternSet &patterns) { patterns.add<ProductToActivation, PowerToProduct>(patterns.getContext()); }

} // namespace ingot
