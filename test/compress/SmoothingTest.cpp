// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Quantize/ActivationAwareSearch.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <random>

namespace ingot::compress {
namespace {

using testing::Each;
using testing::ElementsAre;

TEST(SmoothingFactors, ShareTheDifficulty) {
  EXPECT_THAT(smoothingFactors({100, 1}, {1, 4}, 0.5), ElementsAre(10, 0.5));
  EXPECT_THAT(smoothingFactors({100, 1}, {1, 4}, 1), ElementsAre(100, 1));
}

TEST(SmoothingFactors, AreOneForChannelsOfZeros) { EXPECT_THAT(smoothingFactors({0, 3}, {2, 0}, 0.5), ElementsAre(1, 1)); }

TEST(SmoothingFactors, StayUsable) { EXPECT_THAT(smoothingFactors({3e38f, 1e-38f}, {1e-38f, 3e38f}, 0.5), ElementsAre(1e5f, 1e-5f)); }

TEST(ActivationChannels, LeaveOutWhatIsNoNumber) {
  ActivationChannels channels(2);
  channels.add({1, -2, std::numeric_limits<float>::quiet_NaN(), 4, -3, std::numeric_limits<float>::infinity()});
  EXPECT_THAT(channels.low, ElementsAre(-3, -2));
  EXPECT_THAT(channels.high, ElementsAre(1, 4));
  EXPECT_THAT(channels.largest(), ElementsAre(3, 4));
  EXPECT_THAT(channels.squares, ElementsAre(10, 20));
  EXPECT_EQ(channels.rows, 3);
}

/// Weights of 32 inputs, of which one is `large` times as large as the others.
SmoothingSearch::Found searchForWeights(float large) {
  std::mt19937 generator(3);
  std::normal_distribution<float> normal;
  ActivationChannels channels(32);
  for (int row = 0; row < 200; ++row) {
    std::vector<float> values(32);
    for (int i = 0; i < 32; ++i)
      values[i] = normal(generator) * (i == 5 ? large : 1);
    channels.add(values);
  }
  ActivationAwareSearch search(channels, {.bits = 4}, 32);
  for (int channel = 0; channel < 40; ++channel) {
    std::vector<float> weights(32);
    for (float &weight : weights)
      weight = normal(generator);
    search.addWeights(weights);
  }
  return search.best();
}

TEST(ActivationAwareSearch, EnlargesWeightsOfLargeChannels) {
  SmoothingSearch::Found found = searchForWeights(50);
  EXPECT_LT(found.gain, 0.7);
  EXPECT_GT(found.factors[5], 2 * found.factors[4]);
}

TEST(ActivationAwareSearch, LeavesEvenChannelsAlone) { EXPECT_GT(searchForWeights(1).gain, 0.9); }

/// Random products of 24 channels, of which one is `outlier` times as large as the others.
struct Case {
  static constexpr int kDepth = 24, kChannels = 16, kRows = 400;

  explicit Case(float outlier) : rows(kRows * kDepth), weights(kChannels * kDepth) {
    std::mt19937 generator(7);
    std::normal_distribution<float> normal;
    for (int i = 0; i < kRows * kDepth; ++i)
      rows[i] = normal(generator) * (i % kDepth == 5 ? outlier : 1);
    for (float &weight : weights)
      weight = normal(generator);
  }

  SmoothingSearch::Found search() const {
    ActivationChannels channels(kDepth);
    channels.add(rows);
    std::vector<float> largest(kDepth);
    for (int i = 0; i < kChannels * kDepth; ++i)
      largest[i % kDepth] = std::max(largest[i % kDepth], std::abs(weights[i]));
    SmoothingSearch search(channels, largest);
    for (int channel = 0; channel < kChannels; ++channel)
      search.addWeights(llvm::ArrayRef(weights).slice(channel * kDepth, kDepth));
    return search.best();
  }

  /// Mean squared error of the products of bytes.
  double error(llvm::ArrayRef<float> factors) const {
    double low = 0, high = 0;
    for (int i = 0; i < kRows * kDepth; ++i) {
      low = std::min<double>(low, rows[i] / factors[i % kDepth]);
      high = std::max<double>(high, rows[i] / factors[i % kDepth]);
    }
    auto rounded = [](double value, double step) { return std::nearbyint(value / step) * step; };
    double sum = 0;
    for (int channel = 0; channel < kChannels; ++channel) {
      double largest = 0;
      for (int k = 0; k < kDepth; ++k)
        largest = std::max<double>(largest, std::abs(weights[channel * kDepth + k] * factors[k]));
      for (int row = 0; row < kRows; ++row) {
        double error = 0;
        for (int k = 0; k < kDepth; ++k) {
          double x = rows[row * kDepth + k], w = weights[channel * kDepth + k];
          error += x * w - rounded(x / factors[k], (high - low) / 255) * rounded(w * factors[k], largest / 127);
        }
        sum += error * error;
      }
    }
    return sum / kRows / kChannels;
  }

  std::vector<float> rows, weights;
};

TEST(SmoothingSearch, FindsWhatRoundingMeasures) {
  for (float outlier : {10.0f, 50.0f}) {
    Case one(outlier);
    SmoothingSearch::Found found = one.search();
    double measured = one.error(found.factors) / one.error(std::vector<float>(Case::kDepth, 1));
    EXPECT_LT(found.gain, 0.3) << outlier;
    EXPECT_NEAR(found.gain / measured, 1, 0.3) << "expected " << found.gain << ", measured " << measured;
  }
}

TEST(SmoothingSearch, HasLittleToGainFromEvenChannels) { EXPECT_GT(Case(1).search().gain, 0.7); }

TEST(SmoothingSearch, LeavesZerosAlone) {
  SmoothingSearch search(ActivationChannels(3), {0, 0, 0});
  search.addWeights({0, 0, 0});
  EXPECT_EQ(search.best().gain, 1);
  EXPECT_THAT(search.best().factors, Each(1));
}

} // namespace
} // namespace ingot::compress
