// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Budget/QuantizeMeasured.h"

#include "compiler/Compress/Calibrate/CalibrationSamples.h"
#include "compiler/Compress/Edit/ModelEditor.h"
#include "compiler/Compress/Edit/ModelWriter.h"
#include "compiler/Compress/Quantize/Quantize.h"
#include "compiler/Driver/UsageError.h"
#include "llvm/ADT/STLExtras.h"

#include <array>

namespace ingot::compress {
namespace {

/// Of samples, for sensitivities.
constexpr size_t kSensitivitySamples = 8;

absl::StatusOr<std::unique_ptr<ErrorReference>> openReference(const QuantizeOptions &options, const MeasureOptions &wanted) {
  const std::vector<std::string> &paths = wanted.samples.empty() ? options.calibration : wanted.samples;
  if (paths.empty() && !options.randomCalibration)
    return usageError("errors are measured on samples: --samples=FILE.npz or --calibration=FILE.npz, or --random-calibration, whose result means "
                      "little");
  absl::StatusOr<SampleFiles> files = SampleFiles::open(paths, options.sampleFormat);
  if (!files.ok())
    return files.status();
  return ErrorReference::open(options.input, std::move(*files));
}

absl::Status checkOutput(const QuantizeOptions &options) {
  absl::StatusOr<std::unique_ptr<ModelEditor>> model = ModelEditor::openToRead(options.input);
  return model.ok() ? checkOutputIsNoInput((*model)->model(), options.input, options.output) : model.status();
}

/// What a layer wins: bytes where weights alone become smaller, else multiplications.
double gainOf(const Layer &layer, const ModelError &all, Mode mode) {
  auto measured = llvm::find_if(all.layers, [&](const NamedError &one) { return one.name == layer.node; });
  if (mode == Mode::WeightOnly || measured == all.layers.end() || measured->error.elements == 0)
    return static_cast<double>(layer.weights);
  return static_cast<double>(measured->error.elements) * static_cast<double>(layer.depth);
}

/// Fits the layers of the candidate, and keeps that where the outputs are better for it.
absl::Status fitCandidate(ErrorReference &reference, const std::string &path, const WorkFolder &folder, Fit fit, bool externalData,
                          MeasuredSummary &summary) {
  absl::StatusOr<WorkFolder> fitFolder = WorkFolder::create(path);
  if (!fitFolder.ok())
    return fitFolder.status();
  absl::StatusOr<std::vector<FittedLayer>> fitted = fitLayers(reference, path, fitFolder->candidate(), folder, fit, externalData);
  if (!fitted.ok())
    return fitted.status();
  ValueError errors[2];
  for (auto [error, file] : llvm::zip_equal(errors, std::array{path, fitFolder->candidate()})) {
    absl::StatusOr<ModelError> measured = reference.measure(file, /*withLayers=*/false);
    if (!measured.ok())
      return measured.status();
    error = measured->atOutputs();
  }
  summary.fitted = std::move(*fitted);
  summary.unfitted = errors[0];
  if (errors[1].noise < errors[0].noise)
    return fitFolder->keepCandidate();
  for (FittedLayer &layer : summary.fitted)
    layer.after = layer.before;
  summary.quantized.notes.push_back("fitting the layers does not make the outputs better, so they stay as they were");
  return absl::OkStatus();
}

} // namespace

absl::StatusOr<MeasuredSummary> quantizeMeasured(const QuantizeOptions &options, const MeasureOptions &wanted) {
  if (options.equalize) {
    // Errors are those against the equalised model: it computes the same, and its values are those that layers are compared by.
    QuantizeOptions rest;
    absl::StatusOr<EqualizedModel> equalized = equalizeFirst(options, rest);
    if (!equalized.ok())
      return equalized.status();
    absl::StatusOr<MeasuredSummary> summary = quantizeMeasured(rest, wanted);
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
  absl::StatusOr<std::unique_ptr<ErrorReference>> reference = openReference(options, wanted);
  if (!reference.ok())
    return reference.status();
  if (absl::Status status = checkOutput(options); !status.ok())
    return status;
  absl::StatusOr<WorkFolder> folder = WorkFolder::create(options.output);
  if (!folder.ok())
    return folder.status();
  MeasuredSummary summary;
  auto compress = [&](const std::vector<std::string> &except, const std::string &output) {
    QuantizeOptions some = work;
    some.output = output;
    llvm::append_range(some.exclude, except);
    absl::StatusOr<QuantizeSummary> quantized = quantizeModel(some);
    if (!quantized.ok())
      return quantized.status();
    summary.quantized = std::move(*quantized);
    return wanted.fit == Fit::None ? absl::OkStatus() : fitCandidate(**reference, output, *folder, wanted.fit, options.externalData, summary);
  };
  if (absl::Status status = compress({}, folder->candidate()); !status.ok())
    return status;
  absl::StatusOr<ModelError> all = (*reference)->measure(folder->candidate(), /*withLayers=*/true);
  if (!all.ok())
    return all.status();
  const ModelError before = *all;
  absl::StatusOr<LayerChoice> choice = chooseLayers(
      **reference, wanted.budget, *folder, std::move(*all), [&](const Layer &layer) { return gainOf(layer, before, *work.mode); }, compress);
  if (!choice.ok())
    return choice.status();
  if (choice->sensitivities.empty()) {
    absl::StatusOr<std::unique_ptr<LayerSwitches>> switches = LayerSwitches::open(**reference, folder->candidate(), *folder, kSensitivitySamples);
    if (!switches.ok())
      return switches.status();
    absl::StatusOr<std::vector<LayerSensitivity>> sensitivities = measureSensitivities(**switches);
    if (!sensitivities.ok())
      return sensitivities.status();
    choice->sensitivities = std::move(*sensitivities);
  }
  absl::StatusOr<SampleSet> first = SampleSet::read((*reference)->inputs(), (*reference)->files(), 1);
  if (!first.ok())
    return first.status();
  for (const SampleInput &input : (*reference)->inputs())
    if (llvm::is_contained(input.dims, -1))
      summary.shapes[input.name] = first->samples().front().at(input.name).dims;
  summary.layers = (*reference)->layers().vec();
  summary.error = std::move(choice->error);
  summary.sensitivities = std::move(choice->sensitivities);
  summary.kept = std::move(choice->kept);
  llvm::append_range(summary.quantized.notes, summary.error.notes);
  if (wanted.samples.empty() && options.calibration.empty())
    summary.quantized.notes.push_back("errors are those of random inputs, which say little");
  if (absl::Status status = folder->keepCandidate(); !status.ok())
    return status;
  return summary;
}

} // namespace ingot::compress
