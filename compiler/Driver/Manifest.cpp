// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/Manifest.h"

#include "compiler/Pipelines/OptionalPasses.h"
#include "compiler/Pipelines/PassNames.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

namespace ingot {

std::string manifestOf(const CompileOptions &options, llvm::ArrayRef<TargetSpec> targets, ManifestFacts facts) {
  llvm::json::Array names;
  for (const TargetSpec &target : targets)
    names.push_back(target.name);
  llvm::json::Object dims, shapes, passes, external;
  for (const auto &[name, hash] : facts.hashes.external)
    external[name] = hash;
  for (const auto &[name, size] : options.dims)
    dims[name] = size;
  for (const auto &[name, range] : options.ranges)
    dims[name] = llvm::formatv("{0}..{1}", range.minimum, range.maximum).str();
  for (const auto &[name, shape] : options.inputShapes)
    shapes[name] = llvm::json::Array(shape);
  StageOptions stageOptions = stageOptionsOf(options);
  for (const Stage &stage : stages())
    passes[stage.name] = llvm::json::Array(passNames(stage, stageOptions));
  llvm::json::Object object{{"compiler", "ingot " INGOT_VERSION},
                            {"llvm", LLVM_VERSION_STRING},
                            {"model_sha256", facts.hashes.model},
                            {"external_sha256", std::move(external)},
                            {"level", options.level},
                            {"precision", options.precision == Precision::Bf16 ? "bf16" : "stored"},
                            {"int4_activations", options.activations == Activations::Int8 ? "int8" : "f32"},
                            {"exact", options.exact},
                            {"targets", std::move(names)},
                            {"dims", std::move(dims)},
                            {"input_shapes", std::move(shapes)},
                            {"interface", std::move(facts.interface)},
                            {"passes", std::move(passes)}};
  if (!options.disabledPasses.empty())
    object["disabled_passes"] = llvm::json::Array(options.disabledPasses);
  if (!options.tiles.empty())
    object["tiles"] = llvm::json::Array(options.tiles);
  if (!facts.arenaFormula.empty())
    object["memory_formula"] = llvm::json::Array(facts.arenaFormula);
  std::string text = llvm::formatv("{0}", llvm::json::Value(std::move(object)));
  assert(llvm::StringRef(text).starts_with(kManifestBegin) && "keys are sorted, and 'compiler' has to be the first");
  return text;
}

} // namespace ingot
