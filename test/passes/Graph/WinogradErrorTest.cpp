// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Graph/WinogradError.h"

#include "gtest/gtest.h"

#include <random>
#include <vector>

namespace ingot {
namespace {

constexpr int64_t kInputs = 64, kOutputs = 40;

/// Filters as noise, as a channels-last convolution has them.
std::vector<float> makeFilters() {
  std::minstd_rand random(7);
  std::vector<float> filters((kOutputs + 15) / 16 * 9 * kInputs * 16);
  for (float &element : filters)
    element = static_cast<float>(random()) / static_cast<float>(std::minstd_rand::max()) - 0.5f;
  return filters;
}

TEST(WinogradErrorTest, IsThatOfSinglePrecision) {
  std::vector<float> filters = makeFilters();
  double small = winogradError(2, kInputs, kOutputs, filters), large = winogradError(4, kInputs, kOutputs, filters);
  EXPECT_GT(small, 1e-8);
  EXPECT_LT(small, 2e-6);
  EXPECT_GT(large, small);
  EXPECT_LT(large, 5e-6);
}

TEST(WinogradErrorTest, GrowsWithTheLengthOfSums) {
  auto errorOf = [](int64_t inputs) { return winogradError(4, inputs, 16, std::vector<float>(9 * inputs * 16, 1.0f)); };
  EXPECT_GT(errorOf(4096), 2 * errorOf(64));
}

TEST(WinogradErrorTest, NoNumberIsNoSmallError) {
  std::vector<float> filters = makeFilters();
  filters[5] = 3e38f;
  EXPECT_GT(winogradError(4, kInputs, kOutputs, filters), 1e-5);
}

TEST(WinogradErrorTest, ZerosAreExact) { EXPECT_EQ(winogradError(4, 3, 5, std::vector<float>(9 * 3 * 16)), 0); }

} // namespace
} // namespace ingot
