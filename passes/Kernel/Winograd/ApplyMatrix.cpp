// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Winograd/ApplyMatrix.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot {
namespace {

struct Term {
  double factor;
  Value x;
};

Value splat(ImplicitLocOpBuilder &b, double number, Type type) {
  return arith::ConstantOp::create(b, DenseElementsAttr::get(cast<ShapedType>(type), static_cast<float>(number)));
}

/// `factor * x + sum`.
Value accumulate(ImplicitLocOpBuilder &b, const Term &term, Value sum) {
  if (term.factor == 1)
    return arith::AddFOp::create(b, sum, term.x);
  if (term.factor == -1)
    return arith::SubFOp::create(b, sum, term.x);
  return vector::FMAOp::create(b, term.x, splat(b, term.factor, term.x.getType()), sum);
}

/// The sum of the terms, of which there is at least one.
Value sumOf(ImplicitLocOpBuilder &b, SmallVector<Term> terms) {
  auto one = llvm::find_if(terms, [](const Term &term) { return term.factor == 1; });
  if (one != terms.end())
    std::swap(*one, terms.front());
  const Term &first = terms.front();
  Value sum = first.factor == 1 ? first.x : arith::MulFOp::create(b, first.x, splat(b, first.factor, first.x.getType())).getResult();
  for (const Term &term : ArrayRef(terms).drop_front())
    sum = accumulate(b, term, sum);
  return sum;
}

/// The terms of a row where `other`, times `sign`, has the same.
SmallVector<Term> commonTerms(const SmallMatrix &matrix, int64_t row, int64_t other, double sign, ArrayRef<Value> x) {
  SmallVector<Term> terms;
  for (int64_t k = 0; k < matrix.columns; ++k)
    if (double factor = matrix.at(row, k); factor != 0 && factor == sign * matrix.at(other, k))
      terms.push_back({factor, x[k]});
  return terms;
}

/// Whether two rows are `even + odd` and `even - odd`.
bool areOpposite(const SmallMatrix &matrix, int64_t row, int64_t other) {
  bool even = false, odd = false;
  for (int64_t k = 0; k < matrix.columns; ++k) {
    double a = matrix.at(row, k), b = matrix.at(other, k);
    if (a != b && a != -b)
      return false;
    even |= a != 0 && a == b;
    odd |= a != 0 && a == -b;
  }
  return even && odd;
}

SmallMatrix transposed(const SmallMatrix &matrix) {
  SmallMatrix result(matrix.columns, matrix.rows);
  for (int64_t i = 0; i < matrix.rows; ++i)
    for (int64_t k = 0; k < matrix.columns; ++k)
      result.at(k, i) = matrix.at(i, k);
  return result;
}

/// Adds up the columns of a matrix with few rows: pairs of opposite columns by their sum and their difference.
SmallVector<Value> applyByColumns(ImplicitLocOpBuilder &b, const SmallMatrix &matrix, ArrayRef<Value> x) {
  SmallMatrix columns = transposed(matrix);
  SmallVector<SmallVector<Term>> rows(matrix.rows);
  for (int64_t k = 0; k < matrix.columns; ++k) {
    if (k + 1 == matrix.columns || !areOpposite(columns, k, k + 1)) {
      for (int64_t i = 0; i < matrix.rows; ++i)
        if (double factor = matrix.at(i, k); factor != 0)
          rows[i].push_back({factor, x[k]});
      continue;
    }
    Value sum = arith::AddFOp::create(b, x[k], x[k + 1]), difference = arith::SubFOp::create(b, x[k], x[k + 1]);
    for (int64_t i = 0; i < matrix.rows; ++i)
      if (double factor = matrix.at(i, k); factor != 0)
        rows[i].push_back({factor, factor == matrix.at(i, k + 1) ? sum : difference});
    ++k;
  }
  return llvm::map_to_vector(rows, [&](const SmallVector<Term> &terms) { return sumOf(b, terms); });
}

/// Adds up the rows: pairs of opposite rows by what is even and what is odd in them.
SmallVector<Value> applyByRows(ImplicitLocOpBuilder &b, const SmallMatrix &matrix, ArrayRef<Value> x) {
  SmallVector<Value> results;
  for (int64_t i = 0; i < matrix.rows; ++i) {
    if (i + 1 == matrix.rows || !areOpposite(matrix, i, i + 1)) {
      results.push_back(sumOf(b, commonTerms(matrix, i, i, 1, x)));
      continue;
    }
    Value even = sumOf(b, commonTerms(matrix, i, i + 1, 1, x));
    SmallVector<Term> odd = commonTerms(matrix, i, i + 1, -1, x);
    double factor = odd.back().factor; // taken out, it costs nothing where the two are added
    for (Term &term : odd)
      term.factor /= factor;
    Value rest = sumOf(b, odd);
    results.append({accumulate(b, {factor, rest}, even), accumulate(b, {-factor, rest}, even)});
    ++i;
  }
  return results;
}

} // namespace

SmallVector<Value> applyMatrix(ImplicitLocOpBuilder &b, const SmallMatrix &matrix, ArrayRef<Value> x) {
  return matrix.rows < matrix.columns ? applyByColumns(b, matrix, x) : applyByRows(b, matrix, x);
}

} // namespace ingot
