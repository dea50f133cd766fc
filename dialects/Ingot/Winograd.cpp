// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Winograd.h"

#include <cassert>

namespace ingot {
namespace {

/// The finite points at which polynomials are evaluated. Exact in f32 with all of their powers and products; in pairs of opposite ones, which share
/// half of the work. Those of F(4, 3) have the least error of all such points in steps of 1/8: a quarter of that of 0, 1, -1, 2, -2.
llvm::ArrayRef<double> pointsOf(int64_t tile) {
  static constexpr double kTwo[] = {0, 1, -1}, kFour[] = {0, 0.625, -0.625, 1.5, -1.5};
  assert((tile == 2 || tile == 4) && "there is no such Winograd tile");
  return tile == 2 ? llvm::ArrayRef(kTwo) : llvm::ArrayRef(kFour);
}

/// The product of (x - point) over all points but `except` (-1: none), by rising powers of x.
std::vector<double> polynomial(llvm::ArrayRef<double> points, int64_t except) {
  std::vector<double> product = {1};
  for (int64_t i = 0; i < static_cast<int64_t>(points.size()); ++i) {
    if (i == except)
      continue;
    product.insert(product.begin(), 0);
    for (size_t k = 0; k + 1 < product.size(); ++k)
      product[k] -= points[i] * product[k + 1];
  }
  return product;
}

/// The polynomial above at its own point: what the filter is divided by there.
double divisor(llvm::ArrayRef<double> points, int64_t own) {
  double product = 1;
  for (int64_t i = 0; i < static_cast<int64_t>(points.size()); ++i)
    if (i != own)
      product *= points[own] - points[i];
  return product;
}

} // namespace

SmallMatrix winogradFilter(int64_t tile) {
  llvm::ArrayRef<double> points = pointsOf(tile);
  SmallMatrix filter(tile + 2, 3);
  filter.at(0, 2) = 1;
  for (int64_t i = 0; i <= tile; ++i)
    for (int64_t k = 0; k < 3; ++k)
      filter.at(i + 1, k) = (k == 0 ? 1 : filter.at(i + 1, k - 1) * points[i]) / (k == 0 ? divisor(points, i) : 1);
  return filter;
}

WinogradTransform winogradTransform(int64_t tile, int64_t outputs) {
  assert(outputs >= 1 && outputs <= tile && "a tile has at most its own number of outputs");
  llvm::ArrayRef<double> all = pointsOf(tile), points = all.take_front(outputs + 1);
  WinogradTransform transform{SmallMatrix(outputs + 2, outputs + 2), SmallMatrix(outputs, outputs + 2)};
  auto setInput = [&](int64_t row, llvm::ArrayRef<double> coefficients, double factor) {
    for (size_t k = 0; k < coefficients.size(); ++k)
      transform.input.at(row, k) = coefficients[k] * factor;
  };
  setInput(0, polynomial(points, -1), 1);
  transform.output.at(outputs - 1, 0) = 1;
  for (int64_t i = 0; i <= outputs; ++i) {
    setInput(i + 1, polynomial(points, i), divisor(all, i) / divisor(points, i));
    for (int64_t k = 0; k < outputs; ++k)
      transform.output.at(k, i + 1) = k == 0 ? 1 : transform.output.at(k - 1, i + 1) * points[i];
  }
  return transform;
}

SmallMatrix winogradFilters(int64_t tile) {
  SmallMatrix one = winogradFilter(tile), both(one.rows * one.rows, 9);
  for (int64_t row = 0; row < both.rows; ++row)
    for (int64_t tap = 0; tap < 9; ++tap)
      both.at(row, tap) = one.at(row / one.rows, tap / 3) * one.at(row % one.rows, tap % 3);
  return both;
}

} // namespace ingot
