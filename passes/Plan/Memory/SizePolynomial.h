// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_SIZEPOLYNOMIAL_H
#define PASSES_PLAN_SIZEPOLYNOMIAL_H

#include "dialects/Ingot/SymbolicDims.h"
#include "llvm/ADT/StringRef.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ingot {

/// A size as people read it: a sum of products of symbols, without the divisions that round. For sizes that are never negative.
class SizePolynomial {
public:
  /// A polynomial that is nowhere in `ranges` less than `size`, and no more than the rounding of its divisions above it. Null where none is known.
  static std::optional<SizePolynomial> boundOf(mlir::AffineExpr size, llvm::ArrayRef<SymbolRange> ranges);

  SizePolynomial &operator+=(const SizePolynomial &other);

  /// For each term the larger coefficient: at least as large as both everywhere.
  void cover(const SizePolynomial &other);

  double at(llvm::ArrayRef<int64_t> symbols) const;

  /// Whether this is at least `other` for all values from the minima of `ranges` on, as far as the signs of coefficients tell.
  bool isAtLeast(const SizePolynomial &other, llvm::ArrayRef<SymbolRange> ranges) const;

  /// "4608*batch*sequence + 48*batch*sequence^2 + 127", rounded up to what is printed.
  std::string text(llvm::ArrayRef<llvm::StringRef> symbols) const;

private:
  using Powers = std::vector<unsigned>; ///< of each symbol; the last is not 0

  static std::optional<SizePolynomial> relax(mlir::AffineExpr size, bool up, llvm::ArrayRef<SymbolRange> ranges);
  static SizePolynomial product(const SizePolynomial &x, const SizePolynomial &y);
  void scale(double factor);

  std::map<Powers, double> terms;
};

} // namespace ingot

#endif
