// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_QUANTIZE_ERRORFEEDBACK_H
#define COMPILER_COMPRESS_QUANTIZE_ERRORFEEDBACK_H

#include "compiler/Compress/Calibrate/SecondMoments.h"
#include "compiler/Compress/Quantize/BlockedWeights.h"

namespace ingot::compress {

/// Chooses scales and codes by GPTQ (Frantar et al., "GPTQ: accurate post-training quantization for generative pre-trained transformers", 2022): of
/// all channels one weight after the other is rounded, those that matter most first, and the weights that are not rounded yet take over what that
/// costs in the products. Scales are those of rounding to nearest. `weights` are [channel, depth]; no channel knows of another, so they may come a
/// few at a time. Leaves the factors of the feedback in the moments.
void roundWithFeedback(llvm::ArrayRef<float> weights, SecondMoments &moments, BlockedWeights &result);

} // namespace ingot::compress

#endif
