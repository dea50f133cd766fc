// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Prune/SparsityBudget.h"

#include "llvm/ADT/bit.h"

#include <algorithm>

namespace ingot::compress {
namespace {

/// Bins of shares, from 0 to 1: the highest bits of a float, so they are as wide as 1/32 of what they hold.
constexpr int kShift = 18, kBins = (0x3f800000 >> kShift) + 1;

int binOf(double share) { return std::min<int>(llvm::bit_cast<uint32_t>(static_cast<float>(share)) >> kShift, kBins - 1); }

} // namespace

void SparsityBudget::addLayer(llvm::ArrayRef<float> scores, int64_t weights) {
  // Sums over larger scores, from a histogram with bins as wide as 1/128 of what they hold.
  std::vector<double> sums(1 << 16);
  std::vector<uint32_t> counts(1 << 16);
  for (float score : scores) {
    uint32_t bin = llvm::bit_cast<uint32_t>(score) >> 16;
    sums[bin] += score;
    ++counts[bin];
  }
  Layer layer{std::vector<uint32_t>(kBins), static_cast<int64_t>(scores.size()), weights};
  double larger = 0;
  for (int bin = (1 << 16) - 1; bin >= 0; --bin)
    if (counts[bin] > 0) {
      // Of equal scores in a bin the first has all others behind it, the last none: the middle stands for all.
      double mean = sums[bin] / counts[bin], sum = larger + (sums[bin] + mean) / 2;
      layer.bins[sum > 0 ? binOf(mean / sum) : 0] += counts[bin];
      larger += sums[bin];
    }
  layers.push_back(std::move(layer));
}

double SparsityBudget::shareBelow(const Layer &layer, int bin, double part) {
  double count = part * layer.bins[bin];
  for (int i = 0; i < bin; ++i)
    count += layer.bins[i];
  return count / static_cast<double>(layer.units);
}

std::vector<double> SparsityBudget::shares(double sparsity, double most) const {
  double all = 0;
  for (const Layer &layer : layers)
    all += static_cast<double>(layer.weights);
  auto prunedBelow = [&](int bin, double part) {
    double sum = 0;
    for (const Layer &layer : layers)
      sum += std::min(most, shareBelow(layer, bin, part)) * static_cast<double>(layer.weights);
    return sum;
  };
  int low = 0, high = kBins - 1; // the bin that holds the threshold
  while (low < high) {
    int middle = (low + high) / 2;
    prunedBelow(middle, 1) < sparsity *all ? low = middle + 1 : high = middle;
  }
  double from = 0, to = 1; // and how much of it is below
  for (int step = 0; step < 50; ++step) {
    double part = (from + to) / 2;
    prunedBelow(low, part) < sparsity *all ? from = part : to = part;
  }
  std::vector<double> result;
  result.reserve(layers.size());
  for (const Layer &layer : layers)
    result.push_back(std::min(most, shareBelow(layer, low, to)));
  return result;
}

} // namespace ingot::compress
