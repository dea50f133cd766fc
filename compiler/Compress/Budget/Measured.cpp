// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Budget/Measured.h"

#include "compiler/Compress/Calibrate/CalibrationSamples.h"
#include "compiler/Compress/Edit/ModelEditor.h"
#include "compiler/Compress/Edit/ModelWriter.h"
#include "compiler/Driver/UsageError.h"
#include "llvm/ADT/STLExtras.h"

#include <array>

namespace ingot::compress {
namespace {

/// Of samples, for sensitivities.
constexpr size_t kSensitivitySamples = 8;

} // namespace

absl::StatusOr<std::unique_ptr<ErrorReference>> openReference(const std::string &input, const SampleSource &calibration,
                                                              const MeasureOptions &wanted) {
  const std::vector<std::string> &paths = wanted.samples.empty() ? calibration.paths : wanted.samples;
  if (paths.empty() && !calibration.isRandom)
    return usageError("errors are measured on samples: --measure-on=FILE.npz or --calibration=FILE.npz, or --random-calibration, whose result means "
                      "little");
  absl::StatusOr<SampleFiles> files = SampleFiles::open(paths, calibration.format);
  if (!files.ok())
    return files.status();
  return ErrorReference::open(input, std::move(*files));
}

absl::Status checkOutput(const std::string &input, const std::string &output) {
  absl::StatusOr<std::unique_ptr<ModelEditor>> model = ModelEditor::openToRead(input);
  return model.ok() ? checkOutputIsNoInput((*model)->model(), input, output) : model.status();
}

double multiplications(const Layer &layer, const ModelError &all) {
  auto measured = llvm::find_if(all.layers, [&](const NamedError &one) { return one.name == layer.node; });
  if (measured == all.layers.end() || measured->error.elements == 0)
    return static_cast<double>(layer.weights);
  return static_cast<double>(measured->error.elements) * static_cast<double>(layer.depth);
}

absl::Status fitCandidate(ErrorReference &reference, const std::string &path, const WorkFolder &folder, Fit fit, const KeptChannels &kept,
                          bool externalData, Measured &result) {
  if (fit == Fit::None)
    return absl::OkStatus();
  absl::StatusOr<WorkFolder> fitFolder = WorkFolder::create(path);
  if (!fitFolder.ok())
    return fitFolder.status();
  absl::StatusOr<std::vector<FittedLayer>> fitted = fitLayers(reference, path, fitFolder->candidate(), folder, fit, kept, externalData);
  if (!fitted.ok())
    return fitted.status();
  ValueError errors[2];
  for (auto [error, file] : llvm::zip_equal(errors, std::array{path, fitFolder->candidate()})) {
    absl::StatusOr<ModelError> measured = reference.measure(file, /*withLayers=*/false);
    if (!measured.ok())
      return measured.status();
    error = measured->atOutputs();
  }
  result.fitted = std::move(*fitted);
  result.unfitted = errors[0];
  if (errors[1].noise < errors[0].noise)
    return fitFolder->keepCandidate();
  for (FittedLayer &layer : result.fitted)
    layer.after = layer.before;
  result.notes.push_back("fitting the layers does not make the outputs better, so they stay as they were");
  return absl::OkStatus();
}

absl::Status compressWithin(ErrorReference &reference, const AccuracyBudget &budget, const WorkFolder &folder, MeasuredGain gain, Compressor compress,
                            Measured &result) {
  auto compressAgain = [&](const std::vector<std::string> &except, const std::string &output) {
    result.notes.clear(); // of a model that is not the result
    return compress(except, output);
  };
  if (absl::Status status = compressAgain({}, folder.candidate()); !status.ok())
    return status;
  absl::StatusOr<ModelError> all = reference.measure(folder.candidate(), /*withLayers=*/true);
  if (!all.ok())
    return all.status();
  const ModelError before = *all;
  absl::StatusOr<LayerChoice> choice =
      chooseLayers(reference, budget, folder, std::move(*all), [&](const Layer &layer) { return gain(layer, before); }, compressAgain);
  if (!choice.ok())
    return choice.status();
  if (choice->sensitivities.empty()) {
    absl::StatusOr<std::unique_ptr<LayerSwitches>> switches = LayerSwitches::open(reference, folder.candidate(), folder, kSensitivitySamples);
    if (!switches.ok())
      return switches.status();
    absl::StatusOr<std::vector<LayerSensitivity>> sensitivities = measureSensitivities(**switches);
    if (!sensitivities.ok())
      return sensitivities.status();
    choice->sensitivities = std::move(*sensitivities);
  }
  absl::StatusOr<SampleSet> first = SampleSet::read(reference.inputs(), reference.files(), 1);
  if (!first.ok())
    return first.status();
  for (const SampleInput &input : reference.inputs())
    if (llvm::is_contained(input.dims, -1))
      result.shapes[input.name] = first->samples().front().at(input.name).dims;
  result.layers = reference.layers().vec();
  result.error = std::move(choice->error);
  result.sensitivities = std::move(choice->sensitivities);
  result.kept = std::move(choice->kept);
  llvm::append_range(result.notes, result.error.notes);
  return absl::OkStatus();
}

} // namespace ingot::compress
