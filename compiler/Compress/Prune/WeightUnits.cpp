// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Prune/WeightUnits.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"

#include <algorithm>
#include <array>

namespace ingot::compress {
namespace {

/// Numbers that are not negative are ordered as their bits are.
uint32_t keyOf(float score) { return llvm::bit_cast<uint32_t>(score); }

/// The score that `count` others at most lie below, with how many do: two rounds over histograms of 16 bits, no copy of the scores.
std::pair<float, int64_t> scoreAt(llvm::ArrayRef<float> scores, int64_t count) {
  uint32_t prefix = 0;
  int64_t below = 0;
  for (int shift : {16, 0}) {
    std::vector<int64_t> bins(1 << 16);
    for (float score : scores)
      if (shift == 16 || keyOf(score) >> 16 == prefix)
        ++bins[keyOf(score) >> shift & 0xffff];
    uint32_t bin = 0;
    while (below + bins[bin] <= count && bin < 0xffff)
      below += bins[bin++];
    prefix = prefix << 16 | bin;
  }
  return {llvm::bit_cast<float>(prefix), below};
}

} // namespace

int64_t WeightUnits::sizeOf(int64_t unit) const {
  int64_t row = unit / unitColumns() * rows, column = unit % unitColumns() * columns;
  return std::min(rows, depth - row) * std::min(columns, channels - column);
}

std::vector<float> unitScores(const WeightMatrix &weights, const WeightUnits &units, llvm::ArrayRef<float> importance) {
  std::vector<float> scores(units.count());
  for (int64_t k = 0; k < units.depth; ++k)
    for (int64_t channel = 0; channel < units.channels; ++channel) {
      float weight = weights.at(k, channel);
      scores[units.unitOf(k, channel)] += weight * weight * (importance.empty() ? 1 : importance[k]);
    }
  for (auto [unit, score] : llvm::enumerate(scores))
    score /= static_cast<float>(units.sizeOf(static_cast<int64_t>(unit)));
  return scores;
}

std::vector<bool> leastUnits(llvm::ArrayRef<float> scores, int64_t count) {
  std::vector<bool> marked(scores.size());
  if (count >= static_cast<int64_t>(scores.size())) {
    marked.assign(scores.size(), true);
    return marked;
  }
  auto [bound, below] = scoreAt(scores, count);
  int64_t equal = count - below;
  for (auto [unit, score] : llvm::enumerate(scores))
    marked[unit] = score < bound || (score == bound && equal-- > 0);
  return marked;
}

std::vector<bool> leastOfEachOutput(llvm::ArrayRef<float> scores, const WeightUnits &units, double share) {
  std::vector<bool> marked(scores.size());
  int64_t count = static_cast<int64_t>(share * static_cast<double>(units.depth) + 0.5);
  std::vector<std::pair<float, int64_t>> output(units.depth);
  for (int64_t channel = 0; channel < units.channels; ++channel) {
    for (int64_t k = 0; k < units.depth; ++k)
      output[k] = {scores[units.unitOf(k, channel)], k};
    std::nth_element(output.begin(), output.begin() + count, output.end());
    for (auto [score, k] : llvm::ArrayRef(output).take_front(count))
      marked[units.unitOf(k, channel)] = true;
  }
  return marked;
}

std::vector<bool> twoOfEachFour(llvm::ArrayRef<float> scores, const WeightUnits &units) {
  std::vector<bool> marked(scores.size());
  for (int64_t from = 0; from < units.depth; from += 4)
    for (int64_t channel = 0; channel < units.channels; ++channel) {
      int64_t count = std::min<int64_t>(4, units.depth - from);
      std::array<std::pair<float, int64_t>, 4> four;
      for (int64_t i = 0; i < count; ++i)
        four[i] = {scores[units.unitOf(from + i, channel)], from + i};
      std::sort(four.begin(), four.begin() + count);
      for (int64_t i = 0; i < count - 2; ++i)
        marked[units.unitOf(four[i].second, channel)] = true;
    }
  return marked;
}

void clearUnits(WeightMatrix &weights, const WeightUnits &units, const std::vector<bool> &marked) {
  for (int64_t k = 0; k < units.depth; ++k)
    for (int64_t channel = 0; channel < units.channels; ++channel)
      if (marked[units.unitOf(k, channel)])
        weights.at(k, channel) = 0;
}

} // namespace ingot::compress
