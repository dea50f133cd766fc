// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Distill/Distill.h"

#include "compiler/Compress/Compare/SampleSet.h"
#include "compiler/Compress/Distill/ChannelFit.h"
#include "compiler/Compress/Distill/NormFold.h"
#include "compiler/Compress/Distill/Student.h"
#include "compiler/Compress/Edit/ModelWriter.h"
#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>

namespace ingot::compress {
namespace {

/// So many samples at most, and more where there are weights to fit: enough for four rows of inputs per weight of an output.
constexpr size_t kFitSamples = 64, kMostFitSamples = 256;
constexpr int64_t kRowsPerInput = 4;

/// What samples show of a layer.
struct LayerSums {
  LayerSums(const FitTarget &target) : channels(target.fold.channels()) {
    for (size_t group = 0; target.weights && group < target.weights->groups.size(); ++group)
      weights.emplace_back(target.weights->layout.depth, target.weights->channelsOfGroup());
  }

  std::vector<ChannelFit> channels;
  std::vector<FitSums> weights; ///< of each group; none where no weights are fitted
  double wantedSquares = 0;     ///< of what `weights` was given
};

class Distillation {
public:
  Distillation(ModelEditor &editor, const KeptChannels &kept, Fit fit) : editor(editor), kept(kept), fit(fit) {}

  /// Finds the layers to fit, in the order of the model.
  absl::Status findTargets(const ErrorReference &reference) {
    absl::StatusOr<std::unique_ptr<ModelEditor>> original = ModelEditor::openToRead(reference.path());
    if (!original.ok())
      return original.status();
    for (const Layer &layer : reference.layers())
      if (std::optional<LayerFold> fold = findFold(editor, **original, layer))
        targets.push_back({std::move(*fold)});
    for (int i = 0; fit == Fit::Everything && i < editor.nodeCount(); ++i)
      if (std::optional<LayerFold> norm = findNorm(editor, **original, i))
        targets.push_back({std::move(*norm)});
    llvm::sort(targets, [](const FitTarget &left, const FitTarget &right) { return left.fold.product < right.fold.product; });
    for (FitTarget &target : targets) {
      if (fit != Fit::Everything || target.fold.isNorm)
        continue;
      absl::StatusOr<std::optional<LayerWeights>> weights = readLayerWeights(editor, target.fold);
      if (!weights.ok())
        return weights.status();
      target.weights = std::move(*weights);
    }
    return absl::OkStatus();
  }

  absl::Status open(const ErrorReference &reference, const std::string &compressed, const WorkFolder &folder) {
    std::vector<std::string> values;
    values.reserve(targets.size());
    for (const FitTarget &target : targets)
      values.push_back(target.fold.layer.value);
    absl::StatusOr<std::unique_ptr<CalibrationModel>> original = CalibrationModel::open(reference.path(), values);
    if (!original.ok())
      return original.status();
    teacher = std::move(*original);
    absl::StatusOr<std::unique_ptr<Student>> opened = Student::open(compressed, targets, folder);
    if (!opened.ok())
      return opened.status();
    student = std::move(*opened);
    bool hasWeights = llvm::any_of(targets, [](const FitTarget &target) { return target.weights.has_value(); });
    absl::StatusOr<SampleSet> read = SampleSet::read(reference.inputs(), reference.files(), hasWeights ? kMostFitSamples : kFitSamples);
    if (!read.ok())
      return read.status();
    samples = std::move(*read);
    return hasWeights ? takeEnoughSamples() : absl::OkStatus();
  }

  absl::StatusOr<std::vector<FittedLayer>> run() {
    std::vector<FittedLayer> fitted;
    for (size_t first = 0; first < targets.size();) {
      size_t end = first + 1; // layers with the same input do not wait for each other
      while (end < targets.size() && targets[first].weights && targets[end].weights &&
             targets[end].weights->activation() == targets[first].weights->activation())
        ++end;
      std::vector<LayerSums> seen, judges;
      for (size_t i = first; i < end; ++i) {
        seen.emplace_back(targets[i]);
        judges.emplace_back(targets[i]);
      }
      for (auto [part, sums] : {std::pair(samples.fitted(), &seen), {samples.heldOut(), &judges}})
        if (absl::Status status = addSamples(part, first, *sums); !status.ok())
          return status;
      for (size_t i = first; i < end; ++i) {
        absl::StatusOr<FittedLayer> layer = fitLayer(i, seen[i - first], judges[i - first]);
        if (!layer.ok())
          return layer.status();
        fitted.push_back(std::move(*layer));
      }
      first = end;
    }
    return fitted;
  }

private:
  absl::Status takeEnoughSamples() {
    absl::StatusOr<std::vector<JitModel::Output>> values = student->run(samples.samples().front());
    if (!values.ok())
      return values.status();
    size_t wanted = kFitSamples;
    std::vector<float> storage;
    for (auto [i, target] : llvm::enumerate(targets))
      if (target.weights) {
        int64_t depth = target.weights->layout.depth;
        size_t size = target.weights->groups.front().rowsOf(floatsOf((*values)[student->inputPlace(i)]), storage).size();
        int64_t rows = std::max<int64_t>(static_cast<int64_t>(size) / depth, 1);
        wanted = std::max(wanted, static_cast<size_t>((kRowsPerInput * depth + rows - 1) / rows));
      }
    samples.shorten(wanted);
    return absl::OkStatus();
  }

