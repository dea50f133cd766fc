// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Budget/Search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::compress {
namespace {

SearchPoint point(uint64_t bytes, double milliseconds, double noise) {
  SearchPoint result;
  result.bytes = bytes;
  result.milliseconds = milliseconds;
  result.error.noise = noise;
  return result;
}

TEST(Search, FrontIsWhatNothingBeats) {
  std::vector<SearchPoint> points = {point(100, 10, 0), point(25, 5, 0.01), point(50, 5, 0.01), point(12, 8, 0.1), point(12, 8, 0.1)};
  markFront(points);
  auto front = testing::Field(&SearchPoint::isOnFront, true), beaten = testing::Field(&SearchPoint::isOnFront, false);
  EXPECT_THAT(points, testing::ElementsAre(front, front, beaten, front, front)); // equal points do not beat each other
}

TEST(Search, BestPointIsTheFastestWithinTheBudget) {
  std::vector<SearchPoint> points = {point(100, 10, 0), point(25, 5, 0.01), point(50, 7, 0.01)};
  points[1].meetsBudget = false;
  EXPECT_EQ(bestPoint(points), &points[2]);
  for (SearchPoint &one : points)
    one.meetsBudget = false;
  EXPECT_EQ(bestPoint(points), nullptr);
}

TEST(Recipe, ReadsWhatItWrites) {
  Recipe recipe;
  recipe.name = "two";
  recipe.int8Activations = true;
  QuantizeOptions small, bytes;
  small.mode = Mode::WeightOnly;
  small.weightBits = 4;
  small.blockSize = 32;
  small.exclude = {"a", "b.*"};
  bytes.mode = Mode::Dynamic;
  bytes.include = {"a"};
  recipe.prune.emplace();
  recipe.prune->sparsity = 0.8;
  recipe.prune->method = PruneMethod::SparseGpt;
  recipe.prune->exclude = {"c"};
  recipe.steps = {small, bytes};
  recipe.tiles = {"#0123456789abcdef:12x64/2"};
  absl::StatusOr<Recipe> read = Recipe::fromJson(recipe.json());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->name, "two");
  EXPECT_TRUE(read->int8Activations);
  EXPECT_FALSE(read->bf16);
  EXPECT_EQ(read->steps, recipe.steps);
  EXPECT_EQ(read->prune, recipe.prune);
  EXPECT_EQ(read->tiles, recipe.tiles);
  EXPECT_FALSE(Recipe::fromJson(llvm::json::Object{}).ok());
  EXPECT_FALSE(Recipe::fromJson(llvm::json::Object{{"steps", llvm::json::Array{llvm::json::Object{{"mode", "odd"}}}}}).ok());
}

} // namespace
} // namespace ingot::compress
