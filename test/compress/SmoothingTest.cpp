// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Quantize/Smoothing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::compress {
namespace {

TEST(SmoothingFactors, ShareTheDifficulty) {
  EXPECT_THAT(smoothingFactors({100, 1}, {1, 4}, 0.5), testing::ElementsAre(10, 0.5));
  EXPECT_THAT(smoothingFactors({100, 1}, {1, 4}, 1), testing::ElementsAre(100, 1));
}

TEST(SmoothingFactors, AreOneForChannelsOfZeros) { EXPECT_THAT(smoothingFactors({0, 3}, {2, 0}, 0.5), testing::ElementsAre(1, 1)); }

TEST(SmoothingFactors, StayUsable) { EXPECT_THAT(smoothingFactors({3e38f, 1e-38f}, {1e-38f, 3e38f}, 0.5), testing::ElementsAre(1e5f, 1e-5f)); }

} // namespace
} // namespace ingot::compress
