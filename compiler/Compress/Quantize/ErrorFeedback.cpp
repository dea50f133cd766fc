// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Quantize/ErrorFeedback.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ingot::compress {
namespace {

/// Rounded weights hand their errors to all others after so many.
constexpr int64_t kLazy = 128;

} // namespace

void roundWithFeedback(llvm::ArrayRef<float> weights, SecondMoments &moments, BlockedWeights &result) {
  int64_t channels = result.channels, depth = result.depth;
  auto importance = [&](int64_t i) { return moments.at(i, i); };
  std::vector<int64_t> order(depth);
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](int64_t a, int64_t b) { return std::pair(importance(b), a) < std::pair(importance(a), b); });
  const TriangleView factors = moments.factors(order);

  for (int64_t channel = 0; channel < channels; ++channel)
    for (int64_t b = 0; b < result.blocks; ++b) {
      int64_t from = b * result.block, count = std::min(result.block, depth - from);
      result.scales[channel * result.blocks + b] = roundToNearest(weights.slice(channel * depth + from, count), result.grid);
    }
  // One row for the weights of all channels at a place: the errors of a row go to the rows after it.
  FloatMatrix left(depth, channels);
  for (int64_t i = 0; i < depth; ++i)
    for (int64_t channel = 0; channel < channels; ++channel)
      left(i, channel) = weights[channel * depth + order[i]];
  FloatMatrix errors(kLazy, channels);
  for (int64_t from = 0; from < depth; from += kLazy) {
    int64_t to = std::min(from + kLazy, depth), count = to - from;
    for (int64_t i = from; i < to; ++i) {
      for (int64_t channel = 0; channel < channels; ++channel) {
        const BlockScale &scale = result.scales[channel * result.blocks + order[i] / result.block];
        int code = codeOf(left(i, channel), scale, result.grid);
        result.codes[channel * depth + order[i]] = static_cast<int8_t>(code);
        errors(i - from, channel) = (left(i, channel) - static_cast<float>(code - scale.zeroPoint) * scale.scale) / factors(i, i);
      }
      for (int64_t j = i + 1; j < to; ++j)
        left.row(j) -= factors(i, j) * errors.row(i - from);
    }
    addTransposedProduct(left.bottomRows(depth - to), -1, factors.block(from, to, count, depth - to), errors.topRows(count));
  }
}

} // namespace ingot::compress
