// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_BUDGET_QUANTIZEMEASURED_H
#define COMPILER_COMPRESS_BUDGET_QUANTIZEMEASURED_H

#include "compiler/Compress/Budget/Distill.h"
#include "compiler/Compress/Budget/LayerChoice.h"
#include "compiler/Compress/Quantize/QuantizeOptions.h"

namespace ingot::compress {

/// What is asked of a quantised model, beside how it is made.
struct MeasureOptions {
  AccuracyBudget budget;
  std::vector<std::string> samples; ///< files, or folders of them, to measure on; empty: those of calibration
  bool report = false;              ///< errors are wanted, also without a budget

  Fit fit = Fit::None;

  bool isWanted() const { return report || fit != Fit::None || budget.isSet(); }
  bool operator==(const MeasureOptions &) const = default;
};

/// What was done, and what it costs.
struct MeasuredSummary {
  QuantizeSummary quantized;
  ModelError error;
  std::vector<LayerSensitivity> sensitivities;        ///< the most sensitive first
  std::vector<FittedLayer> fitted;                    ///< in the order of the model
  std::optional<ValueError> unfitted;                 ///< at the outputs, of the model before its layers were fitted
  std::vector<std::string> kept;                      ///< nodes that stayed as they are because of the budget
  std::vector<Layer> layers;                          ///< all products of the original with constant weights, in the order of the model
  std::map<std::string, std::vector<int64_t>> shapes; ///< that inputs of open dims have in the first sample
};

/// `quantizeModel` with measured errors, and with a budget only as many layers as it allows. A failure, and no file, when none fits.
absl::StatusOr<MeasuredSummary> quantizeMeasured(const QuantizeOptions &options, const MeasureOptions &wanted);

} // namespace ingot::compress

#endif
