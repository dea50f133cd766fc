// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Prune/Reconstruction.h"

#include "test/compress/RandomMatrix.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ingot::compress {
namespace {

constexpr int64_t kChannels = 32, kDepth = 200, kRows = 500; // more than one group of feedback

WeightMatrix matrix(std::vector<float> values, int64_t depth = kDepth, int64_t channels = kChannels) {
  Weights weights{.name = "w", .dims = {depth, channels}, .channels = channels, .depth = depth};
  weights.channelStride = 1;
  weights.depthStride = channels;
  return {weights, std::move(values)};
}

/// Rows whose values go along with each other: 20 sources, and some noise.
std::vector<float> correlatedRows() {
  constexpr int64_t kSources = 20;
  std::vector<float> mix = normalValues(kSources * kDepth, 1), sources = normalValues(kRows * kSources, 2), rows = normalValues(kRows * kDepth, 3);
  for (int64_t row = 0; row < kRows; ++row)
    for (int64_t i = 0; i < kDepth; ++i) {
      rows[row * kDepth + i] *= 0.3f;
      for (int64_t s = 0; s < kSources; ++s)
        rows[row * kDepth + i] += sources[row * kSources + s] * mix[s * kDepth + i];
    }
  return rows;
}

double directError(llvm::ArrayRef<float> rows, const WeightMatrix &original, const WeightMatrix &changed) {
  double lost = 0, all = 0;
  for (size_t row = 0; row < rows.size(); row += original.depth)
    for (int64_t channel = 0; channel < original.channels; ++channel) {
      double exact = 0, got = 0;
      for (int64_t k = 0; k < original.depth; ++k) {
        exact += static_cast<double>(rows[row + k]) * original.at(k, channel);
        got += static_cast<double>(rows[row + k]) * changed.at(k, channel);
      }
      all += exact * exact;
      lost += (exact - got) * (exact - got);
    }
  return std::sqrt(lost / all);
}

struct Case {
  WeightUnits units;
  double share;
  bool isTwoFour;
};
const Case kCases[] = {{{kDepth, kChannels}, 0.5, false},
                       {{kDepth, kChannels, 1, 16}, 0.6, false},
                       {{kDepth, kChannels, 3, 5}, 0.5, false},
                       {{kDepth, kChannels}, 0.5, true}};

TEST(Reconstruction, MakesErrorsOfProductsSeveralTimesSmaller) {
  std::vector<float> rows = correlatedRows();
  SecondMoments moments(kDepth);
  moments.add(rows);
  for (const Case &one : kCases) {
    WeightMatrix original = matrix(normalValues(kDepth * kChannels, 4)), plain = original, better = original;
    std::vector<float> scores = unitScores(plain, one.units);
    std::vector<bool> marked =
        one.isTwoFour ? twoOfEachFour(scores, one.units) : leastUnits(scores, std::llround(one.share * static_cast<double>(one.units.count())));
    clearUnits(plain, one.units, marked);
    pruneWithFeedback(better, one.units, one.share, one.isTwoFour, moments);
    double without = directError(rows, original, plain), with = directError(rows, original, better);
    EXPECT_LT(with * 2, without) << one.units.rows << "x" << one.units.columns;
    EXPECT_NEAR(static_cast<double>(better.countZeros()), one.share * kDepth * kChannels, 60);
    EXPECT_NEAR(relativeError(original, better, moments), with, with * 0.01);
    EXPECT_NEAR(relativeError(original, plain, moments), without, without * 0.01);
  }
}

TEST(Reconstruction, KeepsThePattern) {
  SecondMoments moments(kDepth);
  moments.add(correlatedRows());
  for (const Case &one : kCases) {
    WeightMatrix weights = matrix(normalValues(kDepth * kChannels, 5));
    pruneWithFeedback(weights, one.units, one.share, one.isTwoFour, moments);
    std::vector<int64_t> zeros(one.units.count());
    for (int64_t k = 0; k < kDepth; ++k)
      for (int64_t channel = 0; channel < kChannels; ++channel)
        zeros[one.units.unitOf(k, channel)] += weights.at(k, channel) == 0;
    for (int64_t unit = 0; unit < one.units.count(); ++unit)
      EXPECT_TRUE(zeros[unit] == 0 || zeros[unit] == one.units.sizeOf(unit));
    for (int64_t k = 0; one.isTwoFour && k < kDepth; k += 4)
      for (int64_t channel = 0; channel < kChannels; ++channel)
        EXPECT_EQ(zeros[k * kChannels + channel] + zeros[(k + 1) * kChannels + channel] + zeros[(k + 2) * kChannels + channel] +
                      zeros[(k + 3) * kChannels + channel],
                  2);
  }
}

TEST(Reconstruction, IsMagnitudeWhereActivationsAreIndependent) {
  constexpr int64_t kSmall = 64; // one group
  std::vector<float> rows(kSmall * kSmall);
  for (int64_t i = 0; i < kSmall; ++i)
    rows[i * kSmall + i] = 2;
  SecondMoments moments(kSmall);
  moments.add(rows);
  WeightMatrix weights = matrix(normalValues(kSmall * kChannels, 6), kSmall), expected = weights;
  WeightUnits units{kSmall, kChannels};
  clearUnits(expected, units, leastUnits(unitScores(expected, units), kSmall * kChannels / 4));
  pruneWithFeedback(weights, units, 0.25, /*isTwoFour=*/false, moments);
  EXPECT_EQ(weights.stored(), expected.stored());
}

TEST(Reconstruction, NeedsNoActivations) {
  WeightMatrix weights = matrix(normalValues(kDepth * kChannels, 7)), original = weights;
  SecondMoments moments(kDepth);
  pruneWithFeedback(weights, {kDepth, kChannels}, 0.5, /*isTwoFour=*/false, moments);
  EXPECT_EQ(weights.countZeros(), kDepth * kChannels / 2);
  EXPECT_EQ(relativeError(original, weights, moments), 0);
}

} // namespace
} // namespace ingot::compress
