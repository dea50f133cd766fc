// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/Compress/PruneCommand.h"

#include "compiler/Compress/Budget/PruneMeasured.h"
#include "compiler/Compress/Prune/Prune.h"
#include "compiler/Compress/Quantize/Quantize.h"
#include "compiler/tools/Compress/BudgetReport.h"
#include "compiler/tools/Compress/LayerTimes.h"
#include "compiler/tools/Compress/QuantizeCommand.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

namespace ingot {

using namespace compress;

namespace {

/// Layers that are named in the text.
constexpr size_t kNamedLayers = 5;

/// Options that have one name for all commands that compress.
void takeShared(const QuantizeOptions &shared, PruneOptions &options) {
  options.include = shared.include;
  options.exclude = shared.exclude;
  options.calibration = shared.calibration;
  options.sampleFormat = shared.sampleFormat;
  options.randomCalibration = shared.randomCalibration;
  options.externalData = shared.externalData;
}

/// Prunes as the line says; errors are measured unless a quantisation is still to come, which they are then of.
absl::StatusOr<PruneResult> pruneAndMeasure(const CommandLine &line, const std::string &name) {
  if (line.isQuantized || !line.measures.isWanted()) {
    absl::StatusOr<PruneSummary> summary = pruneModel(line.prune);
    if (!summary.ok())
      return summary.status();
    return PruneResult{pruneText(name, *summary), pruneJson(*summary), summary->notes};
  }
  absl::StatusOr<MeasuredPruning> summary = pruneMeasured(line.prune, line.measures);
  if (!summary.ok())
    return summary.status();
  PruneResult result{pruneText(name, summary->pruned) + measuredText(summary->measured), pruneJson(summary->pruned), summary->pruned.notes};
  addMeasured(result.object, summary->measured);
  if (line.measures.report)
    reportTimes(line.prune.input, line.prune.output, line.options.toolPath, summary->measured, result.text, result.object, result.notes);
  return result;
}

} // namespace

std::string pruneText(const std::string &output, const PruneSummary &summary) {
  std::string text;
  llvm::raw_string_ostream out(text);
  int64_t weights = 0, zeros = 0;
  std::vector<const PrunedLayer *> measured;
  for (const PrunedLayer &layer : summary.layers) {
    weights += layer.weights;
    zeros += layer.zeros;
    if (layer.relativeError)
      measured.push_back(&layer);
  }
  out << output << ": " << llvm::format("%.1f", 100.0 * static_cast<double>(zeros) / static_cast<double>(std::max<int64_t>(weights, 1)))
      << " % of the weights of " << summary.layers.size() << (summary.layers.size() == 1 ? " node" : " nodes")
      << " are zero or gone, their products take " << llvm::format("%.4g", static_cast<double>(summary.flopsAfter) * 1e-6) << " of "
      << llvm::format("%.4g", static_cast<double>(summary.flopsBefore) * 1e-6) << " MFLOP, constants "
      << llvm::format("%.2f", static_cast<double>(summary.bytesAfter) / 1048576.0) << " MiB of "
      << llvm::format("%.2f", static_cast<double>(summary.bytesBefore) / 1048576.0) << " MiB\n";
  if (summary.samples > 0)
    out << summary.samples << (summary.samples == 1 ? " sample\n" : " samples\n");
  llvm::sort(measured, [](const PrunedLayer *a, const PrunedLayer *b) { return std::pair(*b->relativeError, a) < std::pair(*a->relativeError, b); });
  for (const PrunedLayer *layer : llvm::ArrayRef(measured).take_front(kNamedLayers))
    out << "node '" << layer->node << "' (" << layer->op << "): " << llvm::format("%.1f", 100 * layer->share())
        << " % of its weights, its products are " << llvm::format("%.2f", 100 * *layer->relativeError) << " % off\n";
  llvm::MapVector<llvm::StringRef, std::vector<const LeftAlone *>> reasons;
  for (const LeftAlone &left : summary.leftAlone)
    reasons[left.reason].push_back(&left);
  for (const auto &[reason, nodes] : reasons)
    out << "left alone: " << (nodes.size() == 1 ? "node '" : std::to_string(nodes.size()) + " nodes, the first '") << nodes.front()->node << "' ("
        << nodes.front()->op << "): " << reason << '\n';
  return text;
}

llvm::json::Object pruneJson(const PruneSummary &summary) {
  llvm::json::Array layers, leftAlone, notes;
  for (const PrunedLayer &layer : summary.layers)
    layers.push_back(llvm::json::Object{{"node", layer.node},
                                        {"op", layer.op},
                                        {"weights", layer.weights},
                                        {"zeros", layer.zeros},
                                        {"share", layer.share()},
                                        {"channels_before", layer.channels},
                                        {"channels_after", layer.channelsLeft},
                                        {"relative_error", layer.relativeError ? llvm::json::Value(*layer.relativeError) : nullptr}});
  for (const LeftAlone &left : summary.leftAlone)
    leftAlone.push_back(llvm::json::Object{{"node", left.node}, {"op", left.op}, {"reason", left.reason}});
  for (const std::string &note : summary.notes)
    notes.push_back(note);
  return llvm::json::Object{{"layers", std::move(layers)},
                            {"samples", summary.samples},
                            {"constant_bytes_before", static_cast<int64_t>(summary.bytesBefore)},
                            {"constant_bytes_after", static_cast<int64_t>(summary.bytesAfter)},
                            {"flops_before", static_cast<int64_t>(summary.flopsBefore)},
                            {"flops_after", static_cast<int64_t>(summary.flopsAfter)},
                            {"left_alone", std::move(leftAlone)},
                            {"notes", std::move(notes)}};
}

absl::StatusOr<PruneResult> pruneFile(CommandLine &line) {
  takeShared(line.quantize, line.prune);
  line.prune.input = line.options.input;
  line.prune.output = line.options.output;
  const std::string &report = line.options.report;
  line.measures.report = !report.empty();
  if (absl::Status status = report.empty() ? absl::OkStatus() : checkCompressionReport(report); !status.ok())
    return status;
  absl::StatusOr<PruneResult> result = pruneAndMeasure(line, line.options.output);
  if (!result.ok() || report.empty())
    return result;
  result->object["model"] = line.options.input;
  llvm::StringRef headline = llvm::StringRef(result->text).split('\n').first.split(": ").second;
  absl::Status status = writeCompressionReport(report, result->object, headline);
  return status.ok() ? std::move(result) : status;
}

absl::StatusOr<CompileSummary> compilePruned(CommandLine &line) {
  llvm::SmallString<128> folder;
  if (std::error_code error = llvm::sys::fs::createUniqueDirectory("ingot-prune", folder))
    return absl::UnavailableError("cannot make a temporary folder: " + error.message());
  llvm::scope_exit clean([&] { llvm::sys::fs::remove_directories(folder); });
  llvm::SmallString<128> model(folder);
  llvm::sys::path::append(model, llvm::sys::path::filename(line.options.input));
  llvm::sys::RemoveFileOnSignal(model);
  takeShared(line.quantize, line.prune);
  bool needsSamples = (!line.isQuantized && line.measures.isWanted()) || line.prune.allocation == PruneAllocation::Measured;
  if (!needsSamples && line.prune.method.value_or(PruneMethod::Magnitude) == PruneMethod::Magnitude) { // samples are for quantisation then
    line.prune.calibration.clear();
    line.prune.randomCalibration = false;
  }
  QuantizeOptions withoutSamples = line.quantize;
  withoutSamples.calibration.clear();
  withoutSamples.randomCalibration = false;
  if (line.isQuantized && !line.measures.isWanted() && checkOptions(withoutSamples).ok()) // they were for pruning
    line.quantize = withoutSamples;
  line.prune.input = line.options.input;
  line.prune.output = model.str().str();
  absl::StatusOr<PruneResult> pruned = pruneAndMeasure(line, line.options.input);
  if (!pruned.ok())
    return pruned.status();
  line.options.input = line.prune.output;
  absl::StatusOr<CompileSummary> summary = line.isQuantized                              ? compileQuantized(line)
                                           : line.measured.measure || line.measured.tune ? compileMeasured(line.options, line.measured)
                                                                                         : compileModel(line.options);
  line.options.input = line.prune.input;
  if (!summary.ok())
    return summary;
  std::vector<std::string> notes;
  llvm::SmallVector<llvm::StringRef> lines;
  llvm::StringRef(pruned->text).split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef one : lines)
    notes.push_back(one.str());
  for (const std::string &note : pruned->notes)
    notes.push_back("warning: " + note);
  summary->notes.insert(summary->notes.begin(), notes.begin(), notes.end());
  return summary;
}

} // namespace ingot
