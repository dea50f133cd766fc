// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Calibrate/SecondMoments.h"

#include "llvm/ADT/STLExtras.h"

#include <cassert>
#include <cmath>

namespace ingot::compress {
namespace {

/// Added to the diagonal, as a share of its mean; more only where rounding makes the matrix no positive one.
constexpr double kDamping = 0.01;

} // namespace

void SecondMoments::add(llvm::ArrayRef<float> rows) {
  std::vector<float> finite;
  for (size_t at = 0; at + depth <= rows.size(); at += depth)
    if (llvm::ArrayRef<float> row = rows.slice(at, depth); llvm::all_of(row, [](float x) { return std::isfinite(x); }))
      llvm::append_range(finite, row);
  if (finite.empty())
    return;
  Eigen::Map<FloatMatrix, 0, Eigen::OuterStride<>> lower(storage.data(), depth, depth, Eigen::OuterStride<>(depth + 1));
  addSquares(lower, Eigen::Map<const FloatMatrix>(finite.data(), static_cast<int64_t>(finite.size()) / depth, depth));
  factoredOrder.clear();
}

TriangleView SecondMoments::factors(llvm::ArrayRef<int64_t> order) {
  assert(static_cast<int64_t>(order.size()) == depth && "a place for each input");
  Eigen::Map<FloatMatrix, 0, Eigen::OuterStride<>> upper(storage.data() + 1, depth, depth, Eigen::OuterStride<>(depth + 1));
  const TriangleView result(storage.data() + 1, depth, depth, Eigen::OuterStride<>(depth + 1));
  if (order == llvm::ArrayRef(factoredOrder))
    return result;
  factoredOrder = order.vec();
  double trace = 0;
  for (int64_t i = 0; i < depth; ++i)
    trace += at(i, i);
  double damping = trace > 0 ? kDamping * trace / static_cast<double>(depth) : 1, added = 0;
  for (bool isDone = false; !isDone; damping *= 10) {
    added += damping;
    bool isFinite = std::isfinite(static_cast<float>(added));
    for (int64_t i = 0; i < depth; ++i)
      for (int64_t j = i; j < depth; ++j)
        upper(i, j) = isFinite ? at(order[i], order[j]) + (i == j ? static_cast<float>(added) : 0.0F) : static_cast<float>(i == j);
    isDone = !isFinite || invertedRoot(upper);
  }
  return result;
}

} // namespace ingot::compress
