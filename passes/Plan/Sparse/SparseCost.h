// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_SPARSE_SPARSECOST_H
#define PASSES_PLAN_SPARSE_SPARSECOST_H

#include "passes/Plan/MachineModel.h"

namespace ingot {

/// A product of `rows` by packed weights, of whose panels * steps blocks `blocks` are not zero. A step is a group of rows of the weights.
struct SparseSizes {
  int64_t rows, panels, steps, blocks;
  int64_t modelBytes = 0; ///< of all weights that a run reads: so much must fit into a cache for these to be there
};

/// Cycles of one core for the product by the family `sparse`, with units of `unitRows` rows and register tiles of `tileRows`.
double sparseCycles(const SparseSizes &sizes, int64_t unitRows, int64_t tileRows, const MachineModel &machine);

/// The same with the tile that suits it best.
double sparseCycles(const SparseSizes &sizes, const MachineModel &machine);

/// Cycles of one core for the product when its weights are stored and multiplied with all their zeros.
double denseCycles(const SparseSizes &sizes, const MachineModel &machine);

/// Cycles of one core for the product when two of every four weights of a column are stored (`blocks` does not count), with `tileRows` rows at once.
double pairCycles(const SparseSizes &sizes, int64_t tileRows, const MachineModel &machine);

/// The most rows whose sums, and what is chosen for them, stay in registers.
int64_t mostPairRows(const MachineModel &machine);

/// Partial sums of each row of a register tile, so that a multiply-add need not wait for the one before.
int64_t sparseChains(int64_t tileRows);

/// The most rows of a register tile: sums, a block, and two vectors that are being computed.
int64_t mostSparseRows(const MachineModel &machine);

/// As many rows as the second cache keeps beside other things, in register tiles of `tileRows`, and such that all `rows` are units of about the same
/// size.
int64_t rowsOfSparseUnit(int64_t rows, int64_t steps, int64_t tileRows, const MachineModel &machine);

} // namespace ingot

#endif
