// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Equalize/EqualizationFactors.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>

namespace ingot::compress {
namespace {

constexpr int kRounds = 20;
/// Settled: no factor changes by more than this share of itself.
constexpr double kSettled = 1e-3;
/// Factors beyond it, or below its reciprocal, could make values between the layers too large or too small for f32.
constexpr double kLargestFactor = 1e6;

/// Calls `visit` with each output, its input, and the magnitude between them.
template <typename Layer, typename Visit> void eachMagnitude(Layer &layer, Visit visit) {
  for (int64_t output = 0; output < layer.outputs; ++output)
    for (int64_t i = 0; i < layer.groupInputs; ++i)
      visit(output, layer.inputOf(output, i), layer.largest[output * layer.groupInputs + i]);
}

/// Equalises one link; the largest change of a factor, as its logarithm.
double settle(LayerMagnitudes &first, LayerMagnitudes &second, std::vector<double> &factors) {
  std::vector<double> range1(first.outputs), range2(first.outputs), steps(first.outputs, 1);
  int64_t spread = second.inputs() / first.outputs;
  eachMagnitude(first, [&](int64_t output, int64_t, float most) { range1[output] = std::max<double>(range1[output], most); });
  eachMagnitude(second, [&](int64_t, int64_t input, float most) { range2[input / spread] = std::max<double>(range2[input / spread], most); });
  double change = 0;
  for (auto [factor, step, one, two] : llvm::zip_equal(factors, steps, range1, range2)) {
    if (one == 0 || two == 0)
      continue;
    double next = std::clamp(factor * std::sqrt(one / two), 1 / kLargestFactor, kLargestFactor);
    step = next / factor;
    factor = next;
    change = std::max(change, std::abs(std::log(step)));
  }
  eachMagnitude(first, [&](int64_t output, int64_t, float &most) { most = static_cast<float>(most / steps[output]); });
  eachMagnitude(second, [&](int64_t, int64_t input, float &most) { most = static_cast<float>(most * steps[input / spread]); });
  return change;
}

} // namespace

std::vector<std::vector<double>> equalizationFactors(std::vector<LayerMagnitudes> layers, llvm::ArrayRef<LayerLink> links) {
  std::vector<std::vector<double>> factors;
  factors.reserve(links.size());
  for (const LayerLink &link : links)
    factors.emplace_back(layers[link.first].outputs, 1.0);
  double change = 1;
  for (int round = 0; round < kRounds && change > kSettled; ++round) {
    change = 0;
    for (auto [link, own] : llvm::zip_equal(links, factors))
      change = std::max(change, settle(layers[link.first], layers[link.second], own));
  }
  return factors;
}

} // namespace ingot::compress
