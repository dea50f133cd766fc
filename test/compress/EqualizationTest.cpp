// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Equalize/EqualizationFactors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::compress {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::Pointwise;

MATCHER(IsClose, "") { return testing::ExplainMatchResult(DoubleNear(std::get<1>(arg), 2e-3 * std::get<1>(arg)), std::get<0>(arg), result_listener); }

TEST(EqualizationFactors, GiveBothSidesTheSameRange) {
  // Outputs of the first layer have the ranges 8 and 1, inputs of the second 2 and 9.
  LayerMagnitudes first{2, 2, 1, {8, 3, 0.5F, 1}}, second{3, 2, 1, {1, 9, 2, 4, 0.5F, 5}};
  auto factors = equalizationFactors({first, second}, {{0, 1}});
  EXPECT_THAT(factors, ElementsAre(Pointwise(IsClose(), {2.0, 1 / 3.0})));
}

TEST(EqualizationFactors, SettleChainsWithDepthwiseLayers) {
  LayerMagnitudes first{2, 1, 1, {64, 1}}, depthwise{2, 1, 2, {1, 1}}, last{1, 2, 1, {1, 8}};
  auto factors = equalizationFactors({first, depthwise, last}, {{0, 1}, {1, 2}});
  // All three ranges of a channel become their geometric mean: 4 and 2.
  EXPECT_THAT(factors, ElementsAre(Pointwise(IsClose(), {16.0, 0.5}), Pointwise(IsClose(), {4.0, 0.25})));
}

TEST(EqualizationFactors, KnowGroupsOfInputs) {
  // Outputs 0 and 1 read inputs 0 and 1, outputs 2 and 3 inputs 2 and 3.
  LayerMagnitudes first{4, 1, 1, {1, 1, 1, 1}}, second{4, 2, 2, {1, 4, 0, 0, 0.25F, 0, 0, 16}};
  auto factors = equalizationFactors({first, second}, {{0, 1}});
  EXPECT_THAT(factors, ElementsAre(Pointwise(IsClose(), {1.0, 0.5, 2.0, 0.25})));
}

TEST(EqualizationFactors, AreSharedByThePixelsOfAChannel) {
  LayerMagnitudes first{2, 1, 1, {4, 9}}, second{1, 6, 1, {0.5F, 1, 0.25F, 1, 0, 0.5F}};
  auto factors = equalizationFactors({first, second}, {{0, 1}});
  EXPECT_THAT(factors, ElementsAre(Pointwise(IsClose(), {2.0, 3.0})));
}

TEST(EqualizationFactors, AreOneForChannelsOfZeros) {
  LayerMagnitudes first{2, 1, 1, {0, 3}}, second{1, 2, 1, {5, 0}};
  EXPECT_THAT(equalizationFactors({first, second}, {{0, 1}}), ElementsAre(ElementsAre(1, 1)));
}

TEST(EqualizationFactors, StayUsable) {
  LayerMagnitudes first{1, 1, 1, {1e30F}}, second{1, 1, 1, {1e-30F}};
  EXPECT_THAT(equalizationFactors({first, second}, {{0, 1}}), ElementsAre(ElementsAre(1e6)));
}

} // namespace
} // namespace ingot::compress
