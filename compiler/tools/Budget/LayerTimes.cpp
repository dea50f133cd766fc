// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/Budget/LayerTimes.h"

#include "compiler/Compress/Edit/ModelEditor.h"
#include "compiler/tools/Ablation.h"
#include "compiler/tools/RegionTimes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Threading.h"

#include <set>

namespace ingot {
namespace {

using namespace compress;

constexpr llvm::StringLiteral kProducts[] = {"Conv", "ConvInteger", "Gemm", "MatMul", "MatMulInteger", "MatMulNBits"};

/// The values of the model as it was.
llvm::StringSet<> valuesOf(const ModelEditor &editor) {
  llvm::StringSet<> values;
  for (int i = 0; i < editor.nodeCount(); ++i)
    values.insert(editor.node(i).output().begin(), editor.node(i).output().end());
  return values;
}

/// The nodes that make the result of each layer of values that the original has; there, the layer's own node.
LayerNodes nodesOf(const ModelEditor &editor, const llvm::StringSet<> &known, llvm::ArrayRef<Layer> layers) {
  LayerNodes nodes;
  for (auto [number, layer] : llvm::enumerate(layers)) {
    llvm::SmallVector<llvm::StringRef> pending{layer.value};
    llvm::StringSet<> seen;
    for (size_t i = 0; i < pending.size(); ++i) {
      const onnx::NodeProto *node = editor.producer(pending[i]);
      if (!node || !seen.insert(node->name()).second)
        continue;
      (llvm::is_contained(kProducts, node->op_type()) ? nodes.products : nodes.helpers)[node->name()].push_back(number);
      for (const std::string &input : node->input())
        if (!known.contains(input))
          pending.push_back(input);
    }
  }
  return nodes;
}

/// A program of a model, its regions as the report has them and what they take.
struct Profile {
  llvm::json::Array regions;
  std::vector<RegionTime> times;
  RegionTime whole;
};

absl::StatusOr<Profile> profile(const std::string &model, const std::string &toolPath, const MeasuredSummary &summary, bool hasThreads) {
  CompileOptions options;
  options.input = model;
  options.toolPath = toolPath;
  options.inputShapes = summary.shapes;
  options.keepCandidates = true; // the report has the regions alone
  CompileSummary made;
  absl::StatusOr<TemporaryProgram> program = TemporaryProgram::compile(options, &made);
  if (!program.ok())
    return program.status();
  Profile result;
  result.regions = std::move(*made.report->getArray("regions"));
  result.times.resize(result.regions.size());
  for (uint32_t threads : {1U, kReportThreads}) {
    if (threads > 1 && !hasThreads)
      break;
    absl::StatusOr<RegionTimes> measured = profileRegions(program->path(), threads, result.regions.size());
    if (!measured.ok())
      return measured.status();
    auto part = threads == 1 ? &RegionTime::alone : &RegionTime::together;
    result.whole.*part = measured->run;
    for (auto [time, microseconds] : llvm::zip_equal(result.times, measured->regions))
      time.*part = microseconds;
  }
  for (auto [value, time] : llvm::zip_equal(result.regions, result.times)) {
    const llvm::json::Object &region = *value.getAsObject();
    double efficiency = 1.0 / kReportThreads;
    for (const llvm::json::Value &one : *region.getArray("efficiency"))
      if (one.getAsObject()->getInteger("threads") == kReportThreads)
        efficiency = one.getAsObject()->getNumber("efficiency").value_or(efficiency);
    time.predictedAlone = region.getNumber("predicted_us").value_or(0) * region.getNumber("calls").value_or(1);
    time.predictedTogether = time.predictedAlone / (efficiency * kReportThreads);
    result.whole.predictedAlone += time.predictedAlone;
    result.whole.predictedTogether += time.predictedTogether;
  }
  return result;
}

llvm::json::Value number(std::optional<double> value) { return value ? llvm::json::Value(*value) : llvm::json::Value(nullptr); }

std::optional<double> ratio(double over, double under) { return over > 0 && under > 0 ? std::optional(over / under) : std::nullopt; }

llvm::json::Value microseconds(double time) { return number(time > 0 ? std::optional(time) : std::nullopt); }

} // namespace

void RegionTime::add(const RegionTime &other, double share) {
  alone += share * other.alone;
  together += share * other.together;
  predictedAlone += share * other.predictedAlone;
  predictedTogether += share * other.predictedTogether;
}

std::optional<double> RegionTime::efficiency() const {
  std::optional<double> speedup = together > 0 ? ratio(alone, together) : ratio(predictedAlone, predictedTogether);
  return speedup ? std::optional(*speedup / kReportThreads) : std::nullopt;
}

void divideTimes(const llvm::json::Array &regions, llvm::ArrayRef<RegionTime> times, const LayerNodes &nodes, llvm::ArrayRef<Layer> layers,
                 RegionTime LayerTime::*field, std::vector<LayerTime> &result) {
  for (auto [value, time] : llvm::zip_equal(regions, times)) {
    std::set<size_t> owners;
    for (const auto *kind : {&nodes.products, &nodes.helpers})
      for (const llvm::json::Value &node : *value.getAsObject()->getArray("nodes"))
        if (auto found = kind->find(node.getAsString().value_or("")); owners.empty() || kind == &nodes.products)
          if (found != kind->end())
            owners.insert(found->second.begin(), found->second.end());
    double weights = 0;
    for (size_t owner : owners)
      weights += static_cast<double>(layers[owner].weights);
    for (size_t owner : owners)
      (result[owner].*field).add(time, static_cast<double>(layers[owner].weights) / weights);
  }
}

absl::StatusOr<ModelTimes> measureLayerTimes(const std::string &original, const std::string &compressed, const std::string &toolPath,
                                             const MeasuredSummary &summary) {
  absl::StatusOr<std::unique_ptr<ModelEditor>> before = ModelEditor::openToRead(original), after = ModelEditor::openToRead(compressed);
  for (const auto *editor : {&before, &after})
    if (!editor->ok())
      return editor->status();
  ModelTimes times;
  times.isMeasured = llvm::heavyweight_hardware_concurrency().compute_thread_count() >= kReportThreads;
  for (const Layer &layer : summary.layers)
    times.layers.push_back({layer.node, {}, {}});
  llvm::StringSet<> known = valuesOf(**before);
  for (bool isAfter : {false, true}) {
    absl::StatusOr<Profile> found = profile(isAfter ? compressed : original, toolPath, summary, times.isMeasured);
    if (!found.ok())
      return found.status();
    (isAfter ? times.after : times.before) = found->whole;
    divideTimes(found->regions, found->times, nodesOf(isAfter ? **after : **before, known, summary.layers), summary.layers,
                isAfter ? &LayerTime::after : &LayerTime::before, times.layers);
  }
  return times;
}

std::string timesText(const ModelTimes &times) {
  std::string text = llvm::formatv("time with one thread: {0:f1} us before, {1:f1} us after, {2:f2} times as fast", times.before.alone,
                                   times.after.alone, ratio(times.before.alone, times.after.alone).value_or(1));
  return text + llvm::formatv("; efficiency of {0} threads ({1}): {2:f2} before, {3:f2} after\n", kReportThreads,
                              times.isMeasured ? "measured" : "predicted", times.before.efficiency().value_or(0),
                              times.after.efficiency().value_or(0))
                    .str();
}

void addTimes(llvm::json::Object &object, const ModelTimes &times) {
  llvm::json::Array runs, layers;
  for (auto [threads, part] : {std::pair(1U, &RegionTime::alone), {kReportThreads, &RegionTime::together}})
    if (times.before.*part > 0)
      runs.push_back(llvm::json::Object{{"threads", threads},
                                        {"before_us", times.before.*part},
                                        {"after_us", times.after.*part},
                                        {"speedup", number(ratio(times.before.*part, times.after.*part))}});
  for (const LayerTime &layer : times.layers)
    layers.push_back(llvm::json::Object{{"name", layer.name},
                                        {"before_us", microseconds(layer.before.alone)},
                                        {"after_us", microseconds(layer.after.alone)},
                                        {"speedup", number(ratio(layer.before.alone, layer.after.alone))},
                                        {"efficiency_before", number(layer.before.efficiency())},
                                        {"efficiency_after", number(layer.after.efficiency())}});
  object["time"] = llvm::json::Object{{"runs", std::move(runs)},
                                      {"efficiency", llvm::json::Object{{"threads", kReportThreads},
                                                                        {"measured", times.isMeasured},
                                                                        {"before", number(times.before.efficiency())},
                                                                        {"after", number(times.after.efficiency())}}}};
  object["layer_times"] = std::move(layers);
}

} // namespace ingot
