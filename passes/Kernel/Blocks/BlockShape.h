// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_BLOCKS_BLOCKSHAPE_H
#define PASSES_KERNEL_BLOCKS_BLOCKSHAPE_H

#include "passes/Kernel/ComputeShapes.h"

namespace ingot {

/// Rows of a panel that lie side by side in a vector of `kChunkBytes` bytes.
inline constexpr int64_t kChunkRows = 8, kChunkBytes = 64;

/// Activations of a block smaller than this are taken for zeros: 1 / the largest one stays a number.
inline constexpr double kLeastActivation = 1e-29;

/// The sizes of an `ingot.block_matmul`: rows of `depth` activations times packed weights of 4 bits. A plan's tile is [rows, columns] of a unit, then
/// the rows of a register tile. A unit keeps its rows as integers in the thread's own memory.
struct BlockShape {
  BlockMatMulOp op;
  Dims rowDims;
  mlir::AffineExpr rows;
  int64_t columns, depth, block;
  int64_t bytes; ///< of an activation's integer
  bool hasPoints;

  int64_t panels() const { return countTiles(columns, kPanel); }
  int64_t blocks() const { return countTiles(depth, block); }
  mlir::AffineExpr units(llvm::ArrayRef<int64_t> tile) const {
    return simplifyDim(countTiles(rows, tile[0]) * countTiles(panels(), tile[1] / kPanel));
  }

  // A row of integers, offsets in bytes: for every 8 activations their lowest bytes, then the next higher ones; behind them, for each block, what
  // sums of each kind of byte begin with (i32), the step (f32) and the sum of its activations (f32).
  int64_t startsAt() const { return blocks() * block * bytes; }
  int64_t stepsAt() const { return startsAt() + blocks() * bytes * 4; }
  int64_t sumsAt() const { return stepsAt() + blocks() * 4; }
  /// From one row to the next: no multiple of 4 KiB, at which rows would fall into one set of the nearest cache.
  int64_t rowBytes() const {
    int64_t size = llvm::alignTo(sumsAt() + blocks() * 4, 64);
    return size % 4096 == 0 ? size + 64 : size;
  }

  /// Fails with a reason in `why` where the family `blocks` does not cover the region.
  static std::optional<BlockShape> match(RegionOp region, std::string &why);
};

} // namespace ingot

#endif
