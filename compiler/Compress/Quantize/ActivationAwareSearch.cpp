// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Quantize/ActivationAwareSearch.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>

namespace ingot::compress {

/// Powers are multiples of one part of so many.
static constexpr int kPowers = 10;

ActivationAwareSearch::ActivationAwareSearch(const ActivationChannels &activation, const WeightGrid &grid, int64_t block)
    : squares(activation.squares), grid(grid), block(block) {
  double logarithms = 0, count = 0;
  for (double square : squares)
    if (square > 0) {
      logarithms += std::log(square) / 2;
      ++count;
    }
  // Factors around 1: common ones change nothing.
  double middle = count > 0 ? logarithms / count : 0;
  for (int power = 0; power <= kPowers; ++power) {
    Candidate &candidate = candidates.emplace_back();
    for (double square : squares) {
      double factor = square > 0 ? std::exp((std::log(square) / 2 - middle) * power / kPowers) : 1;
      candidate.factors.push_back(static_cast<float>(std::clamp(factor, 1e-3, 1e3)));
    }
  }
}

void ActivationAwareSearch::addWeights(llvm::ArrayRef<float> weights) {
  std::vector<float> scaled(weights.size());
  for (Candidate &candidate : candidates) {
    for (auto [to, weight, factor] : llvm::zip_equal(scaled, weights, candidate.factors))
      to = weight * factor;
    for (size_t from = 0; from < weights.size(); from += block) {
      llvm::ArrayRef<float> part = llvm::ArrayRef(scaled).slice(from, std::min<size_t>(block, weights.size() - from));
      BlockScale scale = roundToNearest(part, grid);
      for (auto [i, weight] : llvm::enumerate(part)) {
        double error = weight - static_cast<float>(codeOf(weight, scale, grid) - scale.zeroPoint) * scale.scale;
        error /= candidate.factors[from + i];
        candidate.noise += squares[from + i] * error * error;
      }
    }
  }
}

SmoothingSearch::Found ActivationAwareSearch::best() const {
  const Candidate &found = *llvm::min_element(candidates, [](const Candidate &a, const Candidate &b) { return a.noise < b.noise; });
  double plain = candidates.front().noise;
  return {found.factors, plain > 0 ? found.noise / plain : 1};
}

} // namespace ingot::compress
