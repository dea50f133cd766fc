// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/Memory/OrderSearch.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallBitVector.h"

#include <queue>

namespace ingot {
namespace {

/// A set of steps that have been taken, reached by `step` from `from`.
struct State {
  llvm::SmallBitVector taken;
  int64_t peak = 0, live = 0;
  unsigned count = 0, step = 0;
  int from = -1;
};

class Search {
public:
  explicit Search(const OrderProblem &problem) : problem(problem), touching(problem.bytes.size()) {
    for (auto [i, step] : llvm::enumerate(problem.steps))
      for (unsigned buffer : step.buffers)
        touching[buffer].push_back(i);
    states.push_back({llvm::SmallBitVector(problem.steps.size())});
  }

  FoundOrder exact(size_t mostStates);
  FoundOrder beam(size_t width);
  int64_t walk(llvm::ArrayRef<unsigned> order);

private:
  bool isReady(const State &state, unsigned step) const {
    return !state.taken.test(step) && llvm::all_of(problem.steps[step].after, [&](unsigned other) { return state.taken.test(other); });
  }
  bool begins(const State &state, unsigned buffer) const {
    return llvm::none_of(touching[buffer], [&](unsigned step) { return state.taken.test(step); });
  }
  bool ends(const State &state, unsigned buffer, unsigned step) const {
    return llvm::all_of(touching[buffer], [&](unsigned other) { return other == step || state.taken.test(other); });
  }
  State take(int from, unsigned step) const;
  FoundOrder pathTo(int state, bool isExact) const;

  const OrderProblem &problem;
  std::vector<llvm::SmallVector<unsigned, 4>> touching; ///< buffer -> steps
  std::vector<State> states;
};

State Search::take(int from, unsigned number) const {
  const State &before = states[from];
  const OrderProblem::Step &step = problem.steps[number];
  int64_t begun = step.own, ended = 0, shared = 0;
  for (unsigned buffer : step.buffers) {
    begun += begins(before, buffer) ? problem.bytes[buffer] : 0;
    ended += ends(before, buffer, number) ? problem.bytes[buffer] : 0;
  }
  for (auto [result, input] : step.inPlace)
    if (begins(before, result) && ends(before, input, number) && !begins(before, input))
      shared = std::max(shared, std::min(problem.bytes[result], problem.bytes[input]));
  State after{before.taken, std::max(before.peak, before.live + begun - shared), before.live + begun - step.own - ended, before.count + 1, number,
              from};
  after.taken.set(number);
  return after;
}

FoundOrder Search::pathTo(int state, bool isExact) const {
  FoundOrder found{{}, states[state].peak, isExact};
  for (; states[state].from >= 0; state = states[state].from)
    found.order.push_back(states[state].step);
  std::reverse(found.order.begin(), found.order.end());
  return found;
}

FoundOrder Search::exact(size_t mostStates) {
  // Lowest peak first, then the longest, then the first to come: the given order, where it is as good as any.
  auto isWorse = [&](int a, int b) {
    const State &x = states[a], &y = states[b];
    return x.peak != y.peak ? x.peak > y.peak : x.count != y.count ? x.count < y.count : a > b;
  };
  std::priority_queue<int, std::vector<int>, decltype(isWorse)> open(isWorse);
  llvm::DenseSet<llvm::SmallBitVector> closed;
  open.push(0);
  while (!open.empty() && states.size() < mostStates) {
    int best = open.top();
    open.pop();
    if (states[best].count == problem.steps.size())
      return pathTo(best, /*isExact=*/true);
    if (!closed.insert(states[best].taken).second)
      continue;
    for (unsigned step = 0; step < problem.steps.size(); ++step)
      if (isReady(states[best], step)) {
        states.push_back(take(best, step));
        open.push(states.size() - 1);
      }
  }
  return {};
}

FoundOrder Search::beam(size_t width) {
  states.resize(1);
  std::vector<int> front = {0};
  for (size_t count = 0; count < problem.steps.size(); ++count) {
    size_t first = states.size();
    for (int state : front)
      for (unsigned step = 0; step < problem.steps.size(); ++step)
        if (isReady(states[state], step)) {
          State next = take(state, step);
          bool isKnown = llvm::any_of(llvm::drop_begin(states, first), [&](State &other) {
            if (other.taken != next.taken)
              return false;
            if (next.peak < other.peak)
              other = next;
            return true;
          });
          if (!isKnown)
            states.push_back(std::move(next));
        }
    front.clear();
    for (size_t i = first; i < states.size(); ++i)
      front.push_back(i);
    llvm::sort(front, [&](int a, int b) { return std::tuple(states[a].peak, states[a].live, a) < std::tuple(states[b].peak, states[b].live, b); });
    front.resize(std::min(front.size(), width));
    // Only the path to a set is needed of those behind.
    for (size_t i = first; i < states.size(); ++i)
      if (!llvm::is_contained(front, static_cast<int>(i)))
        states[i].taken = llvm::SmallBitVector();
    if (front.empty())
      return {};
  }
  return pathTo(front.front(), /*isExact=*/false);
}

int64_t Search::walk(llvm::ArrayRef<unsigned> order) {
  int at = 0;
  for (unsigned step : order) {
    State next = take(at, step);
    states.push_back(std::move(next));
    at = states.size() - 1;
  }
  return states[at].peak;
}

} // namespace

int64_t OrderProblem::peakOf(llvm::ArrayRef<unsigned> order) const { return Search(*this).walk(order); }

int64_t OrderProblem::leastPeak() const {
  int64_t least = 0;
  for (const Step &step : steps) {
    int64_t sum = step.own, shared = 0;
    for (unsigned buffer : step.buffers)
      sum += bytes[buffer];
    for (auto [result, input] : step.inPlace)
      shared = std::max(shared, std::min(bytes[result], bytes[input]));
    least = std::max(least, sum - shared);
  }
  return least;
}

FoundOrder findOrder(const OrderProblem &problem, size_t mostStates, size_t width) {
  Search search(problem);
  FoundOrder found = search.exact(mostStates);
  if (found.order.size() == problem.steps.size())
    return found;
  found = search.beam(width);
  found.isExact = found.peak == problem.leastPeak();
  return found;
}

} // namespace ingot
