// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_PRODUCT_FIRSTBLOCKFETCH_H
#define PASSES_KERNEL_PRODUCT_FIRSTBLOCKFETCH_H

#include "passes/Kernel/Product/TileWalk.h"

namespace ingot {

/// On a product, set by `ingot-fetch-weights`: four numbers. Each thread fetches, while it computes its last tiles, the block of weights that it
/// begins the next product with: of the input of that number, which the body does not read; so many elements; one of so many blocks of columns, with
/// as many rows as the last number says in bands of rows, which all begin with block 0 (TileOrder).
inline constexpr llvm::StringLiteral kFirstBlockAttr = "ingot.first_block";

/// What the attribute says.
struct FirstBlock {
  int64_t input, elements, blocks, leastBandRows;

  static std::optional<FirstBlock> of(RegionOp region);
  /// Makes `weights`, a constant, an input of the region, and sets the attribute; `input` is not read.
  void give(RegionOp region, mlir::Value weights) const;
};

/// The fetching of one call of a kernel.
class FirstBlockFetch {
public:
  /// Null where the region fetches nothing. [begin, end): the call's share of the tiles, in `order`; `rows`: of the product; an iteration takes
  /// `steps` of a depth of `depth`.
  static std::optional<FirstBlockFetch> of(mlir::ImplicitLocOpBuilder &b, KernelContext &context, SymbolicIndex &index, const TileOrder &order,
                                           mlir::Value begin, mlir::Value end, mlir::AffineExpr rows, int64_t depth, int64_t steps);

  /// What one tile fetches: a line for each iteration. Tiles that come too early fetch the block's first line again and again.
  struct Part {
    mlir::Value begin, step; ///< elements
  };
  /// The share's last tiles have the parts of the block.
  Part partOf(mlir::ImplicitLocOpBuilder &b, mlir::Value row, mlir::Value column) const;
  /// For the iteration from `position` on.
  void emit(mlir::ImplicitLocOpBuilder &b, const Part &part, mlir::Value position) const;

private:
  TileOrder order;
  mlir::Value buffer, first; ///< flat weights, and the block's first element
  mlir::Value end, lastRow, rowsOfColumn, lastColumn;
  mlir::Value rowBlocks;
  int64_t perLine, perTile, steps, tiles; ///< elements, elements, of the depth, that have parts
};

} // namespace ingot

#endif
