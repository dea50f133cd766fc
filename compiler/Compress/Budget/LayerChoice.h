// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_BUDGET_LAYERCHOICE_H
#define COMPILER_COMPRESS_BUDGET_LAYERCHOICE_H

#include "compiler/Compress/Budget/AccuracyBudget.h"
#include "compiler/Compress/Budget/LayerSwitches.h"

namespace ingot::compress {

/// A compressed layer and what it costs.
struct LayerSensitivity {
  Layer layer;
  ValueError error; ///< at the outputs, when only this layer is compressed
};

/// Each layer compressed alone, the most sensitive first.
absl::StatusOr<std::vector<LayerSensitivity>> measureSensitivities(LayerSwitches &switches);

/// "'a', 'b' and 'c'": the nodes of the first five.
std::string mostSensitive(llvm::ArrayRef<LayerSensitivity> sensitivities);

/// Writes the model with all layers compressed that it can, except for these nodes.
using Compressor = llvm::function_ref<absl::Status(const std::vector<std::string> &except, const std::string &output)>;

/// A model within its budget.
struct LayerChoice {
  std::vector<LayerSensitivity> sensitivities; ///< the most sensitive first; empty when all layers fit
  std::vector<std::string> kept;               ///< nodes that stay as they are
  ModelError error;                            ///< of the model
};

/// How much is won by a layer; any unit.
using LayerGain = llvm::function_ref<double(const Layer &)>;

/// Leaves a model with as many compressed layers as the budget allows as `candidate` of the folder, where that with all of them is already, of the
/// error `all`. Layers are taken by what they cost for what they win. A failure when no layer fits: it tells the best that was found.
absl::StatusOr<LayerChoice> chooseLayers(ErrorReference &reference, const AccuracyBudget &budget, const WorkFolder &folder, ModelError all,
                                         LayerGain gain, Compressor compress);

} // namespace ingot::compress

#endif
