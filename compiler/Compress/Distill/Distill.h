// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_DISTILL_DISTILL_H
#define COMPILER_COMPRESS_DISTILL_DISTILL_H

#include "compiler/Compress/Compare/ModelError.h"
#include "compiler/Compress/Edit/WorkFolder.h"

#include <map>

namespace ingot::compress {

/// What is fitted to the original layers: nothing, what is added to each channel, or all that is free: weights that were not pruned, scales of blocks
/// of codes and of channels, gains and biases of norms.
enum class Fit { None, Bias, Everything };

/// A layer that was fitted, and its error against the original layer on samples that were not used for it, as `ValueError::noise`.
struct FittedLayer {
  std::string node;
  double before = 0, after = 0; ///< equal when the fit was undone because it made the layer no better
};

/// By nodes: which channels of the original a layer still has. Layers that are not named have all.
using KeptChannels = std::map<std::string, std::vector<int64_t>>;

/// Fits the layers of a compressed model one after the other: a layer's input comes from the layers before it, as they are fitted, and its result is
/// brought near to that of the original layer. The constants of the model are changed, and an Add stands behind products that have no bias. A fifth
/// of the samples judges. Writes `output`.
absl::StatusOr<std::vector<FittedLayer>> fitLayers(const ErrorReference &reference, const std::string &compressed, const std::string &output,
                                                   const WorkFolder &folder, Fit fit, const KeptChannels &kept, bool externalData);

} // namespace ingot::compress

#endif
