// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Calibrate/Histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace ingot::compress {
namespace {

std::vector<float> uniform(size_t count, float low, float high, unsigned seed = 1) {
  std::mt19937 generator(seed);
  std::vector<float> values(count);
  for (float &value : values)
    value = low + (high - low) * static_cast<float>(generator() >> 8) / (1 << 24);
  return values;
}

Histogram of(const std::vector<float> &values) {
  Histogram histogram;
  histogram.add(values);
  return histogram;
}

/// Of 256 codes over a range, for values as they are.
double squaredError(llvm::ArrayRef<float> values, const ValueRange &range) {
  double step = (range.high - range.low) / 255, sum = 0;
  for (float value : values) {
    double code = std::clamp(std::nearbyint((value - range.low) / step), 0.0, 255.0);
    sum += std::pow(range.low + code * step - value, 2);
  }
  return sum;
}

TEST(Histogram, KnowsTheExtremesWithZero) {
  Histogram histogram = of({0.5f, 3.25f, 1.0f});
  ValueRange range = histogram.range(RangeMethod::MinMax, 0);
  EXPECT_EQ(range.low, 0);
  EXPECT_EQ(range.high, 3.25);
  histogram.add({-7.5f});
  EXPECT_EQ(histogram.extremes().low, -7.5);
  EXPECT_EQ(histogram.count(), 4);
}

TEST(Histogram, LeavesOutWhatIsNoNumber) {
  Histogram histogram;
  float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(histogram.add({1.0f, infinity, -infinity, std::numeric_limits<float>::quiet_NaN()}), 3);
  EXPECT_EQ(histogram.count(), 1);
  EXPECT_EQ(histogram.extremes().high, 1);
}

TEST(Histogram, OfNothingAndOfZerosIsEmpty) {
  EXPECT_EQ(Histogram().range(RangeMethod::Entropy, 99).high, 0);
  for (RangeMethod method : {RangeMethod::MinMax, RangeMethod::Percentile, RangeMethod::Entropy, RangeMethod::Mse}) {
    ValueRange range = of({0, 0, 0}).range(method, 99);
    EXPECT_EQ(range.low, 0);
    EXPECT_EQ(range.high, 0);
  }
}

TEST(Histogram, PercentileIsThatOfTheSortedValues) {
  std::vector<float> values = uniform(20000, -1, 4);
  ValueRange range = of(values).range(RangeMethod::Percentile, 98);
  std::sort(values.begin(), values.end());
  EXPECT_NEAR(range.low, values[200], 0.01);
  EXPECT_NEAR(range.high, values[19800], 0.01);
}

TEST(Histogram, DoesNotDependOnTheOrderOfSamples) {
  std::vector<float> small = uniform(1000, -0.01f, 0.02f), large = uniform(1000, -30, 50, 2);
  Histogram one, other;
  one.add(small);
  one.add(large);
  other.add(large);
  other.add(small);
  for (RangeMethod method : {RangeMethod::Percentile, RangeMethod::Entropy, RangeMethod::Mse}) {
    EXPECT_NEAR(one.range(method, 99).high, other.range(method, 99).high, 0.05);
    EXPECT_NEAR(one.range(method, 99).low, other.range(method, 99).low, 0.05);
  }
}

TEST(Histogram, ClipsAFewOutliers) {
  std::vector<float> values = uniform(100000, -1, 1);
  values.push_back(60);
  for (RangeMethod method : {RangeMethod::Percentile, RangeMethod::Entropy, RangeMethod::Mse}) {
    ValueRange range = of(values).range(method, 99.99);
    EXPECT_LT(range.high, method == RangeMethod::Mse ? 60 : 30) << static_cast<int>(method);
    EXPECT_GE(range.high, 0.95) << static_cast<int>(method);
    EXPECT_NEAR(range.low, -1, 0.1);
  }
}

TEST(Histogram, LeastSquaresIsNearTheBestOfAllRanges) {
  std::mt19937 generator(4);
  std::vector<float> values; // with a long tail to one side
  for (float u : uniform(20000, 0.00005f, 1))
    values.push_back(-std::log(u));
  ValueRange found = of(values).range(RangeMethod::Mse, 0);
  double least = std::numeric_limits<double>::infinity();
  for (double high = 0.5; high < 11; high += 0.05)
    least = std::min(least, squaredError(values, {0, high}));
  EXPECT_LT(squaredError(values, found), 1.1 * least);
  EXPECT_LT(squaredError(values, found), squaredError(values, of(values).extremes()));
}

TEST(Histogram, KeepsAUniformRange) {
  std::vector<float> values = uniform(100000, -2, 3);
  for (RangeMethod method : {RangeMethod::Entropy, RangeMethod::Mse}) {
    ValueRange range = of(values).range(method, 0);
    EXPECT_NEAR(range.low, -2, 0.15) << static_cast<int>(method);
    EXPECT_NEAR(range.high, 3, 0.15) << static_cast<int>(method);
  }
}

TEST(Histogram, TakesNumbersOfAllSizes) {
  Histogram histogram = of({1e-38f, -1e-45f, 3e38f, -3e38f, 1.0f});
  EXPECT_EQ(histogram.count(), 5);
  EXPECT_NEAR(histogram.range(RangeMethod::Percentile, 100).high, 3e38, 1e36);
}

} // namespace
} // namespace ingot::compress