  /// Of the layers from `first` on.
  absl::Status addSamples(llvm::ArrayRef<Sample> part, size_t first, std::vector<LayerSums> &sums) {
    for (const Sample &sample : part) {
      absl::StatusOr<std::vector<JitModel::Output>> wanted = teacher->values(sample);
      if (!wanted.ok())
        return wanted.status();
      absl::StatusOr<std::vector<JitModel::Output>> got = student->run(sample);
      if (!got.ok())
        return got.status();
      for (auto [i, one] : llvm::enumerate(sums))
        if (absl::Status status = addSample((*wanted)[first + i], *got, first + i, one); !status.ok())
          return status;
    }
    return absl::OkStatus();
  }

  absl::Status addSample(const JitModel::Output &wanted, llvm::ArrayRef<JitModel::Output> got, size_t layer, LayerSums &sums) {
    const LayerFold &fold = targets[layer].fold;
    const JitModel::Output &have = got[layer];
    absl::StatusOr<std::vector<float>> want = wantedOf(wanted, have, fold);
    if (!want.ok())
      return want.status();
    llvm::ArrayRef<float> results = floatsOf(have);
    if (sums.weights.empty()) {
      int64_t inner = innerOf(have, fold);
      for (auto [i, pair] : llvm::enumerate(llvm::zip_equal(*want, results)))
        sums.channels[static_cast<int64_t>(i) / inner % fold.channels()].add(std::get<0>(pair), std::get<1>(pair));
      return absl::OkStatus();
    }
    const LayerWeights &weights = *targets[layer].weights;
    llvm::ArrayRef<float> inputs = floatsOf(got[student->inputPlace(layer)]);
    std::vector<float> storage[2], residuals;
    llvm::ArrayRef<float> wantRows = weights.groups.front().resultRowsOf(*want, inputs.size(), storage[0]);
    llvm::ArrayRef<float> gotRows = weights.groups.front().resultRowsOf(results, inputs.size(), storage[1]);
    for (float value : wantRows)
      sums.wantedSquares += std::isfinite(value) ? static_cast<double>(value) * value : 0;
    size_t channels = fold.channels(), own = weights.channelsOfGroup();
    residuals.resize(wantRows.size() / channels * own);
    std::vector<float> patches;
    for (auto [group, rows] : llvm::enumerate(weights.groups)) {
      for (size_t i = 0; i < residuals.size(); ++i) {
        size_t at = i / own * channels + group * own + i % own;
        residuals[i] = wantRows[at] - gotRows[at];
      }
      sums.weights[group].add(rows.rowsOf(inputs, patches), residuals);
    }
    return absl::OkStatus();
  }

  static int64_t innerOf(const JitModel::Output &value, const LayerFold &fold) {
    int64_t inner = 1;
    for (int64_t dim : llvm::ArrayRef(value.tensor.dims).take_back(fold.layer.spatialDims))
      inner *= dim;
    return inner;
  }

  /// What the original layer gives, in the channels that are left.
  absl::StatusOr<std::vector<float>> wantedOf(const JitModel::Output &wanted, const JitModel::Output &got, const LayerFold &fold) const {
    llvm::ArrayRef<float> all = floatsOf(wanted);
    auto left = kept.find(fold.layer.node);
    if (left == kept.end() && wanted.tensor.dims == got.tensor.dims)
      return all.vec();
    size_t axis = wanted.tensor.dims.size() - 1 - fold.layer.spatialDims;
    std::vector<int64_t> dims = wanted.tensor.dims;
    if (left == kept.end() || axis >= dims.size() || left->second.empty() || left->second.back() >= dims[axis])
      return absl::FailedPreconditionError("the result of '" + fold.layer.node + "' has another shape than in the original");
    int64_t channels = dims[axis], inner = innerOf(wanted, fold), outer = static_cast<int64_t>(all.size()) / (channels * inner);
    dims[axis] = static_cast<int64_t>(left->second.size());
    if (dims != got.tensor.dims)
      return absl::FailedPreconditionError("the result of '" + fold.layer.node + "' has another shape than what is left of the original");
    std::vector<float> result;
    result.reserve(outer * dims[axis] * inner);
    for (int64_t i = 0; i < outer; ++i)
      for (int64_t channel : left->second)
        llvm::append_range(result, all.slice((i * channels + channel) * inner, inner));
    return result;
  }

