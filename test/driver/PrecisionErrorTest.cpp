// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/PrecisionError.h"

#include <gtest/gtest.h>

#include <limits>

namespace ingot {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity(), kNaN = std::numeric_limits<double>::quiet_NaN();

TEST(PrecisionError, IsAShareOfTheLargestValue) {
  EXPECT_EQ(describeError("y", {1.0, -4.0, 0.0, 2.0}, {1.0, -3.9, 0.0, 2.02}), "y: at most 2.500 % of the largest value, on average 0.750 %");
}

TEST(PrecisionError, OfEqualNumbersIsZero) {
  EXPECT_EQ(describeError("y", {0.0, 0.0}, {0.0, 0.0}), "y: at most 0.000 % of the largest value, on average 0.000 %");
}

TEST(PrecisionError, CountsInfinitiesAndNaNsThatAreOnOneSideOnly) {
  EXPECT_EQ(describeError("y", {kInfinity, kNaN, 1.0, -kInfinity}, {kInfinity, kNaN, kNaN, kInfinity}),
            "y: at most 0.000 % of the largest value, on average 0.000 %, and 2 infinities or NaNs differ");
}

} // namespace
} // namespace ingot
