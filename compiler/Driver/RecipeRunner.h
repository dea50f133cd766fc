// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_DRIVER_RECIPERUNNER_H
#define COMPILER_DRIVER_RECIPERUNNER_H

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "dialects/Ingot/Ingot.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

#include <memory>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace ingot {
class DiagnosticCollector;
class Jit;

/// Makes constants by running the functions of the module `@recipes`, compiled by the -O0 path, in this process.
class RecipeRunner {
public:
  /// Compiles the recipes of a model; null when it has none. What is wrong with them is reported as MLIR diagnostics.
  static absl::StatusOr<std::unique_ptr<RecipeRunner>> create(mlir::ModuleOp model, const DiagnosticCollector &diagnostics);
  ~RecipeRunner();

  /// Writes the `bytes` of the constant, computed from `inputs` (one pointer per argument, aligned as its elements). Nothing is kept.
  absl::Status run(RecipeAttr recipe, llvm::ArrayRef<const void *> inputs, int64_t bytes, llvm::raw_ostream &out) const;

private:
  struct Entry {
    std::string symbol;
    int64_t arenaBytes;
  };

  RecipeRunner();
  absl::Status compile(mlir::ModuleOp recipes, const DiagnosticCollector &diagnostics);

  std::unique_ptr<Jit> jit;
  llvm::StringMap<Entry> entries; ///< By the name of the function.
  std::vector<std::string> sites; ///< Where they can fail, and why.
};

/// Removes the recipes from a model, for the stages that make its own code.
void dropRecipes(mlir::ModuleOp model);

} // namespace ingot

#endif
