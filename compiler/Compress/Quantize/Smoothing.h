// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_QUANTIZE_SMOOTHING_H
#define COMPILER_COMPRESS_QUANTIZE_SMOOTHING_H

#include "compiler/Compress/Edit/Products.h"
#include "compiler/Compress/Quantize/QuantizeOptions.h"

namespace ingot::compress {

/// Values that stand for an activation divided by factors along its last dim.
struct SmoothedValue {
  std::string original;
  std::vector<float> reciprocals; ///< what the original is multiplied by
};

/// For each input of a product, max|x|^strength / max|w|^(1 - strength), which moves what is hard to quantise from activations to weights (Xiao et
/// al., "SmoothQuant", 2023). 1 where either is 0.
std::vector<float> smoothingFactors(llvm::ArrayRef<float> activations, llvm::ArrayRef<float> weights, double strength);

/// Multiplies the activations of MatMul and Gemm by the reciprocals of their factors, and the weights by the factors. Samples tell the size of each
/// channel. Returns the new values by name.
absl::StatusOr<llvm::StringMap<SmoothedValue>> smoothActivations(ModelEditor &editor, std::vector<Product> &products, const QuantizeOptions &options,
                                                                 QuantizeSummary &summary);

} // namespace ingot::compress

#endif
