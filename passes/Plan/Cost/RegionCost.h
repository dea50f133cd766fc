// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_REGIONCOST_H
#define PASSES_PLAN_REGIONCOST_H

#include "passes/Plan/KernelModel.h"

namespace ingot {

/// On a planned region: its `#ingot.cost`, and an array of `#ingot.candidate` with what was not taken, the best one first.
inline constexpr llvm::StringLiteral kCostAttr = "ingot.cost", kRejectedAttr = "ingot.rejected";

/// On a planned region: the part of the threads' time that it uses, in thousandths, predicted for 1, 2, 4, 8, 16, 32 and 64 of them.
inline constexpr llvm::StringLiteral kEfficiencyAttr = "ingot.efficiency";

/// On a region that threads share: the grid of its units, outermost dim first, as pairs of a count and what the last one costs, in thousandths.
inline constexpr llvm::StringLiteral kGridAttr = "ingot.grid";

/// On a region, where `ingot-unroll-and-jam` was asked for it: what regions that are the same have in common.
inline constexpr llvm::StringLiteral kKeyAttr = "ingot.key";

/// On a function: what `ingot-schedule-regions` found.
inline constexpr llvm::StringLiteral kScheduleAttr = "ingot.schedule";

/// What a region has to do, whoever does it: operations on numbers (a multiply-add is two; a norm counts five per element), and the bytes that it
/// must read and write once.
struct RegionWork {
  double flops = 0, read = 0, written = 0;
  double weights = 0;    ///< of `read`: constants
  double pastCaches = 0; ///< of `written`: what `ingot.stores` names

  static RegionWork of(RegionOp region, int64_t symbol = kTypicalSize);
};

/// Predicts how long regions of one function (of the region stage) take. Constants come from where all constants of a model fit, since a run reads
/// them once; tensors come from where the region's own fit, since the region before has just written them.
class CostModel {
public:
  CostModel(mlir::Block &body, const MachineModel &machine);
  /// For regions without constants.
  explicit CostModel(const MachineModel &machine) : machine(machine) {}

  /// Cycles until the memory has given and taken all bytes; `threads` share the memory behind the last cache.
  double memoryCycles(const RegionWork &work, int64_t threads = 1) const;
  /// Cycles of one core. Arithmetic and memory overlap.
  double cycles(const KernelModel &model, llvm::ArrayRef<int64_t> tile, const RegionWork &work) const {
    return std::max(model.cycles(tile, kTypicalSize), memoryCycles(work));
  }
  /// The cost of a planned region, as `ingot.cost` says it.
  CostAttr of(RegionOp region) const;

private:
  double transfer(double bytes, double workingSet, int64_t threads) const;

  const MachineModel &machine;
  double weightBytes = 0; ///< of the whole model
};

} // namespace ingot

#endif
