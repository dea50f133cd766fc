// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Distill/WeightFit.h"

#include <Eigen/Cholesky>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace ingot::compress {
namespace {

constexpr int64_t kDepth = 48, kChannels = 6, kRows = 400;

FloatMatrix normal(int64_t rows, int64_t columns, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> distribution;
  return FloatMatrix::NullaryExpr(rows, columns, [&](Eigen::Index, Eigen::Index) { return distribution(generator); });
}

/// Inputs that go along with each other and are not centred, of different sizes.
FloatMatrix inputs(int64_t rows, unsigned seed) {
  FloatMatrix x = 0.5F * normal(rows, kDepth, seed) + normal(rows, 8, seed + 1) * normal(8, kDepth, 99);
  x.array() += 1;
  x.leftCols(4) *= 5;
  return x;
}

llvm::ArrayRef<float> flat(const FloatMatrix &matrix) { return {matrix.data(), static_cast<size_t>(matrix.size())}; }

FitSums sums(const FloatMatrix &x, const FloatMatrix &residuals) {
  FitSums result(x.cols(), residuals.cols());
  result.add(flat(x), flat(residuals));
  return result;
}

FloatMatrix mask(unsigned seed) {
  return normal(kDepth, kChannels, seed).unaryExpr([](float value) { return value > 0 ? 1.0F : 0.0F; });
}

double directError(const FloatMatrix &x, const FloatMatrix &residuals, const FloatMatrix &change, llvm::ArrayRef<float> shifts) {
  FloatMatrix left = residuals - x * change;
  for (int64_t channel = 0; channel < left.cols(); ++channel)
    left.col(channel).array() -= shifts[channel];
  return left.cast<double>().squaredNorm();
}

TEST(FitSums, KnowsTheErrorOfAnyChange) {
  FloatMatrix x = inputs(kRows, 1), residuals = normal(kRows, kChannels, 3), change = 0.1F * normal(kDepth, kChannels, 4);
  FitSums seen = sums(x, residuals);
  std::vector<float> shifts = seen.shiftsFor(change);
  double direct = directError(x, residuals, change, shifts);
  EXPECT_NEAR(seen.squaredError(change, shifts), direct, 1e-4 * direct);
  std::vector<float> others = shifts;
  others[2] += 0.1F;
  EXPECT_GT(seen.squaredError(change, others), seen.squaredError(change, shifts)) << "the shifts are not the best ones";
  EXPECT_NEAR(seen.squaredError({}, std::vector<float>(kChannels)), residuals.squaredNorm(), 1e-3 * residuals.squaredNorm());
}

TEST(FitSums, LeavesOutRowsThatAreNoNumbers) {
  FloatMatrix x = inputs(5, 1), residuals = normal(5, kChannels, 2);
  FitSums clean = sums(x.topRows(3), residuals.topRows(3));
  x(3, 7) = std::nanf("");
  residuals(4, 0) = INFINITY;
  FitSums seen = sums(x, residuals);
  EXPECT_EQ(seen.squaredError({}, std::vector<float>(kChannels)), clean.squaredError({}, std::vector<float>(kChannels)));
  EXPECT_EQ(seen.shiftsFor({}), clean.shiftsFor({}));
}

/// What another set of weights, with the same zeros, and shifts would give is found.
TEST(WeightFit, FindsFreeWeights) {
  FitBasis basis{.directions = mask(5)};
  FloatMatrix truth = normal(kDepth, kChannels, 6).cwiseProduct(basis.directions), x = inputs(kRows, 1), held = inputs(kRows, 7);
  FloatMatrix residuals = x * truth, judged = held * truth;
  residuals.array() += 2;
  judged.array() += 2;
  FitSums seen = sums(x, residuals), judge = sums(held, judged);
  std::optional<WeightFit> fit = fitWeights(seen, judge, basis);
  ASSERT_TRUE(fit);
  FloatMatrix change = basis.change(fit->factors);
  EXPECT_LT(directError(held, judged, change, fit->shifts),
            0.01 * directError(held, judged, FloatMatrix::Zero(kDepth, kChannels), seen.shiftsFor({})));
  for (int64_t i = 0; i < change.size(); ++i)
    EXPECT_TRUE(basis.directions(i) != 0 || change(i) == 0) << "a zero became a weight";
}

/// As good as a direct solution of one output's damped equations.
TEST(WeightFit, IsTheDampedLeastSquares) {
  FitBasis basis{.directions = FloatMatrix::Ones(kDepth, 1)};
  FloatMatrix x = inputs(kRows, 1), residuals = x * normal(kDepth, 1, 6) + normal(kRows, 1, 8);
  FitSums seen = sums(x, residuals);
  std::optional<WeightFit> fit = fitWeights(seen, seen, basis);
  ASSERT_TRUE(fit);
  Eigen::MatrixXd moments = seen.centredMoments().cast<double>();
  double damping = 0.01 * moments.trace() / kDepth;
  moments.diagonal().array() += damping;
  Eigen::MatrixXd exact = moments.llt().solve(seen.centredProducts().cast<double>());
  auto objective = [&](const FloatMatrix &change) {
    return directError(x, residuals, change, seen.shiftsFor(change)) + damping * change.cast<double>().squaredNorm();
  };
  EXPECT_LT(objective(fit->factors), 1.01 * objective(exact.cast<float>()));
}

TEST(WeightFit, FindsScalesOfBlocks) {
  constexpr int64_t kBlock = 20; // the last one is short
  FitBasis basis{.directions = normal(kDepth, kChannels, 5), .block = kBlock, .least = -0.5F, .most = 1};
  ASSERT_EQ(basis.blocks(), 3);
  FloatMatrix truth = (0.2F * normal(3, kChannels, 6)).cwiseMax(-0.4F).cwiseMin(0.4F), x = inputs(kRows, 1);
  FloatMatrix residuals = x * basis.change(truth);
  FitSums seen = sums(x, residuals);
  std::optional<WeightFit> fit = fitWeights(seen, seen, basis);
  ASSERT_TRUE(fit);
  EXPECT_LT((fit->factors - truth).norm(), 0.1 * truth.norm());
  basis.most = 0.1F;
  std::optional<WeightFit> bounded = fitWeights(seen, seen, basis);
  ASSERT_TRUE(bounded);
  EXPECT_LE(bounded->factors.maxCoeff(), 0.1F);
}

TEST(WeightFit, LeavesWeightsWhereTheJudgeFindsThemWorse) {
  FitBasis basis{.directions = mask(5)};
  FloatMatrix x = inputs(20, 1), noise = normal(20, kChannels, 3), held = inputs(kRows, 9);
  FitSums seen = sums(x, noise), judge = sums(held, FloatMatrix::Zero(kRows, kChannels) + normal(kRows, kChannels, 10) * 0.01F);
  EXPECT_FALSE(fitWeights(seen, judge, basis));
  EXPECT_FALSE(fitWeights(FitSums(kDepth, kChannels), judge, basis)) << "nothing was seen";
}

} // namespace
} // namespace ingot::compress
