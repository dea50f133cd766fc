// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Quantize/WeightRounding.h"
#include "compiler/Compress/Quantize/BlockedWeights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace ingot::compress {
namespace {

constexpr WeightGrid kInt4{.bits = 4, .symmetric = true}, kUint4{.bits = 4, .symmetric = false}, kInt8{.bits = 8, .symmetric = true};

float back(float w, const BlockScale &scale, const WeightGrid &grid) {
  return static_cast<float>(codeOf(w, scale, grid) - scale.zeroPoint) * scale.scale;
}

std::vector<float> bellShaped(size_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<float> values(count);
  for (float &value : values) {
    value = -6;
    for (int i = 0; i < 12; ++i)
      value += static_cast<float>(generator() >> 8) / (1 << 24);
  }
  return values;
}

/// The error of the range divided evenly, which everybody starts from.
double plainError(llvm::ArrayRef<float> weights, const WeightGrid &grid) {
  float low = 0, high = 0;
  for (float w : weights) {
    low = std::min(low, w);
    high = std::max(high, w);
  }
  if (grid.symmetric)
    return squaredError(weights, {std::max(-low, high) / static_cast<float>(grid.high()), 0}, grid);
  float scale = (high - low) / static_cast<float>(grid.high());
  return squaredError(weights, {scale, static_cast<int>(std::lround(-low / scale))}, grid);
}

TEST(RoundToNearest, IsExactOnTheGrid) {
  std::vector<float> weights;
  for (int code = -8; code <= 7; ++code)
    weights.push_back(static_cast<float>(code) * 0.25f);
  BlockScale scale = roundToNearest(weights, kInt4);
  for (float w : weights)
    EXPECT_FLOAT_EQ(back(w, scale, kInt4), w);
}

TEST(RoundToNearest, TurnsTheGridWhereTheLargestWeightIsPositive) {
  std::vector<float> weights = {8, -7, 3, 1};
  BlockScale scale = roundToNearest(weights, kInt4);
  EXPECT_LT(scale.scale, 0);
  for (float w : weights)
    EXPECT_FLOAT_EQ(back(w, scale, kInt4), w);
}

TEST(RoundToNearest, IsBetterThanDividingTheRange) {
  for (const WeightGrid &grid : {kInt4, kUint4, kInt8})
    for (unsigned seed = 1; seed < 20; ++seed) {
      std::vector<float> weights = bellShaped(64, seed);
      EXPECT_LE(squaredError(weights, roundToNearest(weights, grid), grid), plainError(weights, grid) * (1 + 1e-5)) << seed;
    }
}

TEST(RoundToNearest, IsMuchBetterWithManyWeights) {
  std::vector<float> weights = bellShaped(128, 3);
  EXPECT_LT(squaredError(weights, roundToNearest(weights, kInt4), kInt4), 0.85 * plainError(weights, kInt4));
}

TEST(RoundToNearest, KeepsZeroExact) {
  std::vector<float> weights = {0.9f, 1.0f, 1.1f, 0.0f, 1.2f};
  EXPECT_EQ(back(0, roundToNearest(weights, kUint4), kUint4), 0);
  EXPECT_EQ(back(0, roundToNearest(weights, kInt4), kInt4), 0);
}

TEST(RoundToNearest, WeighsErrorsByImportance) {
  std::vector<float> weights = bellShaped(32, 5), importance(32, 1e-3f);
  weights[4] = 0.37f;
  importance[4] = 1e3f;
  double even = std::abs(back(weights[4], roundToNearest(weights, kInt4), kInt4) - weights[4]);
  double weighted = std::abs(back(weights[4], roundToNearest(weights, kInt4, importance), kInt4) - weights[4]);
  EXPECT_LE(weighted, even);
  EXPECT_LT(weighted, 5e-3);
}

TEST(RoundToNearest, OfZerosAndTinyWeightsIsFinite) {
  for (float w : {0.0f, std::numeric_limits<float>::denorm_min(), -1e-40f})
    for (const WeightGrid &grid : {kInt4, kUint4}) {
      std::vector<float> weights(16, w);
      BlockScale scale = roundToNearest(weights, grid);
      EXPECT_TRUE(std::isnormal(scale.scale)) << w;
      EXPECT_NEAR(back(w, scale, grid), w, 1e-37);
    }
}

TEST(RoundToNearest, TakesTheLargestFloats) {
  std::vector<float> weights = {3e38f, -3e38f, 1e38f};
  BlockScale scale = roundToNearest(weights, kUint4);
  EXPECT_TRUE(std::isfinite(scale.scale));
}

/// The sum of |error|^0.7.
double powerLoss(llvm::ArrayRef<float> weights, const BlockScale &scale, const WeightGrid &grid) {
  double sum = 0;
  for (float w : weights)
    sum += std::pow(std::abs(w - back(w, scale, grid)), 0.7);
  return sum;
}

TEST(HalfQuadratic, MeetsTheBulkBetterThanLeastSquares) {
  double rtn = 0, hqq = 0;
  for (unsigned seed = 1; seed < 40; ++seed)
    for (const WeightGrid &grid : {kInt4, kUint4}) {
      std::vector<float> weights = bellShaped(64, seed);
      weights[7] *= 4; // an outlier
      rtn += powerLoss(weights, roundToNearest(weights, grid), grid);
      hqq += powerLoss(weights, halfQuadratic(weights, grid), grid);
    }
  EXPECT_LT(hqq, rtn);
}

TEST(HalfQuadratic, IsNoWorseThanTheRangeDivided) {
  std::vector<float> weights = bellShaped(32, 9);
  float largest = 0;
  for (float w : weights)
    largest = std::abs(w) > std::abs(largest) ? w : largest;
  EXPECT_LE(powerLoss(weights, halfQuadratic(weights, kInt4), kInt4), powerLoss(weights, {largest / -8, 0}, kInt4));
}

TEST(HalfQuadratic, OfZerosIsFinite) {
  std::vector<float> weights(16);
  EXPECT_TRUE(std::isnormal(halfQuadratic(weights, kUint4).scale));
}

TEST(ChannelScale, DividesTheRangeEvenly) {
  EXPECT_FLOAT_EQ(channelScale({1.0f, -12.7f, 3.0f}, 8), 0.1f);
  EXPECT_FLOAT_EQ(channelScale({1.0f, -6.3f, 3.0f}, 7), 0.1f);
  EXPECT_TRUE(std::isnormal(channelScale({0.0f, 0.0f}, 8)));
}

TEST(BlockedWeights, HasAShortLastBlock) {
  BlockedWeights blocked(2, 5, 4, kInt8);
  EXPECT_EQ(blocked.blocks, 2);
  blocked.setChannel(1, {1, 2, 3, 4, 50}, {{1, 0}, {10, 0}});
  EXPECT_EQ(blocked.codeAt(1, 3), 4);
  EXPECT_EQ(blocked.codeAt(1, 4), 5);
  EXPECT_FLOAT_EQ(blocked.valueAt(1, 4), 50);
}

TEST(BlockedWeights, KeepsUnsignedCodes) {
  BlockedWeights blocked(1, 2, 2, {.bits = 8, .symmetric = false});
  blocked.setChannel(0, {-1, 127}, {{1, 128}});
  EXPECT_EQ(blocked.codeAt(0, 0), 127);
  EXPECT_EQ(blocked.codeAt(0, 1), 255);
}

TEST(Packed, BeginsAtTheLowestBits) {
  auto code = [](int64_t at) { return static_cast<int>(at) - 8; };
  EXPECT_EQ(packed(4, 3, code), (std::vector<char>{static_cast<char>(0x98), 0x0a}));
  EXPECT_EQ(packed(8, 2, code), (std::vector<char>{-8, -7}));
}

} // namespace
} // namespace ingot::compress
