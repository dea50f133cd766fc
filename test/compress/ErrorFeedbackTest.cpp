// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Quantize/ErrorFeedback.h"

#include "test/compress/RandomMatrix.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ingot::compress {
namespace {

constexpr int64_t kChannels = 6, kDepth = 200, kBlock = 32, kSampleRows = 500; // more than one group of feedback, and a rest of a block
constexpr WeightGrid kSigned4{.bits = 4, .symmetric = true}, kUnsigned4{.bits = 4, .symmetric = false};

/// Rows whose values go along with each other, as activations do: 20 sources, and some noise.
std::vector<float> correlatedRows() {
  constexpr int64_t kSources = 20;
  std::vector<float> mix = normalValues(kSources * kDepth, 1), sources = normalValues(kSampleRows * kSources, 2),
                     rows = normalValues(kSampleRows * kDepth, 3);
  for (int64_t row = 0; row < kSampleRows; ++row)
    for (int64_t i = 0; i < kDepth; ++i) {
      rows[row * kDepth + i] *= 0.3f;
      for (int64_t s = 0; s < kSources; ++s)
        rows[row * kDepth + i] += sources[row * kSources + s] * mix[s * kDepth + i];
    }
  return rows;
}

/// The sum of squares of what the products are off.
double productError(llvm::ArrayRef<float> rows, llvm::ArrayRef<float> weights, const BlockedWeights &rounded) {
  double sum = 0;
  for (int64_t row = 0; row < kSampleRows; ++row)
    for (int64_t channel = 0; channel < kChannels; ++channel) {
      double error = 0;
      for (int64_t i = 0; i < kDepth; ++i)
        error += static_cast<double>(rows[row * kDepth + i]) * (weights[channel * kDepth + i] - rounded.valueAt(channel, i));
      sum += error * error;
    }
  return sum;
}

BlockedWeights nearest(llvm::ArrayRef<float> weights, const WeightGrid &grid) {
  BlockedWeights rounded(kChannels, kDepth, kBlock, grid);
  for (int64_t channel = 0; channel < kChannels; ++channel) {
    std::vector<BlockScale> scales;
    for (int64_t from = 0; from < kDepth; from += kBlock)
      scales.push_back(roundToNearest(weights.slice(channel * kDepth + from, std::min(kBlock, kDepth - from)), grid));
    rounded.setChannel(channel, weights.slice(channel * kDepth, kDepth), scales);
  }
  return rounded;
}

TEST(ErrorFeedback, MakesErrorsOfProductsSeveralTimesSmaller) {
  std::vector<float> rows = correlatedRows(), weights = normalValues(kChannels * kDepth, 4);
  SecondMoments moments(kDepth);
  moments.add(rows);
  for (const WeightGrid &grid : {kSigned4, kUnsigned4}) {
    BlockedWeights rounded(kChannels, kDepth, kBlock, grid);
    roundWithFeedback(weights, moments, rounded);
    EXPECT_LT(productError(rows, weights, rounded) * 4, productError(rows, weights, nearest(weights, grid)));
  }
}

TEST(ErrorFeedback, IsRoundingToNearestWhereActivationsAreIndependent) {
  std::vector<float> rows(kDepth * kDepth), weights = normalValues(kChannels * kDepth, 5);
  for (int64_t i = 0; i < kDepth; ++i)
    rows[i * kDepth + i] = 2;
  SecondMoments moments(kDepth);
  moments.add(rows);
  BlockedWeights rounded(kChannels, kDepth, kBlock, kSigned4), expected = nearest(weights, kSigned4);
  roundWithFeedback(weights, moments, rounded);
  EXPECT_EQ(rounded.codes, expected.codes);
}

TEST(ErrorFeedback, NeedsNoActivations) {
  std::vector<float> weights = normalValues(kChannels * kDepth, 6);
  BlockedWeights rounded(kChannels, kDepth, kBlock, kSigned4);
  SecondMoments moments(kDepth);
  roundWithFeedback(weights, moments, rounded);
  for (const BlockScale &scale : rounded.scales)
    EXPECT_TRUE(std::isfinite(scale.scale));
}

} // namespace
} // namespace ingot::compress
