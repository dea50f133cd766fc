// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Calibrate/FeedbackFactors.h"

#include <Eigen/Cholesky>
#include <cmath>

namespace ingot::compress {
namespace {

using Doubles = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic>;

/// Added to the diagonal, as a share of its mean; more only where rounding makes the matrix no positive one.
constexpr double kDamping = 0.01;
} // namespace

FloatMatrix feedbackFactors(const SecondMoments &moments, llvm::ArrayRef<int64_t> order) {
  int64_t depth = moments.depth;
  auto momentAt = [&](int64_t i, int64_t j) { return static_cast<double>(moments.sums[std::max(i, j) * depth + std::min(i, j)]); };
  double trace = 0;
  for (int64_t i = 0; i < depth; ++i)
    trace += momentAt(i, i);
  double damping = trace > 0 ? kDamping * trace / static_cast<double>(depth) : 1, added = 0;
  Doubles backwards(depth, depth); // and in its place the factor: of deep layers these matrices are the most memory that anything takes
  for (bool isDone = false; !isDone; damping *= 10) {
    added += damping;
    for (int64_t j = 0; j < depth; ++j)
      for (int64_t i = j; i < depth; ++i)
        backwards(i, j) = momentAt(order[depth - 1 - i], order[depth - 1 - j]) + (i == j ? added : 0);
    isDone = Eigen::LLT<Eigen::Ref<Doubles>>(backwards).info() == Eigen::Success;
    if (!isDone && !std::isfinite(10 * damping)) // sums beyond floats: no feedback
      return FloatMatrix::Identity(depth, depth);
  }
  Doubles inverse = Doubles::Identity(depth, depth);
  backwards.triangularView<Eigen::Lower>().solveInPlace(inverse);
  backwards.resize(0, 0);
  return inverse.reverse().cast<float>();
}

} // namespace ingot::compress
