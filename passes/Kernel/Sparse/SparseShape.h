// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_SPARSE_SPARSESHAPE_H
#define PASSES_KERNEL_SPARSE_SPARSESHAPE_H

#include "passes/Kernel/ComputeShapes.h"

namespace ingot {

/// The sizes of an `ingot.sparse_matmul`. A plan's tile is [rows, columns] of a unit, then the rows of a register tile, which has one panel; `unroll`
/// is the number of partial sums of each row. A unit keeps its rows in the thread's own memory, transposed: a word of four bytes (a group of the
/// product's step) of each row of a register tile, then the next words. So a block reads one place, and what no block asks for is not read.
struct SparseShape {
  SparseMatMulOp op;
  Dims rowDims;
  mlir::AffineExpr rows;
  int64_t columns, depth, blocks; ///< `blocks`: that are not zero
  ProductStep step;

  int64_t panels() const { return countTiles(columns, kPanel); }
  int64_t steps() const { return countTiles(depth, step.getGroup()); }
  int64_t rowBytes() const { return steps() * 4; }
  mlir::AffineExpr units(llvm::ArrayRef<int64_t> tile) const {
    return simplifyDim(countTiles(rows, tile[0]) * countTiles(panels(), tile[1] / kPanel));
  }

  /// Fails with a reason in `why` where the family `sparse` does not cover the region.
  static std::optional<SparseShape> match(RegionOp region, std::string &why);
};

} // namespace ingot

#endif
