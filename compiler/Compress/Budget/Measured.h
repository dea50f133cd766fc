// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_BUDGET_MEASURED_H
#define COMPILER_COMPRESS_BUDGET_MEASURED_H

#include "compiler/Compress/Budget/LayerChoice.h"
#include "compiler/Compress/Distill/Distill.h"

namespace ingot::compress {

/// What is asked of a compressed model, beside how it is made.
struct MeasureOptions {
  AccuracyBudget budget;
  std::vector<std::string> samples; ///< files, or folders of them, to measure on; empty: those of calibration
  bool report = false;              ///< errors are wanted, also without a budget

  Fit fit = Fit::None;

  bool isWanted() const { return report || fit != Fit::None || budget.isSet(); }
  bool operator==(const MeasureOptions &) const = default;
};

/// What a compressed model costs, and what was done about it.
struct Measured {
  ModelError error;
  std::vector<LayerSensitivity> sensitivities; ///< the most sensitive first
  std::vector<FittedLayer> fitted;             ///< in the order of the model
  std::optional<ValueError> unfitted;          ///< at the outputs, of the model before its layers were fitted
  std::vector<std::string> kept;               ///< nodes that stayed as they are because of the budget
  std::vector<std::string> notes;
  std::vector<Layer> layers;                          ///< all products of the original with constant weights, in the order of the model
  std::map<std::string, std::vector<int64_t>> shapes; ///< that inputs of open dims have in the first sample
};

/// The original of a model with the samples to measure on: those of `wanted`, or those of calibration. An error of use when there are neither these
/// nor random ones.
absl::StatusOr<std::unique_ptr<ErrorReference>> openReference(const std::string &input, const SampleSource &calibration,
                                                              const MeasureOptions &wanted);

/// A failure when the output would overwrite a file of the input.
absl::Status checkOutput(const std::string &input, const std::string &output);

/// Fits the layers of the model at `path`, and leaves the result there if the outputs are better for it. `folder` is for what is tried.
absl::Status fitCandidate(ErrorReference &reference, const std::string &path, const WorkFolder &folder, Fit fit, const KeptChannels &kept,
                          bool externalData, Measured &result);

/// How much is won by a layer of a model with all layers compressed, whose error is given; any unit.
using MeasuredGain = llvm::function_ref<double(const Layer &, const ModelError &all)>;

/// Multiplications of a layer with its weights in the samples; the weights where that is not known.
double multiplications(const Layer &layer, const ModelError &all);

/// Compresses with as many layers as the budget allows, measures the result and what each layer costs. It is the folder's candidate then. A failure
/// when no layer fits.
absl::Status compressWithin(ErrorReference &reference, const AccuracyBudget &budget, const WorkFolder &folder, MeasuredGain gain, Compressor compress,
                            Measured &result);

} // namespace ingot::compress

#endif
