// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/Memory/SizePolynomial.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>
#include <numeric>

using namespace mlir;

namespace ingot {

std::optional<SizePolynomial> SizePolynomial::boundOf(AffineExpr size, ArrayRef<SymbolRange> ranges) { return relax(size, /*up=*/true, ranges); }

/// A polynomial above `size`, or below it.
std::optional<SizePolynomial> SizePolynomial::relax(AffineExpr size, bool up, ArrayRef<SymbolRange> ranges) {
  SizePolynomial result;
  if (auto constant = dyn_cast<AffineConstantExpr>(size)) {
    result.terms[{}] = static_cast<double>(constant.getValue());
    return result;
  }
  if (auto symbol = dyn_cast<AffineSymbolExpr>(size)) {
    Powers powers(symbol.getPosition() + 1);
    powers.back() = 1;
    result.terms[powers] = 1;
    return result;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(size);
  if (!binary)
    return std::nullopt;
  AffineExpr left = binary.getLHS(), right = binary.getRHS();
  auto constant = dyn_cast<AffineConstantExpr>(right);
  bool isNegative = constant && constant.getValue() < 0;
  std::optional<SizePolynomial> x = relax(left, isNegative ? !up : up, ranges);
  if (!x)
    return std::nullopt;
  switch (size.getKind()) {
  case AffineExprKind::Add:
  case AffineExprKind::Mul: {
    std::optional<SizePolynomial> y = relax(right, up, ranges);
    if (!y)
      return std::nullopt;
    if (size.getKind() == AffineExprKind::Add)
      return *x += *y;
    // Of two factors that are not negative, the product of upper bounds is one; lower bounds may be negative.
    if (!constant && (!up || rangeOf(left, ranges).minimum < 0 || rangeOf(right, ranges).minimum < 0))
      return std::nullopt;
    return product(*x, *y);
  }
  case AffineExprKind::FloorDiv:
  case AffineExprKind::CeilDiv: {
    if (!constant || constant.getValue() <= 0)
      return std::nullopt;
    double divisor = static_cast<double>(constant.getValue());
    bool isCeil = size.getKind() == AffineExprKind::CeilDiv;
    if (isCeil == up)
      x->terms[{}] += up ? divisor - 1 : 1 - divisor;
    x->scale(1 / divisor);
    return x;
  }
  default:
    return std::nullopt;
  }
}

SizePolynomial &SizePolynomial::operator+=(const SizePolynomial &other) {
  for (const auto &[powers, factor] : other.terms)
    terms[powers] += factor;
  return *this;
}

void SizePolynomial::scale(double factor) {
  for (auto &[powers, own] : terms)
    own *= factor;
}

SizePolynomial SizePolynomial::product(const SizePolynomial &x, const SizePolynomial &y) {
  SizePolynomial result;
  for (const auto &[left, leftFactor] : x.terms)
    for (const auto &[right, rightFactor] : y.terms) {
      Powers powers(std::max(left.size(), right.size()));
      for (size_t i = 0; i < powers.size(); ++i)
        powers[i] = (i < left.size() ? left[i] : 0) + (i < right.size() ? right[i] : 0);
      result.terms[powers] += leftFactor * rightFactor;
    }
  return result;
}

void SizePolynomial::cover(const SizePolynomial &other) {
  for (auto &[powers, factor] : terms)
    if (!other.terms.count(powers))
      factor = std::max(factor, 0.0);
  for (const auto &[powers, factor] : other.terms) {
    auto [own, isNew] = terms.try_emplace(powers, std::max(factor, 0.0));
    own->second = std::max(own->second, isNew ? 0.0 : factor);
  }
}

double SizePolynomial::at(ArrayRef<int64_t> symbols) const {
  double sum = 0;
  for (const auto &[powers, factor] : terms) {
    double value = factor;
    for (size_t i = 0; i < powers.size(); ++i)
      value *= std::pow(static_cast<double>(symbols[i]), powers[i]);
    sum += value;
  }
  return sum;
}

bool SizePolynomial::isAtLeast(const SizePolynomial &other, ArrayRef<SymbolRange> ranges) const {
  // With each symbol written as its minimum and a rest that is not negative, a difference without negative coefficients is not negative.
  SizePolynomial difference;
  auto addShifted = [&](const SizePolynomial &polynomial, double sign) {
    for (const auto &[powers, factor] : polynomial.terms) {
      SizePolynomial shifted;
      shifted.terms[{}] = sign * factor;
      for (size_t i = 0; i < powers.size(); ++i) {
        SizePolynomial symbol;
        symbol.terms[{}] = static_cast<double>(ranges[i].minimum);
        Powers rest(i + 1);
        rest.back() = 1;
        symbol.terms[rest] = 1;
        for (unsigned power = 0; power < powers[i]; ++power)
          shifted = product(shifted, symbol);
      }
      difference += shifted;
    }
  };
  addShifted(*this, 1);
  addShifted(other, -1);
  return llvm::all_of(difference.terms, [](const auto &term) { return term.second >= -1e-6; });
}

std::string SizePolynomial::text(ArrayRef<StringRef> symbols) const {
  std::vector<std::pair<Powers, double>> sorted(terms.begin(), terms.end());
  auto degree = [](const Powers &powers) { return std::accumulate(powers.begin(), powers.end(), 0U); };
  llvm::sort(sorted, [&](const auto &x, const auto &y) { return std::pair(degree(y.first), x.first) < std::pair(degree(x.first), y.first); });
  std::string result;
  for (const auto &[powers, factor] : sorted) {
    bool isFine = std::abs(factor) < 100 && !powers.empty(); // hundredths are seen then
    double shown = isFine ? std::ceil(factor * 100 - 1e-6) / 100 : std::ceil(factor - 1e-6);
    if (shown == 0)
      continue;
    result += result.empty() ? (shown < 0 ? "-" : "") : shown < 0 ? " - " : " + ";
    std::string number = llvm::formatv("{0:f2}", std::abs(shown)).str();
    while (number.back() == '0')
      number.pop_back();
    if (number.back() == '.')
      number.pop_back();
    result += number;
    for (size_t i = 0; i < powers.size(); ++i)
      if (powers[i] != 0)
        result += "*" + symbols[i].str() + (powers[i] == 1 ? "" : "^" + std::to_string(powers[i]));
  }
  return result.empty() ? "0" : result;
}

} // namespace ingot
