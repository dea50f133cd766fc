// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_QUANTIZE_ERRORFEEDBACK_H
#define COMPILER_QUANTIZE_ERRORFEEDBACK_H

#include "compiler/Quantize/BlockedWeights.h"

namespace ingot::quantize {

/// The sum of x x^T over rows x of an activation: how much errors of weights cost that meet these rows.
class SecondMoments {
public:
  explicit SecondMoments(int64_t depth) : depth(depth), sums(depth * depth) {}

  /// Rows of `depth` values, one behind the other. Rows with NaN or infinities are left out.
  void add(llvm::ArrayRef<float> rows);

  const int64_t depth;
  std::vector<float> sums; ///< row by row; the lower triangle is filled
};

/// Chooses scales and codes by GPTQ (Frantar et al., "GPTQ: accurate post-training quantization for generative pre-trained transformers", 2022): of
/// all channels one weight after the other is rounded, those that matter most first, and the weights that are not rounded yet take over what that
/// costs in the products. Scales are those of rounding to nearest. `weights` are [channel, depth].
void roundWithFeedback(llvm::ArrayRef<float> weights, const SecondMoments &moments, BlockedWeights &result);

} // namespace ingot::quantize

#endif
