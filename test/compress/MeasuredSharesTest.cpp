// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Prune/MeasuredShares.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace ingot::compress {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

/// error * share^2 at some shares.
ErrorCurve square(int64_t weights, double error) {
  ErrorCurve curve{.weights = weights, .points = {}};
  for (double share = 0.05; share < 0.99; share += 0.05)
    curve.points.emplace_back(share, error * share * share);
  return curve;
}

/// The derivatives of e s^2 are equal where s is as 1 / e.
TEST(MeasuredShares, AreWhereErrorsGrowAlike) {
  EXPECT_THAT(sharesOfLeastError({square(100, 1), square(100, 3)}, 0.4), ElementsAre(DoubleNear(0.6, 0.05), DoubleNear(0.2, 0.05)));
}

TEST(MeasuredShares, CountWeights) {
  std::vector<double> shares = sharesOfLeastError({square(100, 1), square(300, 3)}, 0.4);
  EXPECT_THAT(shares, ElementsAre(DoubleNear(0.4, 0.05), DoubleNear(0.4, 0.05))); // equal errors per weight
  EXPECT_NEAR(100 * shares[0] + 300 * shares[1], 0.4 * 400, 1e-9);
}

TEST(MeasuredShares, EndAtTheLastPoint) {
  ErrorCurve free{.weights = 100, .points = {{0.5, 0}, {0.8, 0}}};
  EXPECT_THAT(sharesOfLeastError({free, square(100, 1)}, 0.5), ElementsAre(DoubleNear(0.8, 1e-9), DoubleNear(0.2, 1e-9)));
}

/// Where the error is not convex, a point above the hull does not stop what lies behind it.
TEST(MeasuredShares, LookBehindABump) {
  ErrorCurve bump{.weights = 100, .points = {{0.2, 0.5}, {0.8, 0.4}}};
  EXPECT_THAT(sharesOfLeastError({bump, square(100, 3)}, 0.4), ElementsAre(DoubleNear(0.75, 0.06), DoubleNear(0.05, 0.06)));
}

TEST(MeasuredShares, OfNothing) { EXPECT_TRUE(sharesOfLeastError({}, 0.5).empty()); }

} // namespace
} // namespace ingot::compress
