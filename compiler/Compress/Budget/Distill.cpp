// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Budget/Distill.h"

#include "compiler/Compress/Budget/LayerFold.h"
#include "compiler/Compress/Budget/SampleSet.h"
#include "compiler/Compress/Edit/ModelWriter.h"
#include "llvm/ADT/STLExtras.h"

#include <algorithm>

namespace ingot::compress {
namespace {

constexpr size_t kFitSamples = 64;
/// By which scales are drawn to 1, as a share of the variance.
constexpr double kDamping = 0.01;
constexpr double kLeastScale = 0.5, kMostScale = 2;

/// A compressed model in which each layer is scaled and shifted by inputs.
class Student {
public:
  static absl::StatusOr<std::unique_ptr<Student>> open(const std::string &compressed, std::vector<LayerFold> folds, const WorkFolder &folder) {
    std::string path = folder.file("student.onnx");
    absl::StatusOr<std::unique_ptr<ModelEditor>> editor = ModelEditor::open(compressed, path);
    if (!editor.ok())
      return editor.status();
    std::unique_ptr<Student> student(new Student());
    std::vector<std::string> results;
    results.reserve(folds.size());
    for (const LayerFold &fold : folds)
      results.push_back(student->addInputs(**editor, fold));
    (*editor)->finish();
    if (absl::Status status = writeModel(**editor, path, /*externalData=*/false); !status.ok())
      return status;
    absl::StatusOr<std::unique_ptr<CalibrationModel>> model = CalibrationModel::open(path, std::move(results));
    if (!model.ok())
      return model.status();
    student->model = std::move(*model);
    return student;
  }

  /// What the layers give before they are scaled and shifted.
  absl::StatusOr<std::vector<JitModel::Output>> run(const Sample &sample) {
    Sample all = sample;
    for (const Input &input : inputs) {
      all[input.scaleName] = {input.dims, bytesOf(input.scales)};
      all[input.shiftName] = {input.dims, bytesOf(input.shifts)};
    }
    return model->values(all);
  }

  std::vector<float> &scales(size_t layer) { return inputs[layer].scales; }
  std::vector<float> &shifts(size_t layer) { return inputs[layer].shifts; }

private:
  struct Input {
    std::string scaleName, shiftName;
    std::vector<int64_t> dims;
    std::vector<float> scales, shifts;
  };

  std::string addInputs(ModelEditor &editor, const LayerFold &fold) {
    const std::string &value = fold.layer.value;
    Input &input = inputs.emplace_back();
    input.dims = {fold.channels()};
    input.dims.resize(1 + fold.layer.spatialDims, 1);
    input.scales.assign(fold.channels(), 1);
    input.shifts.assign(fold.channels(), 0);
    for (std::string *name : {&input.scaleName, &input.shiftName}) {
      *name = editor.newName(value + (name == &input.scaleName ? "_fit_scale" : "_fit_shift"));
      onnx::ValueInfoProto &added = *editor.model().mutableProto().mutable_graph()->add_input();
      added.set_name(*name);
      onnx::TypeProto::Tensor &type = *added.mutable_type()->mutable_tensor_type();
      type.set_elem_type(onnx::TensorProto::FLOAT);
      for (int64_t dim : input.dims)
        type.mutable_shape()->add_dim()->set_dim_value(dim);
    }
    std::string result = editor.newName(value + "_unfitted");
    for (std::string &output : *editor.node(fold.product).mutable_output())
      if (output == value)
        output = result;
    std::string scaled = editor.addNode("Mul", {result, input.scaleName}, editor.newName(value + "_scaled"));
    editor.addNode("Add", {scaled, input.shiftName}, value);
    return result;
  }

