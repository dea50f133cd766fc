// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_DISTILL_LAYERFOLD_H
#define COMPILER_COMPRESS_DISTILL_LAYERFOLD_H

#include "compiler/Compress/Compare/ModelError.h"
#include "compiler/Compress/Edit/ModelEditor.h"

#include <optional>

namespace ingot::compress {

/// Where a compressed layer keeps constants by which its result can be scaled and shifted, channel by channel.
struct LayerFold {
  Layer layer;
  int product = -1;         ///< the node whose result the layer has
  std::optional<Use> scale; ///< a constant with a factor of each channel, perhaps several of each
  int scaleAxis = 0;        ///< of its dims: the channels
  std::optional<Use> bias;  ///< a constant with an element per channel that is added before the result
  int biasScaleNode = -1;   ///< the DequantizeLinear of a bias of i32; `bias` is then its input of codes
  bool mayAddBias = false;  ///< the product takes a bias that it does not have yet
  std::optional<Use> sum;   ///< without both, a constant that only reader of the result adds to it
  bool isFloat = false;     ///< a product of floats whose weights were changed; `scale` are the weights
  bool isNorm = false;      ///< no product, but gain and bias of a normalisation
  bool mayShift = true;
  int64_t channels() const { return layer.weights / layer.depth; }
};

/// Whether one node alone reads a value.
bool hasOneReader(const ModelEditor &editor, llvm::StringRef value);

/// Whether constants of two models have the same elements.
bool areEqual(const ModelEditor &editor, llvm::StringRef value, const ModelEditor &original, llvm::StringRef was);

/// Finds out how a layer of a compressed model is scaled and shifted; nothing when it is as in the original, or compressed in a way that is not
/// known.
std::optional<LayerFold> findFold(const ModelEditor &editor, const ModelEditor &original, const Layer &layer);

/// Makes the result of the layer scale * result + shift, by its constants; a node that adds the shift where there is no bias. Scales of a layer
/// without `scale` must be 1.
absl::Status applyFold(ModelEditor &editor, const LayerFold &fold, llvm::ArrayRef<float> scales, llvm::ArrayRef<float> shifts);

} // namespace ingot::compress

#endif
