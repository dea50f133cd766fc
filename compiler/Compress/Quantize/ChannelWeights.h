// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_QUANTIZE_CHANNELWEIGHTS_H
#define COMPILER_COMPRESS_QUANTIZE_CHANNELWEIGHTS_H

#include "compiler/Compress/Edit/Products.h"

namespace ingot::compress {

/// Weights of i8 in the layout of the original ones, with a scale per channel and zero points of 0.
struct ChannelWeights {
  std::string codes, scales; ///< names of constants
  std::vector<float> scaleValues;
};

/// Adds the constants for a product. `transposed`: a matrix [channels, depth] is stored as [depth, channels]. `leastScales`, if any, are lower bounds
/// of the scales.
absl::StatusOr<ChannelWeights> storeChannels(ModelEditor &editor, const Weights &weights, int bits, bool transposed,
                                             llvm::ArrayRef<float> leastScales = {});

} // namespace ingot::compress

#endif
