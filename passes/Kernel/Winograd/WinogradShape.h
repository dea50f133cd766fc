// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_WINOGRAD_WINOGRADSHAPE_H
#define PASSES_KERNEL_WINOGRAD_WINOGRADSHAPE_H

#include "passes/Kernel/ComputeShapes.h"

namespace ingot {

inline constexpr int64_t kLineElements = 16; ///< of a cache line

/// The tiles of one kind in a block: `rows` x `columns` tiles of `height` x `width` results each.
struct TileGroup {
  int64_t height, width;
  int64_t rows, columns;
  int64_t firstRow, firstColumn; ///< results, from the block's first
  int64_t first;                 ///< number of its first tile in the block

  int64_t count() const { return rows * columns; }
};

/// The points [beginRow, endRow) x [beginColumn, endColumn) of the transforms, at which the tiles [first, last) of a block have products.
struct PointRange {
  int64_t beginRow, endRow, beginColumn, endColumn;
  int64_t first, last;

  int64_t count() const { return (endRow - beginRow) * (endColumn - beginColumn); }
};

/// `height` x `width` neighbouring results, cut into tiles of `tile` x `tile` and what is left at the lower and the right edge. The tiles are
/// numbered such that those with a product at one point follow each other: lower edge, whole tiles, right edge, corner.
struct WinogradBlock {
  WinogradBlock(int64_t tile, int64_t height, int64_t width);

  int64_t tile, height, width;
  llvm::SmallVector<TileGroup, 4> groups;  ///< none is empty
  llvm::SmallVector<PointRange, 4> ranges; ///< cover all points

  int64_t tiles() const { return groups.back().first + groups.back().count(); }
};

/// The sizes of an `ingot.winograd_conv`. A plan's tile is [rows of tiles, tiles of a row, columns, rows]: the block of tiles whose transformed input
/// is kept, the output channels of a unit, and the most tiles that one register tile takes.
struct WinogradSizes {
  mlir::AffineExpr images, outHeight, outWidth;
  int64_t tile, inputs, outputs;

  int64_t points() const { return tile + 2; }
  /// Whether only a run tells the size of the image: a unit then has all output channels.
  bool isOpen() const { return !getConstant(outHeight) || !getConstant(outWidth); }
  int64_t panels() const { return countTiles(outputs, kPanel); }
  mlir::AffineExpr units(llvm::ArrayRef<int64_t> plan) const;

  /// Elements between the transformed inputs of two tiles, at one point.
  int64_t tileStride() const;
  /// Elements between two points of the transformed input of `tiles` tiles: an odd number of cache lines, so that the points of one tile lie in
  /// different sets of the cache.
  int64_t inputPointStride(int64_t tiles) const;
  /// The same of the products of `tiles` tiles with `columns` output channels.
  int64_t productPointStride(int64_t tiles, int64_t columns) const;
  /// What a thread keeps: the transformed input of a block, then the products of the tiles in registers.
  int64_t scratchBytes(llvm::ArrayRef<int64_t> plan) const;
  /// The transformed input of the largest block, in elements.
  int64_t inputElements(llvm::ArrayRef<int64_t> plan) const;
};

/// A region around an `ingot.winograd_conv`.
struct WinogradShape : WinogradSizes {
  WinogradConvOp op;

  static std::optional<WinogradShape> match(RegionOp region, std::string &why);
};

/// Into how many register tiles the tiles of a block are divided, as evenly as can be, and where number `i` begins.
inline int64_t countPieces(int64_t tiles, int64_t rows) { return countTiles(tiles, rows); }
inline int64_t pieceBegin(int64_t tiles, int64_t pieces, int64_t i) { return tiles * i / pieces; }

} // namespace ingot

#endif
