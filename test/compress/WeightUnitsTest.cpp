// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Prune/WeightUnits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace ingot::compress {
namespace {

using testing::ElementsAre;

Weights matrix(int64_t depth, int64_t channels) {
  Weights weights{.name = "w", .dims = {depth, channels}, .channels = channels, .depth = depth};
  weights.channelStride = 1;
  weights.depthStride = channels;
  weights.channelAxis = 1;
  return weights;
}

std::vector<float> counting(int64_t count) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), 1.0F);
  return values;
}

TEST(WeightMatrix, TakesTheInputsOfATapBeforeTheNextTap) {
  Weights weights{.name = "w", .dims = {2, 3, 1, 2}, .channels = 2, .depth = 6};
  weights.channelStride = 6;
  weights.depthStride = 1;
  WeightMatrix filter(weights, counting(12));
  std::vector<float> second(6);
  for (int64_t k = 0; k < 6; ++k)
    second[k] = filter.at(k, 1);
  EXPECT_THAT(second, ElementsAre(7, 9, 11, 8, 10, 12));
}

TEST(WeightUnits, ScoresAreMeansOfSquaresAlsoOfSmallBlocksAtTheEnds) {
  WeightMatrix weights(matrix(3, 3), {1, 2, 3, 4, 5, 6, 7, 8, 9});
  WeightUnits units{.depth = 3, .channels = 3, .rows = 2, .columns = 2};
  EXPECT_THAT(unitScores(weights, units), ElementsAre((1 + 4 + 16 + 25) / 4.0F, (9 + 36) / 2.0F, (49 + 64) / 2.0F, 81));
  EXPECT_THAT(unitScores(weights, units, {1, 0, 2}), ElementsAre((1 + 4) / 4.0F, 9 / 2.0F, 2 * (49 + 64) / 2.0F, 162));
}

TEST(WeightUnits, LeastTakesTheFirstOfEqualOnes) {
  EXPECT_THAT(leastUnits({3, 1, 2, 1, 1, 0}, 3), ElementsAre(false, true, false, true, false, true));
  EXPECT_THAT(leastUnits({3, 1}, 0), ElementsAre(false, false));
  EXPECT_THAT(leastUnits({3, 1}, 2), ElementsAre(true, true));
  EXPECT_THAT(leastUnits({0, 0, 0}, 1), ElementsAre(true, false, false));
}

TEST(WeightUnits, LeastTellsNumbersApartThatAgreeInTheirFirstBits) {
  std::vector<float> scores(1000, 1.0F);
  for (int i = 0; i < 1000; ++i)
    scores[i] += static_cast<float>((i * 7) % 1000) * 1.1920929e-07F;
  std::vector<bool> marked = leastUnits(scores, 250);
  for (int i = 0; i < 1000; ++i)
    EXPECT_EQ(marked[i], i * 7 % 1000 < 250) << i;
}

TEST(WeightUnits, EachOutputLosesTheSame) {
  WeightUnits units{.depth = 4, .channels = 2};
  EXPECT_THAT(leastOfEachOutput({1, 80, 2, 70, 3, 60, 4, 50}, units, 0.5), ElementsAre(true, false, true, false, false, true, false, true));
}

TEST(WeightUnits, TwoOfEachFourInputsStay) {
  WeightUnits units{.depth = 7, .channels = 1};
  EXPECT_THAT(twoOfEachFour({4, 1, 3, 2, 5, 9, 7}, units), ElementsAre(false, true, false, true, true, false, false));
  EXPECT_THAT(twoOfEachFour({1, 1, 1, 1, 1, 1}, {.depth = 6, .channels = 1}), ElementsAre(true, true, false, false, false, false));
}

TEST(WeightUnits, ClearZeroesWholeBlocks) {
  WeightMatrix weights(matrix(2, 4), counting(8));
  WeightUnits units{.depth = 2, .channels = 4, .rows = 1, .columns = 2};
  clearUnits(weights, units, {false, true, true, false});
  EXPECT_THAT(weights.stored(), ElementsAre(1, 2, 0, 0, 0, 0, 7, 8));
  EXPECT_EQ(weights.countZeros(), 4);
}

} // namespace
} // namespace ingot::compress
