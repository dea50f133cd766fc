// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_BUDGET_RECIPE_H
#define COMPILER_COMPRESS_BUDGET_RECIPE_H

#include "compiler/Compress/Edit/WorkFolder.h"
#include "compiler/Compress/Prune/PruneOptions.h"
#include "compiler/Compress/Quantize/QuantizeOptions.h"
#include "llvm/Support/JSON.h"

namespace ingot::compress {

/// How a compressed program is made of a model: what is written into the file, step by step, and how that is compiled.
struct Recipe {
  std::string name;                        ///< for a person
  std::optional<PruneOptions> prune = {};  ///< comes first; blocks of 1x16; without files
  std::vector<QuantizeOptions> steps = {}; ///< without files
  bool bf16 = false;                       ///< --precision=bf16
  bool int8Activations = false;            ///< --activations=int8
  std::vector<std::string> tiles = {};     ///< of regions of this machine's code, by their keys, in place of the cost model's choice

  llvm::json::Object json() const;
  /// The error says what is wrong with the object.
  static absl::StatusOr<Recipe> fromJson(const llvm::json::Object &object);
};

/// Takes a model through the steps, which get the samples that they need; the files are those of the folder. Returns the path of the last one, or the
/// model's own without steps.
absl::StatusOr<std::string> applyRecipe(const Recipe &recipe, const std::string &input, const SampleSource &samples, const WorkFolder &folder);

} // namespace ingot::compress

#endif
