// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_EQUALIZE_EQUALIZEDLAYERS_H
#define COMPILER_COMPRESS_EQUALIZE_EQUALIZEDLAYERS_H

#include "compiler/Compress/Edit/ModelEditor.h"
#include "compiler/Compress/Edit/NodeSelection.h"
#include "compiler/Compress/Equalize/EqualizationFactors.h"

namespace ingot::compress {

/// A Conv, Gemm or MatMul whose weights no other node reads. A norm behind a Conv is a part of it, a gain for each output and its bias, and so is the
/// Add of a bias behind a MatMul.
struct EqualizedLayer {
  int node = 0;
  int norm = -1;                                  ///< the BatchNormalization that goes into it
  std::string value;                              ///< what it makes, norm and bias included
  int64_t outputStride = 0, inputStride = 0;      ///< of its weights, in elements
  int64_t taps = 1;                               ///< weights of one output and one input, side by side
  bool outputsAreSecond = false, hasBias = false; ///< channels of what it makes are its dim 1, not its last one
  int biasNode = 0, biasInput = 2;                ///< who reads the bias: the layer, or an Add behind it
  std::vector<double> gains, bias;                ///< one for each output
  LayerMagnitudes magnitudes;                     ///< gains included
};

/// The layers that the user wants changed, in order.
absl::StatusOr<std::vector<EqualizedLayer>> findLayers(const ModelEditor &editor, const NodeSelection &selection);

/// Writes new weights and bias: those of an output divided by its factor, those of an input multiplied; none of either: 1. The norm is removed.
absl::Status rewriteLayer(ModelEditor &editor, const EqualizedLayer &layer, llvm::ArrayRef<double> outputFactors,
                          llvm::ArrayRef<double> inputFactors);

} // namespace ingot::compress

#endif
