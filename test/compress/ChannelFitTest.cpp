// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Distill/ChannelFit.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ingot::compress {
namespace {

TEST(ChannelFit, FindsScaleAndShift) {
  ChannelFit fit;
  for (double x : {-2.0, 0.5, 1.0, 4.0})
    fit.add(1.25 * x - 3, x);
  auto [scale, shift] = fit.scaleAndShift(/*withScale=*/true);
  EXPECT_NEAR(scale, (1.25 + 0.01) / 1.01, 1e-12); // drawn to 1
  EXPECT_LT(fit.squaredError(scale, shift), 1e-3);
  EXPECT_NEAR(fit.squaredError(1.25, -3), 0, 1e-12);
}

TEST(ChannelFit, ShiftAloneIsTheMeanDifference) {
  ChannelFit fit;
  fit.add(1, 0);
  fit.add(2, 5);
  auto [scale, shift] = fit.scaleAndShift(/*withScale=*/false);
  EXPECT_EQ(scale, 1);
  EXPECT_EQ(shift, -1);
  EXPECT_NEAR(fit.squaredError(scale, shift), 4 + 4, 1e-12);
  EXPECT_NEAR(fit.squaredError(1, 0), 1 + 9, 1e-12);
}

TEST(ChannelFit, ScaleAloneIsThatOfUncentredValues) {
  ChannelFit fit;
  fit.add(3, 2);
  fit.add(5, 4);
  auto [scale, shift] = fit.scaleAndShift(/*withScale=*/true, /*withShift=*/false);
  EXPECT_NEAR(scale, ((3 * 2 + 5 * 4) + 0.01 * 20) / (1.01 * 20), 1e-12);
  EXPECT_EQ(shift, 0);
}

TEST(ChannelFit, DegenerateChannelsKeepTheirScale) {
  EXPECT_EQ(ChannelFit().scaleAndShift(true), std::pair(1.0, 0.0)); // nothing was seen
  ChannelFit constant;
  constant.add(3, 2);
  constant.add(5, 2);
  EXPECT_EQ(constant.scaleAndShift(true), std::pair(1.0, 2.0));
  ChannelFit opposite; // a fit that turns a channel around is none
  opposite.add(-1, 1);
  opposite.add(1, -1);
  EXPECT_EQ(opposite.scaleAndShift(true).first, 0.5);
}

} // namespace
} // namespace ingot::compress
