// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Prune/SparsityBudget.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

namespace ingot::compress {
namespace {

std::vector<float> squares(int64_t count, float scale, unsigned seed, bool isFlat = false) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> distribution;
  std::vector<float> values(count);
  for (float &value : values) {
    value = scale * (isFlat ? 1 + 0.1F * distribution(generator) : distribution(generator));
    value *= value;
  }
  return values;
}

/// The definition, on sorted scores: how many of each layer are among the least `sparsity` of all.
std::vector<double> sortedShares(const std::vector<std::vector<float>> &layers, double sparsity) {
  std::vector<std::pair<double, size_t>> all;
  for (size_t layer = 0; layer < layers.size(); ++layer) {
    std::vector<float> scores = layers[layer];
    std::sort(scores.begin(), scores.end(), std::greater<>());
    double sum = 0;
    for (float score : scores) {
      sum += score;
      all.emplace_back(score / sum, layer);
    }
  }
  std::sort(all.begin(), all.end());
  std::vector<double> shares(layers.size());
  for (size_t i = 0; i < static_cast<size_t>(sparsity * static_cast<double>(all.size())); ++i)
    shares[all[i].second] += 1.0 / static_cast<double>(layers[all[i].second].size());
  return shares;
}

TEST(SparsityBudget, IsOneThresholdOverSharesOfSums) {
  std::vector<std::vector<float>> layers = {squares(5000, 1, 1), squares(20000, 1, 2, /*isFlat=*/true), squares(300, 1, 3)};
  for (double sparsity : {0.2, 0.5, 0.8}) {
    SparsityBudget budget;
    for (const std::vector<float> &layer : layers)
      budget.addLayer(layer, static_cast<int64_t>(layer.size()));
    std::vector<double> shares = budget.shares(sparsity, 1), expected = sortedShares(layers, sparsity);
    double pruned = 0;
    for (size_t i = 0; i < layers.size(); ++i) {
      EXPECT_NEAR(shares[i], expected[i], 0.02) << sparsity << " of layer " << i;
      pruned += shares[i] * static_cast<double>(layers[i].size());
    }
    EXPECT_NEAR(pruned, sparsity * 25300, 1);
  }
}

TEST(SparsityBudget, DoesNotDependOnTheScaleOfALayer) {
  std::vector<double> results[2];
  for (float scale : {1.0F, 1000.0F}) {
    SparsityBudget budget;
    budget.addLayer(squares(4000, 1, 1), 4000);
    budget.addLayer(squares(4000, scale, 2), 4000);
    results[scale > 1] = budget.shares(0.7, 0.95);
  }
  EXPECT_NEAR(results[0][0], results[1][0], 0.01);
  EXPECT_NEAR(results[0][0], 0.7, 0.02);
}

TEST(SparsityBudget, EmptiesNoLayer) {
  std::vector<float> nothing(1000, 1e-30F), one = squares(1000, 1, 1);
  nothing[0] = 1;
  SparsityBudget budget;
  budget.addLayer(nothing, 1000);
  budget.addLayer(one, 1000);
  std::vector<double> shares = budget.shares(0.8, 0.95);
  EXPECT_DOUBLE_EQ(shares[0], 0.95);
  EXPECT_NEAR(shares[1], 0.65, 1e-3);
}

TEST(SparsityBudget, CountsWeightsNotUnits) {
  std::vector<float> flat(100, 1);
  SparsityBudget budget;
  budget.addLayer(flat, 100);
  budget.addLayer(std::vector<float>(100, 0), 1600); // zero already: they go first
  std::vector<double> shares = budget.shares(0.5, 0.95);
  EXPECT_NEAR(shares[1], 0.53125, 1e-6);
  EXPECT_EQ(shares[0], 0);
}

} // namespace
} // namespace ingot::compress
