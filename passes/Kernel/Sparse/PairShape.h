// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_SPARSE_PAIRSHAPE_H
#define PASSES_KERNEL_SPARSE_PAIRSHAPE_H

#include "passes/Kernel/ComputeShapes.h"

namespace ingot {

/// The sizes of an `ingot.pair_matmul`. A plan's tile is [rows, columns] of a unit: rows whose sums stay in registers, and panels one after the
/// other.
struct PairShape {
  PairMatMulOp op;
  Dims rowDims;
  mlir::AffineExpr rows;
  int64_t columns, depth;

  int64_t panels() const { return countTiles(columns, kPanel); }
  /// Words of a panel, each for 32 rows of a column.
  int64_t chunks() const { return depth / kPairRows; }
  mlir::AffineExpr units(llvm::ArrayRef<int64_t> tile) const {
    return simplifyDim(countTiles(rows, tile[0]) * countTiles(panels(), tile[1] / kPanel));
  }

  /// Fails with a reason in `why` where the family `pairs` does not cover the region.
  static std::optional<PairShape> match(RegionOp region, std::string &why);
};

} // namespace ingot

#endif
