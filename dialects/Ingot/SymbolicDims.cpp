// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/SymbolicDims.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

#include <limits>
#include <map>
#include <numeric>

using namespace mlir;

namespace ingot {
namespace {

/// A factor that is not multiplied out: a symbol, or a floor division.
struct Atom {
  AffineExpr expr;
  std::string name; ///< orders atoms, and so makes the normal form the same in every run

  explicit Atom(AffineExpr expr) : expr(expr) { llvm::raw_string_ostream(name) << expr; }
  bool operator<(const Atom &other) const { return name < other.name; }
  bool operator==(const Atom &other) const { return expr == other.expr; }
};

using Product = std::vector<Atom>; ///< sorted

/// Products with the higher degree first, so that constants come last.
struct ByDegree {
  bool operator()(const Product &a, const Product &b) const { return a.size() != b.size() ? a.size() > b.size() : a < b; }
};

/// A sum of integer multiples of products.
struct Polynomial {
  std::map<Product, int64_t, ByDegree> terms;

  void add(const Product &product, int64_t factor) {
    auto [it, inserted] = terms.try_emplace(product, 0);
    it->second += factor;
    if (it->second == 0)
      terms.erase(it);
  }
  void add(const Polynomial &other, int64_t factor) {
    for (const auto &[product, count] : other.terms)
      add(product, count * factor);
  }
  int64_t constant() const {
    auto it = terms.find(Product());
    return it == terms.end() ? 0 : it->second;
  }
};

Polynomial multiply(const Polynomial &a, const Polynomial &b) {
  Polynomial result;
  for (const auto &[x, i] : a.terms)
    for (const auto &[y, j] : b.terms) {
      Product product;
      std::merge(x.begin(), x.end(), y.begin(), y.end(), std::back_inserter(product));
      result.add(product, i * j);
    }
  return result;
}

Polynomial expand(AffineExpr expr);

AffineExpr toExpr(const Polynomial &polynomial, MLIRContext *context) {
  AffineExpr sum = getAffineConstantExpr(0, context);
  for (const auto &[product, count] : polynomial.terms) {
    AffineExpr term = getAffineConstantExpr(count, context);
    for (const Atom &atom : product)
      term = atom.expr * term;
    sum = sum + term;
  }
  return sum;
}

/// floor(x / divisor): what divides comes out; a division of a division is one.
Polynomial floorDivide(const Polynomial &x, int64_t divisor, MLIRContext *context) {
  Polynomial quotient, rest;
  for (const auto &[product, count] : x.terms) {
    int64_t whole = product.empty() ? llvm::divideFloorSigned(count, divisor) : count / divisor;
    quotient.add(product, whole);
    rest.add(product, count - whole * divisor);
  }
  if (rest.terms.empty() || (rest.terms.size() == 1 && rest.constant() != 0)) // a constant below the divisor
    return quotient;
  int64_t shift = rest.constant();
  if (rest.terms.size() == (shift == 0 ? 1u : 2u)) {
    const auto &[product, count] = *rest.terms.begin();
    auto inner = product.size() == 1 ? dyn_cast<AffineBinaryOpExpr>(product.front().expr) : AffineBinaryOpExpr(nullptr);
    if (inner && count == 1) { // (floor(y / a) + shift) / divisor = (y + a * shift) / (a * divisor)
      int64_t by = cast<AffineConstantExpr>(inner.getRHS()).getValue();
      Polynomial dividend = expand(inner.getLHS());
      dividend.add(Product(), by * shift);
      quotient.add(floorDivide(dividend, by * divisor, context), 1);
      return quotient;
    }
  }
  AffineExpr dividend = toExpr(rest, context);
  quotient.add({Atom(getAffineBinaryOpExpr(AffineExprKind::FloorDiv, dividend, getAffineConstantExpr(divisor, context)))}, 1);
  return quotient;
}

Polynomial expand(AffineExpr expr) {
  Polynomial result;
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    result.add(Product(), constant.getValue());
    return result;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary) {
    result.add({Atom(expr)}, 1);
    return result;
  }
  Polynomial lhs = expand(binary.getLHS());
  auto divisor = dyn_cast<AffineConstantExpr>(binary.getRHS());
  bool divides = divisor && divisor.getValue() > 0;
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    lhs.add(expand(binary.getRHS()), 1);
    return lhs;
  case AffineExprKind::Mul:
    return multiply(lhs, expand(binary.getRHS()));
  case AffineExprKind::CeilDiv:
    if (!divides)
      break;
    lhs.add(Product(), divisor.getValue() - 1);
    return floorDivide(lhs, divisor.getValue(), expr.getContext());
  case AffineExprKind::FloorDiv:
    if (!divides)
      break;
    return floorDivide(lhs, divisor.getValue(), expr.getContext());
  case AffineExprKind::Mod: // x - divisor * floor(x / divisor)
    if (!divides)
      break;
    lhs.add(floorDivide(lhs, divisor.getValue(), expr.getContext()), -divisor.getValue());
    return lhs;
  default:
    break;
  }
  result.add({Atom(expr)}, 1);
  return result;
}

