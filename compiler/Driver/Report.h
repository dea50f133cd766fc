// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The effect report: what each pass did to a model, and what each region of the result is and takes.
#ifndef COMPILER_DRIVER_REPORT_H
#define COMPILER_DRIVER_REPORT_H

#include "absl/status/status.h"
#include "compiler/Driver/Compile.h"
#include "compiler/Driver/ReportPasses.h"

namespace ingot {

/// Whether `path` ends in .json or .html and can be written.
absl::Status checkReportPath(const std::string &path);

/// Gathers facts while a model is compiled: of the passes on their way to the first body of code, and of each body, one for each target and
/// combination of special sizes.
class EffectReport {
public:
  /// `machine`: of the first target.
  explicit EffectReport(const MachineModel &machine) : roofs(Roofs::of(machine)) {}

  /// Follows the passes of a stage.
  void watch(mlir::PassManager &passes, const Stage &stage, const StageOptions &options);

  /// What is added from here on is of the code for this target and these sizes, as "batch 8".
  void beginBody(llvm::StringRef target, const MachineModel &machine, std::vector<std::string> sizes);

  // What there is at the ends of the stages.
  void addPlan(mlir::func::FuncOp planned);
  void addKernels(mlir::ModuleOp kernels); ///< which function computes each region
  void addObject(llvm::ArrayRef<char> object);

  /// Everything, as docs/CommandLine.md describes it.
  llvm::json::Object finish(const CompileOptions &options, const CompileSummary &summary);

private:
  struct Body {
    std::string target;
    Roofs roofs;
    std::vector<std::string> sizes;
    Totals totals = {};
    llvm::json::Array regions = {}, memory = {};
    int64_t codeBytes = 0;

    llvm::json::Object asJson(const CompileSummary &summary);
  };

  Roofs roofs; ///< that passes are held against
  PassEffects passes;
  std::vector<Body> bodies;
};

/// Writes a report in the format that the name asks for.
absl::Status writeReport(const std::string &path, const llvm::json::Object &report);

/// One page that needs no other file.
std::string reportPage(const llvm::json::Object &report);

} // namespace ingot

#endif
