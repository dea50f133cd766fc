// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_DISTILL_LAYERWEIGHTS_H
#define COMPILER_COMPRESS_DISTILL_LAYERWEIGHTS_H

#include "compiler/Compress/Calibrate/InputRows.h"
#include "compiler/Compress/Distill/LayerFold.h"
#include "compiler/Compress/Distill/WeightFit.h"

namespace ingot::compress {

/// The weights of a compressed layer, what of them can be fitted, and what they multiply.
struct LayerWeights {
  int product = -1;                     ///< the node that multiplies by them
  std::vector<InputRows> groups = {};   ///< what it multiplies; each group of a convolution has rows, and its share of the channels, of its own
  Weights layout = {};                  ///< as floats
  std::vector<float> values = {};       ///< in that layout
  FitBasis basis = {};                  ///< in the order of the rows, of all channels
  std::optional<Use> scales = {};       ///< of blocks of codes, which are fitted; none: the weights themselves are, but for zeros
  bool scalesByDepth = false;           ///< `scales` are [blocks, channels], not [channels, blocks]
  std::vector<float> storedScales = {}; ///< as they lie there

  const std::string &activation() const { return groups.front().value; }
  int64_t channelsOfGroup() const { return layout.channels / static_cast<int64_t>(groups.size()); }
};

/// Weights of a layer that zeros were put into, that lost inputs, or that are codes of 4 or 8 bits in blocks. Nothing where they are none of these,
/// or where others read them, or what they multiply is not known.
absl::StatusOr<std::optional<LayerWeights>> readLayerWeights(const ModelEditor &editor, const LayerFold &fold);

/// The weights with a fit's change, in their layout.
std::vector<float> fittedWeights(const LayerWeights &weights, const WeightFit &fit);

/// Writes what was fitted into the model: weights, or scales.
absl::Status storeFittedWeights(ModelEditor &editor, const LayerWeights &weights, const WeightFit &fit);

} // namespace ingot::compress

#endif
