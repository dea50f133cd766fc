// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Winograd.h"

#include "gtest/gtest.h"

#include <array>

namespace ingot {
namespace {

std::vector<double> multiply(const SmallMatrix &matrix, const std::vector<double> &x) {
  std::vector<double> y(matrix.rows);
  for (int64_t i = 0; i < matrix.rows; ++i)
    for (int64_t k = 0; k < matrix.columns; ++k)
      y[i] += matrix.at(i, k) * x[k];
  return y;
}

class WinogradTest : public testing::TestWithParam<std::array<int64_t, 2>> {};

TEST_P(WinogradTest, ComputesCorrelations) {
  auto [tile, outputs] = GetParam();
  WinogradTransform transform = winogradTransform(tile, outputs);
  ASSERT_EQ(transform.input.rows, outputs + 2);
  ASSERT_EQ(transform.output.rows, outputs);
  std::vector<double> filter = {0.5, -2, 3}, data;
  for (int64_t i = 0; i < outputs + 2; ++i)
    data.push_back(1.25 * static_cast<double>(i * i) - 3 * static_cast<double>(i) + 0.5);
  std::vector<double> points = multiply(winogradFilter(tile), filter), input = multiply(transform.input, data), products;
  for (int64_t i = 0; i < outputs + 2; ++i) // the first ones of the filter's points
    products.push_back(points[i] * input[i]);
  std::vector<double> results = multiply(transform.output, products);
  for (int64_t i = 0; i < outputs; ++i)
    EXPECT_NEAR(results[i], filter[0] * data[i] + filter[1] * data[i + 1] + filter[2] * data[i + 2], 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Tiles, WinogradTest,
                         testing::Values(std::array<int64_t, 2>{2, 1}, std::array<int64_t, 2>{2, 2}, std::array<int64_t, 2>{4, 1},
                                         std::array<int64_t, 2>{4, 2}, std::array<int64_t, 2>{4, 3}, std::array<int64_t, 2>{4, 4}));

TEST(WinogradFilters, AreTransformedAlongBothDims) {
  SmallMatrix one = winogradFilter(4), both = winogradFilters(4);
  ASSERT_EQ(both.rows, 36);
  ASSERT_EQ(both.columns, 9);
  EXPECT_DOUBLE_EQ(both.at(2 * 6 + 3, 1 * 3 + 2), one.at(2, 1) * one.at(3, 2));
}

TEST(WinogradFilters, InputAndOutputAreExactInSinglePrecision) {
  for (int64_t tile : kWinogradTiles) {
    WinogradTransform transform = winogradTransform(tile, tile);
    for (const SmallMatrix *matrix : {&transform.input, &transform.output})
      for (double element : matrix->elements)
        EXPECT_EQ(element, static_cast<float>(element));
  }
}

} // namespace
} // namespace ingot