  std::vector<Input> inputs;
  std::unique_ptr<CalibrationModel> model;
};

/// The sums of a layer's channels over samples.
absl::Status addSamples(CalibrationModel &teacher, Student &student, size_t layer, const LayerFold &fold, llvm::ArrayRef<Sample> samples,
                        std::vector<ChannelFit> &channels) {
  for (const Sample &sample : samples) {
    absl::StatusOr<std::vector<JitModel::Output>> wanted = teacher.values(sample);
    if (!wanted.ok())
      return wanted.status();
    absl::StatusOr<std::vector<JitModel::Output>> got = student.run(sample);
    if (!got.ok())
      return got.status();
    const JitModel::Output &want = (*wanted)[layer], &have = (*got)[layer];
    if (want.tensor.dims != have.tensor.dims)
      return absl::FailedPreconditionError("the result of '" + fold.layer.node + "' has another shape than in the original");
    int64_t inner = 1;
    for (int64_t dim : llvm::ArrayRef(want.tensor.dims).take_back(fold.layer.spatialDims))
      inner *= dim;
    for (auto [i, pair] : llvm::enumerate(llvm::zip_equal(floatsOf(want), floatsOf(have))))
      channels[static_cast<int64_t>(i) / inner % fold.channels()].add(std::get<0>(pair), std::get<1>(pair));
  }
  return absl::OkStatus();
}

/// Fits of all channels, if they are better than none on the samples that judge.
FittedLayer fitLayer(const LayerFold &fold, llvm::ArrayRef<ChannelFit> seen, llvm::ArrayRef<ChannelFit> judges, Fit fit, std::vector<float> &scales,
                     std::vector<float> &shifts) {
  FittedLayer result{.node = fold.layer.node};
  double before = 0, signal = 0;
  for (const ChannelFit &judge : judges) {
    before += judge.squaredError(1, 0);
    signal += judge.wantedSquares();
  }
  double least = before;
  for (bool withScale : {false, true}) {
    if (withScale && (fit != Fit::BiasAndScales || !fold.scale))
      continue;
    double after = 0;
    std::vector<float> newScales, newShifts;
    for (auto [one, judge] : llvm::zip_equal(seen, judges)) {
      auto [scale, shift] = one.scaleAndShift(withScale);
      after += judge.squaredError(scale, shift);
      newScales.push_back(static_cast<float>(scale));
      newShifts.push_back(static_cast<float>(shift));
    }
    if (after < least) {
      least = after;
      scales = std::move(newScales);
      shifts = std::move(newShifts);
    }
  }
  result.before = signal > 0 ? before / signal : 0;
  result.after = signal > 0 ? least / signal : 0;
  return result;
}

} // namespace

void ChannelFit::add(double wanted, double got) {
  count += 1;
  wantedSum += wanted;
  gotSum += got;
  wantedSquared += wanted * wanted;
  gotSquared += got * got;
  products += wanted * got;
}

std::pair<double, double> ChannelFit::scaleAndShift(bool withScale) const {
  if (count == 0)
    return {1, 0};
  double variance = gotSquared - gotSum * gotSum / count, covariance = products - wantedSum * gotSum / count, scale = 1;
  if (withScale && variance > 0)
    scale = std::clamp((covariance + kDamping * variance) / ((1 + kDamping) * variance), kLeastScale, kMostScale);
  return {scale, (wantedSum - scale * gotSum) / count};
}

double ChannelFit::squaredError(double scale, double shift) const {
  return std::max(0.0, wantedSquared + scale * scale * gotSquared + count * shift * shift - 2 * scale * products - 2 * shift * wantedSum +
                           2 * scale * shift * gotSum);
}

absl::StatusOr<std::vector<FittedLayer>> fitLayers(const ErrorReference &reference, const std::string &compressed, const std::string &output,
                                                   const WorkFolder &folder, Fit fit, bool externalData) {
  absl::StatusOr<std::unique_ptr<ModelEditor>> editor = ModelEditor::open(compressed, output);
  if (!editor.ok())
    return editor.status();
  std::vector<LayerFold> folds;
  std::vector<std::string> values;
  for (const Layer &layer : reference.layers())
    if (std::optional<LayerFold> fold = findFold(**editor, layer)) {
      folds.push_back(std::move(*fold));
      values.push_back(layer.value);
    }
  absl::StatusOr<std::unique_ptr<CalibrationModel>> teacher = CalibrationModel::open(reference.path(), values);
  if (!teacher.ok())
    return teacher.status();
  absl::StatusOr<std::unique_ptr<Student>> student = Student::open(compressed, folds, folder);
  if (!student.ok())
    return student.status();
  absl::StatusOr<SampleSet> samples = SampleSet::read(reference.inputs(), reference.files(), kFitSamples);
  if (!samples.ok())
    return samples.status();
  std::vector<FittedLayer> fitted;
  for (auto [i, fold] : llvm::enumerate(folds)) {
    std::vector<ChannelFit> seen(fold.channels()), judges(fold.channels());
    for (auto [part, channels] : {std::pair(samples->fitted(), &seen), {samples->heldOut(), &judges}})
      if (absl::Status status = addSamples(**teacher, **student, i, fold, part, *channels); !status.ok())
        return status;
    std::vector<float> &scales = (*student)->scales(i), &shifts = (*student)->shifts(i);
    fitted.push_back(fitLayer(fold, seen, judges, fit, scales, shifts));
    if (fitted.back().after < fitted.back().before)
      if (absl::Status status = applyFold(**editor, fold, scales, shifts); !status.ok())
        return status;
  }
  (*editor)->finish();
  if (absl::Status status = writeModel(**editor, output, externalData); !status.ok())
    return status;
  return fitted;
}

} // namespace ingot::compress
