// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Budget/Recipe.h"

#include "compiler/Compress/Prune/Prune.h"
#include "compiler/Compress/Quantize/Quantize.h"
#include "llvm/ADT/STLExtras.h"

namespace ingot::compress {
namespace {

constexpr std::pair<llvm::StringLiteral, Mode> kModes[] = {{"weight-only", Mode::WeightOnly}, {"dynamic", Mode::Dynamic}, {"static", Mode::Static}};

llvm::json::Array array(const std::vector<std::string> &words) {
  llvm::json::Array result;
  for (const std::string &word : words)
    result.push_back(word);
  return result;
}

absl::Status wrong(const std::string &what) { return absl::InvalidArgumentError("this is no recipe of a search: " + what); }

absl::Status readWords(const llvm::json::Object &object, llvm::StringRef key, std::vector<std::string> &words) {
  const llvm::json::Array *found = object.getArray(key);
  for (const llvm::json::Value &word : found ? *found : llvm::json::Array()) {
    if (!word.getAsString())
      return wrong("'" + key.str() + "' holds no name");
    words.push_back(word.getAsString()->str());
  }
  return absl::OkStatus();
}

absl::StatusOr<QuantizeOptions> readStep(const llvm::json::Object *object) {
  QuantizeOptions step;
  std::optional<llvm::StringRef> mode = object ? object->getString("mode") : std::nullopt;
  const auto *found = mode ? llvm::find_if(kModes, [&](const auto &one) { return one.first == *mode; }) : std::end(kModes);
  if (found == std::end(kModes))
    return wrong("a step has no mode");
  step.mode = found->second;
  if (std::optional<int64_t> bits = object->getInteger("bits"))
    step.weightBits = static_cast<int>(*bits);
  step.blockSize = object->getInteger("block_size");
  for (auto [key, words] : {std::pair("include", &step.include), {"exclude", &step.exclude}})
    if (absl::Status status = readWords(*object, key, *words); !status.ok())
      return status;
  return step;
}

absl::StatusOr<PruneOptions> readPrune(const llvm::json::Object &object) {
  PruneOptions prune;
  prune.sparsity = object.getNumber("sparsity");
  if (!prune.sparsity || !(*prune.sparsity > 0 && *prune.sparsity < 1))
    return wrong("its pruning has no sparsity between 0 and 1");
  if (object.getBoolean("reconstructs").value_or(false))
    prune.method = PruneMethod::SparseGpt;
  for (auto [key, words] : {std::pair("include", &prune.include), {"exclude", &prune.exclude}})
    if (absl::Status status = readWords(object, key, *words); !status.ok())
      return status;
  return prune;
}

} // namespace

llvm::json::Object Recipe::json() const {
  llvm::json::Array all;
  for (const QuantizeOptions &step : steps) {
    const auto *mode = llvm::find_if(kModes, [&](const auto &one) { return one.second == modeOf(step); });
    llvm::json::Object object{{"mode", mode->first}, {"include", array(step.include)}, {"exclude", array(step.exclude)}};
    if (step.weightBits)
      object["bits"] = *step.weightBits;
    if (step.blockSize)
      object["block_size"] = *step.blockSize;
    all.push_back(std::move(object));
  }
  llvm::json::Object object{
      {"name", name}, {"steps", std::move(all)}, {"bf16", bf16}, {"int8_activations", int8Activations}, {"tiles", array(tiles)}};
  if (prune)
    object["prune"] = llvm::json::Object{{"sparsity", prune->sparsity.value_or(0)},
                                         {"reconstructs", prune->method == PruneMethod::SparseGpt},
                                         {"include", array(prune->include)},
                                         {"exclude", array(prune->exclude)}};
  return object;
}

absl::StatusOr<Recipe> Recipe::fromJson(const llvm::json::Object &object) {
  Recipe recipe;
  const llvm::json::Array *steps = object.getArray("steps");
  if (!steps)
    return wrong("it has no steps");
  recipe.name = object.getString("name").value_or("").str();
  recipe.bf16 = object.getBoolean("bf16").value_or(false);
  recipe.int8Activations = object.getBoolean("int8_activations").value_or(false);
  if (absl::Status status = readWords(object, "tiles", recipe.tiles); !status.ok())
    return status;
  if (const llvm::json::Object *found = object.getObject("prune")) {
    absl::StatusOr<PruneOptions> prune = readPrune(*found);
    if (!prune.ok())
      return prune.status();
    recipe.prune = std::move(*prune);
  }
  for (const llvm::json::Value &value : *steps) {
    absl::StatusOr<QuantizeOptions> step = readStep(value.getAsObject());
    if (!step.ok())
      return step.status();
    recipe.steps.push_back(std::move(*step));
  }
  return recipe;
}

absl::StatusOr<std::string> applyRecipe(const Recipe &recipe, const std::string &input, const SampleSource &samples, const WorkFolder &folder) {
  auto giveSamples = [&](auto &options) {
    options.calibration = samples.paths;
    options.sampleFormat = samples.format;
    options.randomCalibration = samples.isRandom;
  };
  std::string path = input;
  if (recipe.prune) {
    PruneOptions options = *recipe.prune;
    options.input = path;
    path = options.output = folder.file("pruned.onnx");
    if (options.method == PruneMethod::SparseGpt)
      giveSamples(options);
    if (absl::StatusOr<PruneSummary> done = pruneModel(options); !done.ok())
      return done.status();
  }
  for (auto [i, step] : llvm::enumerate(recipe.steps)) {
    QuantizeOptions options = step;
    options.input = path;
    path = options.output = folder.file("step" + std::to_string(i) + ".onnx");
    if (needsSamples(options))
      giveSamples(options);
    if (absl::StatusOr<QuantizeSummary> done = quantizeModel(options); !done.ok())
      return done.status();
  }
  return path;
}

} // namespace ingot::compress
