// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/Compress/LayerTimes.h"

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

/// Nodes of a model that belong to layers, by their names: those that multiply, and those that only prepare what one multiplies.
struct LayerNodes {
  using Numbers = llvm::StringMap<std::vector<size_t>>; ///< of layers
  Numbers products, helpers;
};

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

std::set<size_t> ownersOf(const llvm::json::Object &region, const LayerNodes::Numbers &nodes) {
  std::set<size_t> owners;
  for (const llvm::json::Value &node : *region.getArray("nodes"))
    if (auto found = nodes.find(node.getAsString().value_or("")); found != nodes.end())
      owners.insert(found->second.begin(), found->second.end());
  return owners;
}

/// The shortest times of so many profiles count, of both programs in turn: the machine may do something else meanwhile.
constexpr int kTimedRounds = 2;

/// A program of a model, its regions as the report has them and what they take.
class Profile {
public:
  static absl::StatusOr<Profile> compile(const std::string &model, const std::string &toolPath, const Measured &summary) {
    CompileOptions options;
    options.input = model;
    options.toolPath = toolPath;
    options.inputShapes = summary.shapes;
    options.keepCandidates = true; // the report has the regions alone
    CompileSummary made;
    absl::StatusOr<TemporaryProgram> program = TemporaryProgram::compile(options, &made);
    if (!program.ok())
      return program.status();
    Profile result(std::move(*program), std::move(*made.report->getArray("regions")));
    result.predict();
    return result;
  }

  absl::Status measure(uint32_t threads) {
    absl::StatusOr<RegionTimes> measured = profileRegions(program.path(), threads, regions.size());
    if (!measured.ok())
      return measured.status();
    auto part = threads == 1 ? &RegionTime::alone : &RegionTime::together;
    auto take = [&](RegionTime &time, double microseconds) { time.*part = time.*part > 0 ? std::min(time.*part, microseconds) : microseconds; };
    take(whole, measured->run);
    for (auto [time, microseconds] : llvm::zip_equal(times, measured->regions))
      take(time, microseconds);
    return absl::OkStatus();
  }

  llvm::json::Array regions;
  std::vector<RegionTime> times;
  RegionTime whole;

private:
  Profile(TemporaryProgram program, llvm::json::Array regions)
      : regions(std::move(regions)), times(this->regions.size()), program(std::move(program)) {}

  void predict() {
    for (auto [value, time] : llvm::zip_equal(regions, times)) {
      const llvm::json::Object &region = *value.getAsObject();
      double efficiency = 1.0 / kReportThreads;
      for (const llvm::json::Value &one : *region.getArray("efficiency"))
        if (one.getAsObject()->getInteger("threads") == kReportThreads)
          efficiency = one.getAsObject()->getNumber("efficiency").value_or(efficiency);
      time.predictedAlone = region.getNumber("predicted_us").value_or(0) * region.getNumber("calls").value_or(1);
      time.predictedTogether = time.predictedAlone / (efficiency * kReportThreads);
      whole.predictedAlone += time.predictedAlone;
      whole.predictedTogether += time.predictedTogether;
    }
  }

  TemporaryProgram program;
};

/// Divides the time of each region among the layers whose products it computes, or, where it computes none, whose helpers.
void divideTimes(const Profile &profile, const LayerNodes &nodes, llvm::ArrayRef<Layer> layers, RegionTime LayerTime::*field,
                 std::vector<LayerTime> &result) {
  for (auto [value, time] : llvm::zip_equal(profile.regions, profile.times)) {
    std::set<size_t> owners = ownersOf(*value.getAsObject(), nodes.products);
    if (owners.empty())
      owners = ownersOf(*value.getAsObject(), nodes.helpers);
    double weights = 0;
    for (size_t owner : owners)
      weights += static_cast<double>(layers[owner].weights);
    for (size_t owner : owners)
      (result[owner].*field).add(time, static_cast<double>(layers[owner].weights) / weights);
  }
}

llvm::json::Value numberOrNull(std::optional<double> value) { return value ? llvm::json::Value(*value) : llvm::json::Value(nullptr); }

std::optional<double> ratio(double over, double under) { return over > 0 && under > 0 ? std::optional(over / under) : std::nullopt; }

llvm::json::Value microseconds(double time) { return numberOrNull(time > 0 ? std::optional(time) : std::nullopt); }

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

absl::StatusOr<ModelTimes> measureLayerTimes(const std::string &original, const std::string &compressed, const std::string &toolPath,
                                             const Measured &summary) {
  absl::StatusOr<std::unique_ptr<ModelEditor>> before = ModelEditor::openToRead(original), after = ModelEditor::openToRead(compressed);
  for (const auto *editor : {&before, &after})
    if (!editor->ok())
      return editor->status();
  ModelTimes times;
  times.isMeasured = llvm::heavyweight_hardware_concurrency().compute_thread_count() >= kReportThreads;
  for (const Layer &layer : summary.layers)
    times.layers.push_back({layer.node, {}, {}});
  absl::StatusOr<Profile> wide = Profile::compile(original, toolPath, summary), narrow = Profile::compile(compressed, toolPath, summary);
  for (const auto *program : {&wide, &narrow})
    if (!program->ok())
      return program->status();
  for (int round = 0; round < kTimedRounds; ++round)
    for (uint32_t threads : {1U, kReportThreads})
      for (Profile *program : {&*wide, &*narrow})
        if (absl::Status status = threads == 1 || times.isMeasured ? program->measure(threads) : absl::OkStatus(); !status.ok())
          return status;
  llvm::StringSet<> known = valuesOf(**before);
  times.before = wide->whole;
  times.after = narrow->whole;
  divideTimes(*wide, nodesOf(**before, known, summary.layers), summary.layers, &LayerTime::before, times.layers);
  divideTimes(*narrow, nodesOf(**after, known, summary.layers), summary.layers, &LayerTime::after, times.layers);
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
                                        {"speedup", numberOrNull(ratio(times.before.*part, times.after.*part))}});
  for (const LayerTime &layer : times.layers)
    layers.push_back(llvm::json::Object{{"name", layer.name},
                                        {"before_us", microseconds(layer.before.alone)},
                                        {"after_us", microseconds(layer.after.alone)},
                                        {"speedup", numberOrNull(ratio(layer.before.alone, layer.after.alone))},
                                        {"efficiency_before", numberOrNull(layer.before.efficiency())},
                                        {"efficiency_after", numberOrNull(layer.after.efficiency())}});
  object["time"] = llvm::json::Object{{"runs", std::move(runs)},
                                      {"efficiency", llvm::json::Object{{"threads", kReportThreads},
                                                                        {"measured", times.isMeasured},
                                                                        {"before", numberOrNull(times.before.efficiency())},
                                                                        {"after", numberOrNull(times.after.efficiency())}}}};
  object["layer_times"] = std::move(layers);
}

void reportTimes(const std::string &original, const std::string &compressed, const std::string &toolPath, const Measured &summary, std::string &text,
                 llvm::json::Object &object, std::vector<std::string> &notes) {
  absl::StatusOr<ModelTimes> times = measureLayerTimes(original, compressed, toolPath, summary);
  if (times.ok()) {
    text += timesText(*times);
    addTimes(object, *times);
  } else {
    notes.push_back("the times of the models are missing: " + std::string(times.status().message()));
  }
}

} // namespace ingot
