// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_TILECOST_H
#define PASSES_PLAN_TILECOST_H

#include "passes/Plan/MachineModel.h"

namespace ingot {

/// Whether the accumulators of a tile and what a step reads (a row of the rhs, a broadcast) fit into the registers.
bool fitsRegisters(int64_t rows, int64_t panels, const MachineModel &machine);

/// A product of `rows` x `depth` by packed `depth` x `columns`, tiled in registers. Cycles of one core.
struct ProductCost {
  const MachineModel &machine;
  int64_t columns, depth, unroll;
  int64_t rowStrideBytes;    ///< between the lhs rows of a tile
  double prologueCycles = 0; ///< of the lhs, for one vector; 0: there is none

  bool fits(int64_t rows, int64_t panels) const;
  /// One tile of `rows` lhs rows that is `tileColumns` wide, its results stored.
  double tile(int64_t rows, int64_t tileColumns) const;
  /// All column blocks of `panels` panels (the last one may be narrower) for one block of `rows` rows.
  double rowBlock(int64_t rows, int64_t panels) const;
};

/// Steps of the reduction in one iteration of its loop. Full tiles have no overhead to hide; small ones keep a partial sum per step, as far as
/// registers go.
int64_t chooseUnroll(int64_t rows, int64_t panels, const MachineModel &machine);

/// `cycles` of work in `units` equal pieces on the machine's threads, as cycles per thread times threads: what imbalance adds.
double balanced(double cycles, int64_t units, const MachineModel &machine);

/// Below this many cycles a region is not worth waking the other threads for.
inline constexpr double kParallelCycles = 6000;

} // namespace ingot

#endif