int64_t saturate(__int128 value) {
  using Limits = std::numeric_limits<int64_t>;
  return value > Limits::max() ? Limits::max() : value < Limits::min() ? Limits::min() : static_cast<int64_t>(value);
}

} // namespace

AffineExpr simplifyDim(AffineExpr dim) { return isa<AffineBinaryOpExpr>(dim) ? toExpr(expand(dim), dim.getContext()) : dim; }

unsigned countSymbols(AffineExpr dim) {
  unsigned count = 0;
  dim.walk([&](AffineExpr expr) {
    if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
      count = std::max(count, symbol.getPosition() + 1);
  });
  return count;
}

AffineExpr divideDim(AffineExpr dim, AffineExpr divisor) {
  Polynomial rest = expand(dim), by = expand(divisor), quotient;
  if (by.terms.empty())
    return nullptr;
  // Long division by the leading term; each step removes the leading term of what is left.
  const auto &[leading, leadingCount] = *by.terms.begin();
  while (!rest.terms.empty()) {
    const auto [product, count] = *rest.terms.begin();
    Product left;
    std::set_difference(product.begin(), product.end(), leading.begin(), leading.end(), std::back_inserter(left));
    if (left.size() + leading.size() != product.size() || count % leadingCount != 0)
      return nullptr;
    quotient.add(left, count / leadingCount);
    Polynomial step;
    step.add(left, count / leadingCount);
    rest.add(multiply(step, by), -1);
  }
  return toExpr(quotient, dim.getContext());
}

AffineExpr productOf(ArrayRef<AffineExpr> dims, MLIRContext *context) {
  AffineExpr product = getAffineConstantExpr(1, context);
  for (AffineExpr dim : dims)
    product = product * dim;
  return simplifyDim(product);
}

