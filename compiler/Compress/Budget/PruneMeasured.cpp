// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Budget/PruneMeasured.h"

#include "compiler/Compress/Prune/Prune.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

namespace ingot::compress {
namespace {

/// Shares of channels that are tried below the one that is asked for.
constexpr int kShares = 6;

class MeasuredPrune {
public:
  MeasuredPrune(const PruneOptions &options, const MeasureOptions &wanted, ErrorReference &reference, const WorkFolder &folder)
      : options(options), wanted(wanted), reference(reference), folder(folder) {}

  /// Zeros: some layers may stay as they are.
  absl::Status zeroLayers() {
    auto compress = [&](const std::vector<std::string> &except, const std::string &output) {
      PruneOptions some = without(except);
      some.output = output;
      return prune(some);
    };
    auto gain = [&](const Layer &layer, const ModelError &all) { return shareOf(layer.node) * multiplications(layer, all); };
    return compressWithin(reference, wanted.budget, folder, gain, compress, result.measured);
  }

  /// Whole channels: layers of different shapes cannot be mixed, so less of all shares is tried.
  absl::Status removeChannels() {
    absl::StatusOr<bool> fits = tryShares(1);
    if (!fits.ok())
      return fits.status();
    double low = 0, high = 1;
    for (int step = 0; !*fits && step < kShares; ++step) {
      double middle = (low + high) / 2;
      absl::StatusOr<bool> less = tryShares(middle);
      if (!less.ok() && !absl::IsFailedPrecondition(less.status())) // so small a share that nothing goes
        return less.status();
      (less.ok() && !*less ? high : low) = middle;
      if (less.ok() && *less)
        best = middle;
    }
    if (*fits)
      best = 1;
    if (!best)
      return absl::FailedPreconditionError("no share of the channels meets " + wanted.budget.text() + "\nthe best found: " + closest);
    absl::StatusOr<bool> again = *fits ? fits : tryShares(*best);
    if (again.ok() && *best < 1)
      result.measured.notes.push_back(llvm::formatv("the budget allows {0} of what was asked for to go", llvm::format("%.3g", *best)).str());
    return again.status();
  }

  MeasuredPruning result;

private:
  absl::Status prune(const PruneOptions &some) {
    absl::StatusOr<PruneSummary> pruned = pruneModel(some);
    if (!pruned.ok())
      return pruned.status();
    result.pruned = std::move(*pruned);
    if (all.empty())
      all = result.pruned.layers;
    KeptChannels kept;
    for (const PrunedLayer &layer : result.pruned.layers)
      if (layer.channelsLeft < layer.channels)
        kept[layer.node] = layer.keptChannels;
    return fitCandidate(reference, some.output, folder, wanted.fit, kept, options.externalData, result.measured);
  }

  double shareOf(const std::string &node) const {
    auto layer = llvm::find_if(all, [&](const PrunedLayer &one) { return one.node == node; });
    return layer == all.end() ? 1 : layer->share();
  }

  /// The options with which some nodes stay as they are, and the others are pruned as if none did.
  PruneOptions without(const std::vector<std::string> &except) const {
    PruneOptions some = options;
    if (except.empty())
      return some;
    llvm::append_range(some.exclude, except);
    for (const std::string &node : except)
      some.layerSparsity.erase(node);
    if (options.pattern.value_or(PrunePattern()).kind == PrunePattern::Kind::TwoFour)
      return some;
    some.sparsity.reset();
    some.uniform = false;
    some.allocation.reset();
    for (const PrunedLayer &layer : all)
      if (!llvm::is_contained(except, layer.node))
        some.layerSparsity[layer.node] = layer.wantedShare;
    return some;
  }

  /// Makes the candidate with a part of all shares. Whether it meets the budget.
  absl::StatusOr<bool> tryShares(double part) {
    PruneOptions some = options;
    some.output = folder.candidate();
    if (some.sparsity)
      *some.sparsity *= part;
    for (auto &[node, share] : some.layerSparsity)
      share *= part;
    result.measured.notes.clear();
    if (absl::Status status = prune(some); !status.ok())
      return status;
    absl::StatusOr<ModelError> error = reference.measure(some.output, /*withLayers=*/true);
    if (!error.ok())
      return error.status();
    closest = errorText(error->atOutputs()) + llvm::formatv(", with {0} of what was asked for", llvm::format("%.3g", part)).str();
    bool meets = wanted.budget.isMetBy(error->atOutputs());
    result.measured.error = std::move(*error);
    return meets;
  }

  const PruneOptions &options;
  const MeasureOptions &wanted;
  ErrorReference &reference;
  const WorkFolder &folder;
  std::vector<PrunedLayer> all; ///< what is pruned without a budget
  std::optional<double> best;   ///< the largest part of the shares that meets it
  std::string closest;          ///< the error of the smallest part that was tried
};

} // namespace

absl::StatusOr<MeasuredPruning> pruneMeasured(const PruneOptions &options, const MeasureOptions &wanted) {
  PruneOptions work = options;
  bool isChannels = work.pattern.value_or(PrunePattern()).kind == PrunePattern::Kind::Channels;
  if (isChannels) { // samples are for errors then
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
  MeasuredPrune prune(work, wanted, **reference, *folder);
  if (absl::Status status = isChannels ? prune.removeChannels() : prune.zeroLayers(); !status.ok())
    return status;
  MeasuredPruning &result = prune.result;
  llvm::append_range(result.pruned.notes, result.measured.notes);
  if (wanted.samples.empty() && options.calibration.empty())
    result.pruned.notes.push_back("errors are those of random inputs, which say little");
  if (absl::Status status = folder->keepCandidate(); !status.ok())
    return status;
  return std::move(result);
}

} // namespace ingot::compress
