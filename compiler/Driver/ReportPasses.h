// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_DRIVER_REPORTPASSES_H
#define COMPILER_DRIVER_REPORTPASSES_H

#include "compiler/Driver/ReportRegions.h"
#include "compiler/Pipelines/Stages.h"
#include "mlir/IR/BuiltinOps.h"

#include <chrono>
#include <map>
#include <optional>

namespace ingot {

/// What a pass did to the model. The forecasts are what the plan stage would make of the IR before and after it: those of a pass of the graph or the
/// region stage, when no other pass follows that can be left out; those of a pass of the plan stage, without and with it.
struct PassEffect {
  std::string stage, name;
  double seconds = 0;
  int64_t operationsBefore = 0, operationsAfter = 0; ///< in the module, but for weights
  int64_t operationsChanged = 0, regionsChanged = 0; ///< made or changed, or lost if those are more
  std::optional<Totals> before, after;
};

/// Watches the passes of one way through the stages. They must run on one thread.
class PassEffects {
public:
  PassEffects() = default;

  /// To be called for the pass manager of each stage, in order.
  void watch(mlir::PassManager &passes, const Stage &stage, const StageOptions &options, const Roofs &roofs);

  const std::vector<PassEffect> &all() const { return effects; }

private:
  class Watcher;

  /// How often each operation is there, regions (with what is inside) and others apart: changes show as differences.
  struct Snapshot {
    std::map<uint64_t, int64_t> operations, regions;
    int64_t count = 0;

    static Snapshot of(mlir::ModuleOp module);
  };

  void begin(mlir::Pass *pass, mlir::ModuleOp module);
  void end(mlir::Pass *pass, mlir::ModuleOp module);
  std::optional<Totals> forecast(mlir::ModuleOp module, const std::vector<std::string> &without) const;

  std::vector<PassEffect> effects;
  std::vector<std::string> seen;    ///< passes that have run
  std::optional<Totals> forecasted; ///< of the IR as it is
  const Stage *stage = nullptr;
  StageOptions options;
  std::optional<Roofs> roofs;
  Snapshot snapshot;
  std::chrono::steady_clock::time_point started;
};

} // namespace ingot

#endif
