// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_PIPELINES_STAGES_H
#define COMPILER_PIPELINES_STAGES_H

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Plan/MachineModel.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>

namespace ingot {
class ConstantEvaluator;

/// What the stages need to know; filled by the tools.
struct StageOptions {
  bool layout = true;                      ///< Choose layouts and pack weights (-O3).
  bool bf16 = false;                       ///< Contractions multiply bf16 (--precision=bf16; needs `layout`).
  int64_t activationBytes = 4;             ///< Of the integers that stand for activations in products with weights of 4 bits: 4, or 1.
  bool fuse = true;                        ///< Join operations into regions (-O3); without it each is a region of its own (-O0).
  bool plainKernels = false;               ///< Only the plain family (-O0).
  bool exact = false;                      ///< Only algorithms that round as the direct one does: no Winograd convolutions.
  MachineModel machine = {};               ///< What the kernels are chosen for (the plan stage).
  std::string runSymbol = "model_run";     ///< Name of the generated entry function.
  std::optional<int32_t> firstRegion = {}; ///< The number of the first region in the model's table (the llvm stage); none: no profile is possible.
  std::vector<int64_t> sizes = {};         ///< Of the model's symbols, which the plan stage fixes; -1 leaves one open. None: all stay open.
  std::vector<std::string> tiles = {};     ///< Of certain regions (`ingot-unroll-and-jam`).
  bool keepCandidates = false;             ///< Keep more tiles than the report shows, and mark equal regions.
  std::vector<std::string> left = {};      ///< Passes that are left out (compiler/Pipelines/OptionalPasses.h).
  const ConstantEvaluator *constants = nullptr; ///< Of the weights, for algorithms that lose precision (the graph stage); may be null.

  /// The options of `-O0` and of every higher level.
  static StageOptions ofLevel(int level);
};

/// Takes the passes of a stage, but for those that the options leave out.
class StagePasses {
public:
  StagePasses(mlir::OpPassManager &passes, const StageOptions &options) : passes(passes), options(options) {}

  void addPass(std::unique_ptr<mlir::Pass> pass) {
    if (!isLeft(*pass))
      passes.addPass(std::move(pass));
  }
  template <typename Op> void addNestedPass(std::unique_ptr<mlir::Pass> pass) {
    if (!isLeft(*pass))
      passes.addNestedPass<Op>(std::move(pass));
  }

private:
  bool isLeft(const mlir::Pass &pass) const { return llvm::is_contained(options.left, pass.getArgument()); }

  mlir::OpPassManager &passes;
  const StageOptions &options;
};

/// One stage of the way of a model, after import.
struct Stage {
  llvm::StringRef name, summary;
  void (*fill)(StagePasses &pm, const StageOptions &options);

  void build(mlir::OpPassManager &passes, const StageOptions &options) const {
    StagePasses taken(passes, options);
    fill(taken, options);
  }
};

/// The stages in order.
llvm::ArrayRef<Stage> stages();

/// Registers one pipeline per stage, `ingot-stage-<name>`, with the options of -O3, and `ingot-stage-<name>-O0` with those of -O0.
void registerStages();

} // namespace ingot

#endif