int64_t evaluateDim(AffineExpr dim, ArrayRef<int64_t> symbols) {
  if (auto constant = dyn_cast<AffineConstantExpr>(dim))
    return constant.getValue();
  if (auto symbol = dyn_cast<AffineSymbolExpr>(dim))
    return symbols[symbol.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(dim);
  int64_t a = evaluateDim(binary.getLHS(), symbols), b = evaluateDim(binary.getRHS(), symbols);
  switch (dim.getKind()) {
  case AffineExprKind::Add:
    return saturate(static_cast<__int128>(a) + b);
  case AffineExprKind::Mul:
    return saturate(static_cast<__int128>(a) * b);
  case AffineExprKind::FloorDiv:
    return llvm::divideFloorSigned(a, b);
  case AffineExprKind::CeilDiv:
    return llvm::divideCeilSigned(a, b);
  default:
    return llvm::mod(a, b);
  }
}

namespace {

/// By interval arithmetic, which does not see that the same symbol is in both parts of a sum.
SymbolRange intervalOf(AffineExpr dim, ArrayRef<SymbolRange> symbols) {
  if (auto constant = dyn_cast<AffineConstantExpr>(dim))
    return {constant.getValue(), constant.getValue()};
  if (auto symbol = dyn_cast<AffineSymbolExpr>(dim))
    return symbols[symbol.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(dim);
  SymbolRange a = intervalOf(binary.getLHS(), symbols), b = intervalOf(binary.getRHS(), symbols);
  auto corners = [&](auto combine) {
    int64_t values[] = {combine(a.minimum, b.minimum), combine(a.minimum, b.maximum), combine(a.maximum, b.minimum), combine(a.maximum, b.maximum)};
    return SymbolRange{*llvm::min_element(values), *llvm::max_element(values)};
  };
  switch (dim.getKind()) {
  case AffineExprKind::Add:
    return {saturate(static_cast<__int128>(a.minimum) + b.minimum), saturate(static_cast<__int128>(a.maximum) + b.maximum)};
  case AffineExprKind::Mul:
    return corners([](int64_t x, int64_t y) { return saturate(static_cast<__int128>(x) * y); });
  case AffineExprKind::FloorDiv:
    return corners([](int64_t x, int64_t y) { return y == 0 ? 0 : llvm::divideFloorSigned(x, y); });
  case AffineExprKind::CeilDiv:
    return corners([](int64_t x, int64_t y) { return y == 0 ? 0 : llvm::divideCeilSigned(x, y); });
  default:
    return {0, std::max<int64_t>(b.maximum - 1, 0)};
  }
}

/// The division of a product that `relax` replaces: the first one by a number. Null if there is none.
AffineBinaryOpExpr divisionIn(const Product &product) {
  for (const Atom &atom : product)
    if (atom.expr.getKind() == AffineExprKind::FloorDiv && isa<AffineConstantExpr>(cast<AffineBinaryOpExpr>(atom.expr).getRHS()))
      return cast<AffineBinaryOpExpr>(atom.expr);
  return AffineBinaryOpExpr(nullptr);
}

/// A lower bound in which terms cancel that differ in a floor division only: `floor(y / d)` is at least `(y - d + 1) / d` and at most `y / d`.
int64_t relaxedMinimum(const Polynomial &x, ArrayRef<SymbolRange> symbols, MLIRContext *context) {
  constexpr int64_t kUnknown = std::numeric_limits<int64_t>::min(), kMaxScale = 1 << 20;
  int64_t scale = 1, step = 0; // the bound is computed for `scale * x`; x is a multiple of `step`
  for (const auto &[product, count] : x.terms) {
    step = std::gcd(step, count);
    if (auto division = divisionIn(product))
      scale = std::lcm(scale, cast<AffineConstantExpr>(division.getRHS()).getValue());
    if (scale > kMaxScale)
      return kUnknown;
  }
  Polynomial relaxed;
  for (const auto &[product, count] : x.terms) {
    AffineBinaryOpExpr division = divisionIn(product);
    if (!division) {
      relaxed.add(product, count * scale);
      continue;
    }
    int64_t divisor = cast<AffineConstantExpr>(division.getRHS()).getValue();
    Product others(product);
    others.erase(llvm::find(others, Atom(division)));
    for (const Atom &other : others)
      if (intervalOf(other.expr, symbols).minimum < 0)
        return kUnknown;
    Polynomial factor, quotient = expand(division.getLHS());
    factor.add(others, count * (scale / divisor));
    if (count > 0)
      quotient.add(Product(), 1 - divisor);
    relaxed.add(multiply(factor, quotient), 1);
  }
  int64_t minimum = intervalOf(toExpr(relaxed, context), symbols).minimum;
  if (step == 0)
    return 0;
  if (minimum < kUnknown / kMaxScale)
    return kUnknown;
  return llvm::divideCeilSigned(llvm::divideCeilSigned(minimum, scale), step) * step;
}

} // namespace

SymbolRange rangeOf(AffineExpr dim, ArrayRef<SymbolRange> symbols) {
  SymbolRange range = intervalOf(dim, symbols);
  if (dim.getKind() != AffineExprKind::Add && dim.getKind() != AffineExprKind::Mul)
    return range;
  Polynomial x = expand(dim), negative;
  negative.add(x, -1);
  range.minimum = std::max(range.minimum, relaxedMinimum(x, symbols, dim.getContext()));
  int64_t maximum = relaxedMinimum(negative, symbols, dim.getContext());
  if (maximum != std::numeric_limits<int64_t>::min())
    range.maximum = std::min(range.maximum, -maximum);
  return range;
}

Value materializeDim(ImplicitLocOpBuilder &b, AffineExpr dim, ValueRange symbols) {
  if (auto constant = dyn_cast<AffineConstantExpr>(dim))
    return arith::ConstantIndexOp::create(b, constant.getValue());
  if (auto symbol = dyn_cast<AffineSymbolExpr>(dim))
    return symbols[symbol.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(dim);
  Value lhs = materializeDim(b, binary.getLHS(), symbols), rhs = materializeDim(b, binary.getRHS(), symbols);
  switch (dim.getKind()) {
  case AffineExprKind::Add:
    return b.createOrFold<arith::AddIOp>(lhs, rhs);
  case AffineExprKind::Mul:
    return b.createOrFold<arith::MulIOp>(lhs, rhs);
  case AffineExprKind::FloorDiv:
    return b.createOrFold<arith::FloorDivSIOp>(lhs, rhs);
  case AffineExprKind::CeilDiv:
    return b.createOrFold<arith::CeilDivSIOp>(lhs, rhs);
  default: { // the remainder of the floor division
    Value quotient = b.createOrFold<arith::FloorDivSIOp>(lhs, rhs);
    return b.createOrFold<arith::SubIOp>(lhs, b.createOrFold<arith::MulIOp>(quotient, rhs));
  }
  }
}

} // namespace ingot
