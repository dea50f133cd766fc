// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Compare/ValueError.h"
#include "compiler/Compress/Budget/AccuracyBudget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace ingot::compress {
namespace {

ValueError errorOf(std::vector<std::pair<std::vector<float>, std::vector<float>>> samples, int64_t rowLength) {
  ErrorMeter meter;
  for (const auto &[reference, actual] : samples)
    meter.add(reference, actual, rowLength);
  return meter.error();
}

TEST(ValueError, MeasuresByHand) {
  // Two rows; the second one's largest element moves.
  ValueError error = errorOf({{{4, 0, 1, 2}, {3, 0, 2, 1}}}, 2);
  EXPECT_DOUBLE_EQ(error.maxError, 0.25);
  EXPECT_DOUBLE_EQ(error.noise, 3.0 / 21);
  EXPECT_NEAR(error.sqnr(), 10 * std::log10(7.0), 1e-12);
  EXPECT_NEAR(error.cosine, 16 / std::sqrt(21.0 * 14), 1e-12);
  EXPECT_DOUBLE_EQ(error.top1, 0.5);
  EXPECT_EQ(error.elements, 4);
}

TEST(ValueError, TakesTheLargestMagnitudeOfAllSamplesAndTheWorstCosine) {
  ValueError error = errorOf({{{1, 0}, {1, 0}}, {{0, 10}, {10, 0}}}, 2);
  EXPECT_DOUBLE_EQ(error.maxError, 1);
  EXPECT_DOUBLE_EQ(error.cosine, 0.5);
  EXPECT_DOUBLE_EQ(error.leastCosine, 0);
  EXPECT_DOUBLE_EQ(error.top1, 0.5);
}

TEST(ValueError, EqualValuesHaveNone) {
  ValueError error = errorOf({{{0, 0}, {0, 0}}, {{1, 2}, {1, 2}}}, 2);
  EXPECT_EQ(error.maxError, 0);
  EXPECT_EQ(error.cosine, 1);
  EXPECT_EQ(error.sqnr(), std::numeric_limits<double>::infinity());
  EXPECT_EQ(error.top1, 1);
}

TEST(ValueError, WhatBecomesNoNumberMeetsNoBudget) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  for (float wrong : {nan, infinity}) {
    ValueError error = errorOf({{{1, 2}, {1, wrong}}}, 2);
    EXPECT_EQ(error.maxError, std::numeric_limits<double>::infinity());
    EXPECT_FALSE(AccuracyBudget{.maxError = 1e30}.isMetBy(error));
    EXPECT_FALSE(AccuracyBudget{.minCosine = 0.5}.isMetBy(error));
  }
  // Masks hold infinities in both models.
  EXPECT_EQ(errorOf({{{-infinity, 2}, {-infinity, 2}}}, 2).maxError, 0);
}

TEST(AccuracyBudget, HoldsEveryMeasure) {
  ValueError error{.maxError = 0.02, .cosine = 0.999, .leastCosine = 0.99, .top1 = 0.95};
  EXPECT_TRUE(AccuracyBudget{}.isMetBy(error));
  EXPECT_TRUE((AccuracyBudget{.maxError = 0.02, .minCosine = 0.99, .minTop1 = 0.95}.isMetBy(error)));
  EXPECT_FALSE(AccuracyBudget{.maxError = 0.019}.isMetBy(error));
  EXPECT_FALSE(AccuracyBudget{.minCosine = 0.995}.isMetBy(error)); // the worst sample counts, not the mean
  EXPECT_FALSE(AccuracyBudget{.minTop1 = 0.96}.isMetBy(error));
  EXPECT_EQ((AccuracyBudget{.maxError = 0.02, .minTop1 = 0.5}.text()), "--max-error=0.02 --min-top1=0.5");
}

} // namespace
} // namespace ingot::compress
