// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_DRIVER_REPORTREGIONS_H
#define COMPILER_DRIVER_REPORTREGIONS_H

#include "dialects/Ingot/Ingot.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Plan/MachineModel.h"
#include "llvm/Support/JSON.h"

namespace ingot {

/// What the report holds regions against: the peaks of one core of the plan stage's machine, and of all of them together.
struct Roofs {
  double gigahertz, flopsPerCycle, bytesPerCycle, sharedBytesPerCycle;

  static Roofs of(const MachineModel &machine);
  double microseconds(double cycles) const { return cycles / gigahertz * 1e-3; }
  /// The least cycles of one core for so much work, with data that comes from memory.
  double leastCycles(double flops, double bytes) const { return std::max(flops / flopsPerCycle, bytes / bytesPerCycle); }
  llvm::json::Object asJson() const;
};

/// What all regions of a planned function take together, those of loops as often as these run.
struct Totals {
  int64_t regions = 0, arenaBytes = 0;
  double flops = 0, bytes = 0, cycles = 0;

  static Totals of(mlir::func::FuncOp planned, const Roofs &roofs);
  llvm::json::Object asJson(const Roofs &roofs) const;
};

/// The regions of a function at the end of the plan stage, in order: docs/CommandLine.md describes the fields.
llvm::json::Array describeRegions(mlir::func::FuncOp planned, const Roofs &roofs);

/// What lies in the arena, and from which region to which.
llvm::json::Array describeMemory(mlir::func::FuncOp planned);

} // namespace ingot

#endif
