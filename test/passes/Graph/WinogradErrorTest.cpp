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

TEST(WinogradErrorTest, IsLargeWhereTapsCancel) {
  // Taps of opposite signs: the results are differences of neighbouring pixels, far smaller than the products.
  std::vector<float> filters = makeFilters();
  size_t tapElements = kInputs * 16;
  for (size_t panel = 0; panel < filters.size(); panel += 9 * tapElements)
    for (size_t i = 0; i < tapElements; ++i) {
      filters[panel + 4 * tapElements + i] = 1000;
      for (size_t tap : {0, 1, 2, 3, 5, 6, 7, 8})
        filters[panel + tap * tapElements + i] = -125;
    }
  EXPECT_GT(winogradError(4, kInputs, kOutputs, filters), winogradError(4, kInputs, kOutputs, makeFilters()));
}

TEST(WinogradErrorTest, NoNumberIsNoSmallError) {
  std::vector<float> filters = makeFilters();
  filters[5] = 3e38f;
  EXPECT_GT(winogradError(4, kInputs, kOutputs, filters), 1e-5);
}

TEST(WinogradErrorTest, ZerosAreExact) { EXPECT_EQ(winogradError(4, 3, 5, std::vector<float>(9 * 3 * 16)), 0); }

} // namespace
} // namespace ingot
