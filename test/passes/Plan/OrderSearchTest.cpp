// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/Memory/OrderSearch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace ingot {
namespace {

bool respects(const OrderProblem &problem, const std::vector<unsigned> &order) {
  std::vector<size_t> place(order.size());
  for (size_t i = 0; i < order.size(); ++i)
    place[order[i]] = i;
  for (unsigned step = 0; step < order.size(); ++step)
    for (unsigned other : problem.steps[step].after)
      if (place[other] > place[step])
        return false;
  return true;
}

/// Of all orders.
int64_t bestPeak(const OrderProblem &problem) {
  std::vector<unsigned> order(problem.steps.size());
  std::iota(order.begin(), order.end(), 0);
  int64_t best = -1;
  do
    if (respects(problem, order)) {
      int64_t peak = problem.peakOf(order);
      best = best < 0 ? peak : std::min(best, peak);
    }
  while (std::next_permutation(order.begin(), order.end()));
  return best;
}

/// Each step writes a buffer of its own, over an input at times, and reads those of earlier ones.
OrderProblem makeProblem(std::mt19937 &random, unsigned count) {
  OrderProblem problem;
  for (unsigned i = 0; i < count; ++i) {
    problem.bytes.push_back(64 * (1 + random() % 20));
    OrderProblem::Step step;
    step.buffers.push_back(i);
    step.own = random() % 3 == 0 ? 64 : 0;
    for (unsigned other = 0; other < i; ++other)
      if (random() % 3 == 0) {
        step.after.push_back(other);
        step.buffers.push_back(other);
        if (random() % 2 == 0)
          step.inPlace.push_back({i, other});
      }
    problem.steps.push_back(std::move(step));
  }
  return problem;
}

} // namespace

TEST(OrderSearch, FindsTheBestOfAllOrders) {
  std::mt19937 random(3);
  for (int round = 0; round < 30; ++round) {
    OrderProblem problem = makeProblem(random, 7);
    FoundOrder found = findOrder(problem);
    ASSERT_TRUE(found.isExact);
    ASSERT_TRUE(respects(problem, found.order));
    EXPECT_EQ(problem.peakOf(found.order), found.peak);
    EXPECT_EQ(found.peak, bestPeak(problem)) << round;
    EXPECT_LE(problem.leastPeak(), found.peak);
  }
}

TEST(OrderSearch, TheHeuristicGivesAnOrderThatIsAllowed) {
  std::mt19937 random(5);
  for (int round = 0; round < 10; ++round) {
    OrderProblem problem = makeProblem(random, 40);
    FoundOrder found = findOrder(problem, /*mostStates=*/1);
    ASSERT_EQ(found.order.size(), 40U);
    ASSERT_TRUE(respects(problem, found.order));
    EXPECT_EQ(problem.peakOf(found.order), found.peak);
    EXPECT_LE(problem.leastPeak(), found.peak);
  }
}

TEST(OrderSearch, OfEqualOrdersTheGivenOneIsKept) {
  OrderProblem problem;
  problem.bytes.assign(5, 64);
  for (unsigned i = 0; i < 5; ++i) {
    OrderProblem::Step step;
    step.buffers.push_back(i);
    problem.steps.push_back(step);
  }
  EXPECT_EQ(findOrder(problem).order, (std::vector<unsigned>{0, 1, 2, 3, 4}));
}

TEST(OrderSearch, NothingToOrder) { EXPECT_TRUE(findOrder({}).order.empty()); }

} // namespace ingot
