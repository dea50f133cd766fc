// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_PRUNE_RECONSTRUCTION_H
#define COMPILER_COMPRESS_PRUNE_RECONSTRUCTION_H

#include "compiler/Compress/Calibrate/SecondMoments.h"
#include "compiler/Compress/Prune/WeightUnits.h"

namespace ingot::compress {

/// SparseGPT (Frantar and Alistarh, "SparseGPT: massive language models can be accurately pruned in one-shot", 2023): goes through the depth, zeros
/// what the weights behind it make up for best (w^2 over the diagonal of the inverse of the moments), and changes these so that they do. Of each 128
/// inputs the same share of units goes; with `isTwoFour`, two of each four inputs of an output, and units are single weights. Leaves the factors of
/// the feedback in the moments.
void pruneWithFeedback(WeightMatrix &weights, const WeightUnits &units, double share, bool isTwoFour, SecondMoments &moments);

/// The norm of the products of the samples with the difference of two matrices of weights, over that with the first.
double relativeError(const WeightMatrix &original, const WeightMatrix &changed, const SecondMoments &moments);

} // namespace ingot::compress

#endif
