// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_QUANTIZE_SMOOTHING_H
#define COMPILER_COMPRESS_QUANTIZE_SMOOTHING_H

#include "compiler/Compress/Edit/Products.h"
#include "compiler/Compress/Quantize/QuantizeOptions.h"
#include "compiler/Compress/Quantize/WeightRounding.h"

namespace ingot::compress {

/// Values that stand for an activation divided by factors along its last dim.
struct SmoothedValue {
  std::string original;
  std::vector<float> reciprocals; ///< what the original is multiplied by
};

/// Divides the activations of MatMul and Gemm channel by channel, and multiplies the weights, where that makes the expected error clearly smaller.
/// Samples tell the size of each channel. The division is a part of the norm in front of the products where they alone read it, else a Mul. Returns
/// the new values by name.
absl::StatusOr<llvm::StringMap<SmoothedValue>> smoothActivations(ModelEditor &editor, std::vector<Product> &products, const QuantizeOptions &options,
                                                                 QuantizeSummary &summary);

/// The same for weights that alone are rounded, in blocks: those that meet large channels become larger (`ActivationAwareSearch`). Weights that
/// several products share stay as they are.
absl::Status scaleForRounding(ModelEditor &editor, std::vector<Product> &products, const WeightGrid &grid, int64_t block,
                              const QuantizeOptions &options, QuantizeSummary &summary);

} // namespace ingot::compress

#endif
