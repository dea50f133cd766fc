// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Quantize/WeightRounding.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace ingot::compress {
namespace {

/// Rounds to the nearest integer, ties to even, in a way that compilers turn into vector code. For magnitudes up to 2^22.
float roundEven(float x) {
  constexpr float kShift = 12582912.0f; // 1.5 * 2^23: the last bit of a float of this size counts ones
  return (x + kShift) - kShift;
}

/// The code of w / scale + zero as a float; what is far outside of the grid is clamped before it is rounded.
float code(float w, float inverse, float zero, float low, float high) { return roundEven(std::clamp(w * inverse + zero, low, high)); }

/// Ranges are tried from this share of the whole one on, in steps: with few codes it pays to clip more.
constexpr int kShares = 20;
float leastShare(const WeightGrid &grid) { return grid.bits <= 4 ? 0.55f : 0.9f; }
/// A symmetric grid may also be turned, so that the largest weight meets its shorter side.
float largestShare(const WeightGrid &grid) { return grid.symmetric ? static_cast<float>(grid.low()) / static_cast<float>(-grid.high()) : 1.0f; }

constexpr float kLeastScale = std::numeric_limits<float>::min(); // smaller ones are denormal, which some engines take for zero

float usable(float scale) { return std::abs(scale) >= kLeastScale && std::isfinite(scale) ? scale : std::copysign(kLeastScale, scale); }

/// The scale that makes the sum of importance * (w - (code - zero) * scale)^2 least.
float fittedScale(llvm::ArrayRef<float> weights, const BlockScale &start, const WeightGrid &grid, llvm::ArrayRef<float> importance) {
  float inverse = 1 / start.scale, zero = start.zeroPoint, low = grid.low(), high = grid.high();
  float top = 0, bottom = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    float step = code(weights[i], inverse, zero, low, high) - zero, factor = importance.empty() ? 1.0f : importance[i];
    top += factor * weights[i] * step;
    bottom += factor * step * step;
  }
  float scale = bottom > 0 ? top / bottom : start.scale;
  return scale == 0 ? start.scale : usable(scale);
}

float weightedError(llvm::ArrayRef<float> weights, const BlockScale &scale, const WeightGrid &grid, llvm::ArrayRef<float> importance) {
  float inverse = 1 / scale.scale, zero = scale.zeroPoint, low = grid.low(), high = grid.high(), sum = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    float error = weights[i] - (code(weights[i], inverse, zero, low, high) - zero) * scale.scale;
    sum += (importance.empty() ? 1.0f : importance[i]) * error * error;
  }
  return sum;
}

struct Range {
  float low = 0, high = 0;
};

/// Zero is always inside: padding and pruned weights stay exact.
Range rangeOf(llvm::ArrayRef<float> weights) {
  Range range;
  for (float w : weights) {
    range.low = std::min(range.low, w);
    range.high = std::max(range.high, w);
  }
  return range;
}

/// The grid laid over `share` of the range.
BlockScale laidOver(const Range &range, float share, const WeightGrid &grid) {
  if (grid.symmetric) {
    float largest = std::abs(range.low) > range.high ? range.low : range.high;
    return {usable(largest * share / grid.low()), 0};
  }
  float scale = usable((range.high - range.low) * share / (grid.high() - grid.low()));
  return {scale, std::clamp(static_cast<int>(std::lround(-range.low * share / scale)), grid.low(), grid.high())};
}

} // namespace

int codeOf(float w, const BlockScale &scale, const WeightGrid &grid) {
  return static_cast<int>(code(w, 1 / scale.scale, scale.zeroPoint, grid.low(), grid.high()));
}

double squaredError(llvm::ArrayRef<float> weights, const BlockScale &scale, const WeightGrid &grid) {
  return weightedError(weights, scale, grid, {});
}

BlockScale roundToNearest(llvm::ArrayRef<float> weights, const WeightGrid &grid, llvm::ArrayRef<float> importance) {
  Range range = rangeOf(weights);
  BlockScale best = laidOver(range, 1, grid);
  float least = std::numeric_limits<float>::infinity(), largest = largestShare(grid), smallest = leastShare(grid);
  for (int i = 0; i <= kShares; ++i) {
    BlockScale candidate = laidOver(range, largest + (smallest - largest) * static_cast<float>(i) / kShares, grid);
    candidate.scale = fittedScale(weights, candidate, grid, importance);
    float error = weightedError(weights, candidate, grid, importance);
    if (error < least) {
      least = error;
      best = candidate;
    }
  }
  return best;
}

namespace {

/// The sum of |error|^kPower.
constexpr float kPower = 0.7f;
float powerLoss(llvm::ArrayRef<float> weights, const BlockScale &scale, const WeightGrid &grid) {
  float inverse = 1 / scale.scale, zero = scale.zeroPoint, low = grid.low(), high = grid.high(), sum = 0;
  for (float w : weights)
    sum += std::pow(std::abs(w - (code(w, inverse, zero, low, high) - zero) * scale.scale), kPower);
  return sum;
}

/// One step of the half-quadratic splitting: weights without what the shrinkage of |x|^kPower takes for outliers, then scale and zero point by least
/// squares. Errors are measured in steps of the grid, so that `strength` means the same for all weights.
BlockScale improved(llvm::ArrayRef<float> weights, BlockScale current, const WeightGrid &grid, float strength, llvm::MutableArrayRef<float> steps,
                    llvm::MutableArrayRef<float> targets) {
  float inverse = 1 / current.scale, zero = current.zeroPoint, low = grid.low(), high = grid.high();
  for (size_t k = 0; k < weights.size(); ++k) {
    steps[k] = code(weights[k], inverse, zero, low, high);
    float error = weights[k] * inverse - (steps[k] - zero), size = std::abs(error);
    float outlier = size > 0 ? std::max(0.0f, size - std::pow(size, kPower - 1) / strength) : 0.0f;
    targets[k] = weights[k] - std::copysign(outlier, error) * current.scale;
  }
  if (!grid.symmetric) {
    float sum = 0;
    for (size_t k = 0; k < weights.size(); ++k)
      sum += steps[k] - targets[k] * inverse;
    zero = std::clamp(roundEven(sum / static_cast<float>(weights.size())), low, high);
    current.zeroPoint = static_cast<int>(zero);
  }
  float top = 0, bottom = 0;
  for (size_t k = 0; k < weights.size(); ++k) {
    top += targets[k] * (steps[k] - zero);
    bottom += (steps[k] - zero) * (steps[k] - zero);
  }
  if (bottom > 0 && top != 0)
    current.scale = usable(top / bottom);
  return current;
}

} // namespace

BlockScale halfQuadratic(llvm::ArrayRef<float> weights, const WeightGrid &grid) {
  constexpr int kSteps = 8;
  constexpr float kStrength = 10, kGrowth = 1.1f;
  std::vector<float> steps(weights.size()), targets(weights.size());
  BlockScale best = laidOver(rangeOf(weights), 1, grid);
  float least = powerLoss(weights, best, grid);
  for (BlockScale current : {best, roundToNearest(weights, grid)}) {
    float strength = kStrength;
    for (int i = 0; i <= kSteps; ++i, strength *= kGrowth) {
      if (float loss = powerLoss(weights, current, grid); loss < least) {
        least = loss;
        best = current;
      }
      current = improved(weights, current, grid, strength, steps, targets);
    }
  }
  return best;
}

float channelScale(llvm::ArrayRef<float> weights, int bits) {
  Range range = rangeOf(weights);
  return usable(std::max(-range.low, range.high) / static_cast<float>((1 << (bits - 1)) - 1));
}

} // namespace ingot::compress
