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
  Doubles backwards(depth, depth);
  for (int64_t j = 0; j < depth; ++j)
    for (int64_t i = j; i < depth; ++i)
      backwards(i, j) = momentAt(order[depth - 1 - i], order[depth - 1 - j]);
  double trace = backwards.trace(), damping = trace > 0 ? kDamping * trace / static_cast<double>(depth) : 1;
  Eigen::LLT<Doubles> factored;
  do {
    backwards.diagonal().array() += damping;
    factored.compute(backwards);
    damping *= 10;
  } while (factored.info() != Eigen::Success && std::isfinite(damping));
  Doubles inverse = Doubles::Identity(depth, depth);
  if (factored.info() != Eigen::Success) // sums beyond floats: no feedback
    return inverse.cast<float>();
  factored.matrixL().solveInPlace(inverse);
  return inverse.reverse().cast<float>();
}

} // namespace ingot::compress
