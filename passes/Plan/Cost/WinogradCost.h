// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_COST_WINOGRADCOST_H
#define PASSES_PLAN_COST_WINOGRADCOST_H

#include "passes/Kernel/Winograd/WinogradShape.h"
#include "passes/Plan/KernelModel.h"

namespace ingot {

/// The cycles that the family `winograd` takes with one tile (that of a plan).
class WinogradCost {
public:
  WinogradCost(const WinogradSizes &sizes, const MachineModel &machine, llvm::ArrayRef<int64_t> tile);

  /// One image of `height` x `width` results.
  double image(int64_t height, int64_t width) const;

private:
  double block(int64_t height, int64_t width) const;
  double columnBlock(const WinogradBlock &block, int64_t columns) const;
  double product(int64_t rows, int64_t columns, double bytesPerCycle) const;

  const WinogradSizes &s;
  const MachineModel &machine;
  llvm::ArrayRef<int64_t> tile;
  double filterBytesPerCycle, againBytesPerCycle, inputBytesPerCycle;
};

/// What can be chosen for a convolution of these sizes, before it is a region.
OwnedModel modelWinograd(const WinogradSizes &sizes, const MachineModel &machine);

/// The cycles of the best tile, as those of the busiest thread times threads.
double winogradCycles(const WinogradSizes &sizes, const MachineModel &machine);
/// The cycles of the same convolution by the family `convolution`.
double directCycles(const WinogradSizes &sizes, const MachineModel &machine);

} // namespace ingot

#endif