  absl::StatusOr<FittedLayer> fitLayer(size_t layer, const LayerSums &seen, const LayerSums &judges) {
    const FitTarget &target = targets[layer];
    FittedLayer result{.node = target.fold.layer.node};
    std::vector<float> &scales = student->scales(layer), &shifts = student->shifts(layer);
    std::optional<WeightFit> weights;
    double signal = judges.wantedSquares;
    if (target.weights) {
      weights = fitGroups(*target.weights, seen, judges, shifts, result);
    } else {
      signal = fitChannels(target.fold, seen.channels, judges.channels, scales, shifts, result);
    }
    if (result.after < result.before) {
      if (weights) {
        student->weights(layer) = fittedWeights(*target.weights, *weights);
        if (absl::Status status = storeFittedWeights(editor, *target.weights, *weights); !status.ok())
          return status;
      }
      if (absl::Status status = applyFold(editor, target.fold, scales, shifts); !status.ok())
        return status;
    }
    result.after = std::min(result.after, result.before);
    for (double *error : {&result.before, &result.after})
      *error = signal > 0 ? *error / signal : 0;
    return result;
  }

  /// Weights and shifts of each group, if they are better than none on the samples that judge. Returns the fit of all weights, if any are changed.
  static std::optional<WeightFit> fitGroups(const LayerWeights &weights, const LayerSums &seen, const LayerSums &judges, std::vector<float> &shifts,
                                            FittedLayer &result) {
    int64_t own = weights.channelsOfGroup();
    std::optional<WeightFit> all;
    for (auto [group, sums, judge] : llvm::enumerate(seen.weights, judges.weights)) {
      int64_t from = static_cast<int64_t>(group) * own;
      FitBasis basis = weights.basis.ofOutputs(from, own);
      std::optional<WeightFit> fit = fitWeights(sums, judge, basis);
      std::vector<float> fittedShifts = fit ? fit->shifts : sums.shiftsFor({});
      double before = judge.squaredError({}, llvm::ArrayRef(shifts).slice(from, own));
      double after = judge.squaredError(fit ? basis.change(fit->factors) : FloatMatrix(), fittedShifts);
      result.before += before;
      result.after += std::min(before, after);
      if (!(after < before))
        continue;
      llvm::copy(fittedShifts, shifts.begin() + from);
      if (!fit)
        continue;
      if (!all)
        all = WeightFit{.factors = FloatMatrix::Zero(basis.blocks(), weights.layout.channels), .shifts = {}};
      all->factors.middleCols(from, own) = fit->factors;
    }
    if (all)
      all->shifts = shifts;
    return all;
  }

  /// Scales and shifts of all channels, if they are better than none on the samples that judge. Returns the sum of squares of the original's results.
  double fitChannels(const LayerFold &fold, llvm::ArrayRef<ChannelFit> seen, llvm::ArrayRef<ChannelFit> judges, std::vector<float> &scales,
                     std::vector<float> &shifts, FittedLayer &result) const {
    double signal = 0;
    for (const ChannelFit &judge : judges) {
      result.before += judge.squaredError(1, 0);
      signal += judge.wantedSquares();
    }
    result.after = result.before;
    for (bool withScale : {false, true}) {
      if (withScale ? fit != Fit::Everything || !fold.scale : !fold.mayShift)
        continue;
      double after = 0;
      std::vector<float> newScales, newShifts;
      for (auto [one, judge] : llvm::zip_equal(seen, judges)) {
        auto [scale, shift] = one.scaleAndShift(withScale, fold.mayShift);
        after += judge.squaredError(scale, shift);
        newScales.push_back(static_cast<float>(scale));
        newShifts.push_back(static_cast<float>(shift));
      }
      if (after < result.after) {
        result.after = after;
        scales = std::move(newScales);
        shifts = std::move(newShifts);
      }
    }
    return signal;
  }

  ModelEditor &editor;
  const KeptChannels &kept;
  Fit fit;
  std::vector<FitTarget> targets;
  std::unique_ptr<CalibrationModel> teacher;
  std::unique_ptr<Student> student;
  SampleSet samples;
};

} // namespace

absl::StatusOr<std::vector<FittedLayer>> fitLayers(const ErrorReference &reference, const std::string &compressed, const std::string &output,
                                                   const WorkFolder &folder, Fit fit, const KeptChannels &kept, bool externalData) {
  absl::StatusOr<std::unique_ptr<ModelEditor>> editor = ModelEditor::open(compressed, output);
  if (!editor.ok())
    return editor.status();
  Distillation distillation(**editor, kept, fit);
  if (absl::Status status = distillation.findTargets(reference); !status.ok())
    return status;
  if (absl::Status status = distillation.open(reference, compressed, folder); !status.ok())
    return status;
  absl::StatusOr<std::vector<FittedLayer>> fitted = distillation.run();
  if (!fitted.ok())
    return fitted;
  (*editor)->finish();
  if (absl::Status status = writeModel(**editor, output, externalData); !status.ok())
    return status;
  return fitted;
}

} // namespace ingot::compress
