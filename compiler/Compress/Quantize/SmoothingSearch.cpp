// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Quantize/SmoothingSearch.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>

namespace ingot::compress {
namespace {

constexpr double kStrengths[] = {0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9};
constexpr double kActivationSteps = 255, kWeightSteps = 127;

} // namespace

void ActivationChannels::add(llvm::ArrayRef<float> values) {
  size_t depth = low.size();
  for (size_t row = 0; row < values.size(); row += depth, ++rows)
    for (size_t i = 0; i < depth; ++i) {
      float value = values[row + i];
      if (!std::isfinite(value))
        continue;
      low[i] = std::min(low[i], value);
      high[i] = std::max(high[i], value);
      squares[i] += static_cast<double>(value) * value;
    }
}

std::vector<float> ActivationChannels::largest() const {
  std::vector<float> result;
  for (auto [least, most] : llvm::zip_equal(low, high))
    result.push_back(std::max(-least, most));
  return result;
}

std::vector<float> smoothingFactors(llvm::ArrayRef<float> activations, llvm::ArrayRef<float> weights, double strength) {
  std::vector<float> factors;
  for (auto [x, w] : llvm::zip_equal(activations, weights)) {
    double factor = x > 0 && w > 0 ? std::pow(x, strength) / std::pow(w, 1 - strength) : 1;
    factors.push_back(static_cast<float>(std::clamp(factor, 1e-5, 1e5)));
  }
  return factors;
}

SmoothingSearch::SmoothingSearch(const ActivationChannels &activation, llvm::ArrayRef<float> largestWeights) {
  std::vector<float> largest = activation.largest(), ones(largest.size(), 1);
  candidates.push_back({.factors = ones});
  for (double strength : kStrengths) {
    candidates.push_back({.factors = smoothingFactors(largest, largestWeights, strength)});
    candidates.push_back({.factors = smoothingFactors(largest, ones, strength)});
  }
  for (Candidate &candidate : candidates) {
    double low = 0, high = 0;
    for (auto [i, factor] : llvm::enumerate(candidate.factors)) {
      low = std::min<double>(low, activation.low[i] / factor);
      high = std::max<double>(high, activation.high[i] / factor);
      candidate.energy += activation.squares[i] / factor / factor;
    }
    candidate.step = (high - low) / kActivationSteps;
    candidate.energy /= static_cast<double>(std::max<int64_t>(activation.rows, 1));
  }
}

void SmoothingSearch::addWeights(llvm::ArrayRef<float> weights) {
  for (Candidate &candidate : candidates) {
    float largest = 0, squares = 0;
    for (auto [weight, factor] : llvm::zip_equal(weights, candidate.factors)) {
      float scaled = weight * factor;
      largest = std::max(largest, std::abs(scaled));
      squares += scaled * scaled;
    }
    double step = largest / kWeightSteps;
    candidate.fromActivation += candidate.step * candidate.step * squares;
    candidate.fromWeights += step * step * candidate.energy;
  }
}

SmoothingSearch::Found SmoothingSearch::best() const {
  auto noise = [](const Candidate &candidate) { return candidate.fromActivation + candidate.fromWeights; };
  const Candidate &found = *llvm::min_element(candidates, [&](const Candidate &a, const Candidate &b) { return noise(a) < noise(b); });
  double plain = noise(candidates.front());
  return {found.factors, plain > 0 ? noise(found) / plain : 1};
}

} // namespace ingot::compress
