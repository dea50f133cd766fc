// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Budget/QuantizeMeasured.h"

#include "compiler/Compress/Quantize/Quantize.h"
#include "llvm/ADT/STLExtras.h"

namespace ingot::compress {

absl::StatusOr<MeasuredQuantization> quantizeMeasured(const QuantizeOptions &options, const MeasureOptions &wanted) {
  if (options.equalize) {
    // Errors are those against the equalised model: it computes the same, and its values are those that layers are compared by.
    QuantizeOptions rest;
    absl::StatusOr<EqualizedModel> equalized = equalizeFirst(options, rest);
    if (!equalized.ok())
      return equalized.status();
    absl::StatusOr<MeasuredQuantization> summary = quantizeMeasured(rest, wanted);
    if (!summary.ok())
      return equalized->asOriginal(summary.status());
    addEqualized(*equalized, summary->quantized);
    return summary;
  }
  QuantizeOptions work = options;
  work.mode = modeOf(options);
  if (!needsSamples(work)) {
    work.calibration.clear();
    work.randomCalibration = false;
  }
  if (absl::Status status = checkOptions(work); !status.ok())
    return status;
  absl::StatusOr<std::unique_ptr<ErrorReference>> reference =
      openReference(options.input, {options.calibration, options.sampleFormat, options.randomCalibration}, wanted);
  if (!reference.ok())
    return reference.status();
  if (absl::Status status = checkOutput(options.input, options.output); !status.ok())
    return status;
  absl::StatusOr<WorkFolder> folder = WorkFolder::create(options.output);
  if (!folder.ok())
    return folder.status();
  MeasuredQuantization summary;
  auto compress = [&](const std::vector<std::string> &except, const std::string &output) {
    QuantizeOptions some = work;
    some.output = output;
    llvm::append_range(some.exclude, except);
    absl::StatusOr<QuantizeSummary> quantized = quantizeModel(some);
    if (!quantized.ok())
      return quantized.status();
    summary.quantized = std::move(*quantized);
    return fitCandidate(**reference, output, *folder, wanted.fit, {}, options.externalData, summary.measured);
  };
  // Bytes where weights alone become smaller, else multiplications.
  auto gain = [&](const Layer &layer, const ModelError &all) {
    return work.mode == Mode::WeightOnly ? static_cast<double>(layer.weights) : multiplications(layer, all);
  };
  if (absl::Status status = compressWithin(**reference, wanted.budget, *folder, gain, compress, summary.measured); !status.ok())
    return status;
  llvm::append_range(summary.quantized.notes, summary.measured.notes);
  if (wanted.samples.empty() && options.calibration.empty())
    summary.quantized.notes.push_back("errors are those of random inputs, which say little");
  if (absl::Status status = folder->keepCandidate(); !status.ok())
    return status;
  return summary;
}

} // namespace ingot::compress
