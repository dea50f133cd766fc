// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_PRODUCT_TILEWALK_H
#define PASSES_KERNEL_PRODUCT_TILEWALK_H

#include "passes/Kernel/BodyLoops.h"
#include "passes/Kernel/SymbolicIndex.h"

namespace ingot {

/// The part of a tile's dim that one piece of code computes.
struct TilePiece {
  int64_t size;
  mlir::Value offset = {}; ///< where it starts in the tile; null: at its start
  mlir::Value active = {}; ///< how many of its last panel's columns there are, where only a run tells
  int64_t whole = 0;       ///< a part of columns: the size of what it is a part of, which says in which order its sums are added up; else 0

  /// Where the piece starts in its dim, if it belongs to tile `position`.
  mlir::Value start(mlir::ImplicitLocOpBuilder &b, mlir::Value position, int64_t tile) const;
};

/// Emits `body` for tile `position` of those that cover `extent`: one piece of code for all, or, when the last tile is smaller, one for it and one
/// for the others. The last tile of an extent that only a run tells is divided into pieces of 2^n, so that nothing is computed twice and nothing
/// outside.
void emitByTile(mlir::ImplicitLocOpBuilder &b, SymbolicIndex &index, mlir::Value position, mlir::AffineExpr extent, int64_t tile,
                llvm::function_ref<void(const TilePiece &piece)> body);

/// The same, but tiles that cover an extent that only a run tells are even where that can be: `tile` rows, and behind these `tile - 1` (17 are 5, 4,
/// 4 and 4 rather than 5, 5, 5 and 2). Too few rows for that are divided as above. Pieces may begin in front of their tile.
void emitEvenly(mlir::ImplicitLocOpBuilder &b, SymbolicIndex &index, mlir::Value position, mlir::AffineExpr extent, int64_t tile,
                llvm::function_ref<void(const TilePiece &piece)> body);

/// The same for columns, which packed panels hold: for the last tile of an unknown number of them there is code for each number of panels.
void emitByPanels(mlir::ImplicitLocOpBuilder &b, SymbolicIndex &index, mlir::Value position, mlir::AffineExpr columns, int64_t tile,
                  llvm::function_ref<void(const TilePiece &piece)> body);

/// The same for part `number` of the columns of tile `position`: a panel, or nothing, as the last tile of `columns` has fewer panels than parts.
void emitPart(mlir::ImplicitLocOpBuilder &b, SymbolicIndex &index, mlir::Value position, mlir::Value number, mlir::AffineExpr columns, int64_t tile,
              llvm::function_ref<void(const TilePiece &piece)> body);

/// The loop over the call's share of units, each `tileRows` rows by `tileColumns` columns, column blocks fastest: `startRows` is called for the code
/// that runs where a share or another block of rows begins, and `unit` for that of each unit.
void walkUnits(mlir::ImplicitLocOpBuilder &b, KernelContext &context, SymbolicIndex &index, mlir::AffineExpr rows, int64_t tileRows, int64_t columns,
               int64_t tileColumns, llvm::function_ref<void(mlir::Value rowBlock, const TilePiece &ownRows)> startRows,
               llvm::function_ref<void(mlir::Value rowBlock, const TilePiece &ownRows, mlir::Value columnBlock, const TilePiece &ownColumns)> unit);

/// The register tiles of `tile` rows that `rows` rows of a unit are, by their first row; the last one may be smaller.
void forRegisterTiles(mlir::ImplicitLocOpBuilder &b, int64_t rows, int64_t tile, llvm::function_ref<void(mlir::Value row, int64_t rows)> body);

/// The panels of a piece of columns, by their numbers; the last one may have fewer columns.
void forPanels(mlir::ImplicitLocOpBuilder &b, mlir::Value columnBlock, int64_t tileColumns, const TilePiece &ownColumns,
               llvm::function_ref<void(mlir::Value panel, int64_t columns)> body);

/// How the units of `rows` x `columns` tiles are numbered. A thread's share is a range of numbers.
struct TileOrder {
  mlir::AffineExpr rows, columns;
  /// A share is a band of rows: a thread finds in its own cache what it has written in the region before. Else it is a block of columns, which reads
  /// only its own part of the weights.
  bool inBands;
  /// The same, where only a run knows which is cheaper: an i1. `inBands` is the answer for typical sizes then.
  mlir::Value inBandsNow = {};

  /// The cheaper one of the two, for so many elements of rows (read and written) and of weights: in bands each thread reads all weights, in columns
  /// it reads all rows, and those another core has just written take about eight times as long as weights from a shared cache.
  static TileOrder choose(mlir::AffineExpr rows, mlir::AffineExpr columns, double rowElements, double weightElements) {
    return {rows, columns, isInBands(rowElements, weightElements)};
  }
  static bool isInBands(double rowElements, double weightElements) { return kRowPrice * rowElements >= weightElements; }
  static constexpr int64_t kRowPrice = 4;

  /// Leaves the choice to the run if only it knows how many elements of rows, or of weights, there are.
  void chooseAtRun(mlir::ImplicitLocOpBuilder &b, SymbolicIndex &index, mlir::AffineExpr rowElements, mlir::AffineExpr weightElements);
  /// `ofBands` if the tiles are numbered in bands, else `ofBlocks`.
  mlir::Value pick(mlir::ImplicitLocOpBuilder &b, llvm::function_ref<mlir::Value()> ofBands, llvm::function_ref<mlir::Value()> ofBlocks) const;
  /// The tile that a number stands for: its row and its column.
  std::pair<mlir::Value, mlir::Value> locate(mlir::ImplicitLocOpBuilder &b, SymbolicIndex &index, mlir::Value number) const;
};

/// Of the share [begin, end), the part that is as large as the call's blocks of columns are of all: for kernels whose units are not bands of rows.
std::pair<mlir::Value, mlir::Value> partOfShare(mlir::ImplicitLocOpBuilder &b, KernelContext &context, mlir::Value begin, mlir::Value end);

/// Calls `tile` once, in loops over the share [begin, end): columns outermost, so that a block of the weights is read once for all rows of the share.
/// Where a tile is `parts` units, `part` is called once, too, in a loop over the parts of the tiles that the share has not all of: two at most.
/// Where the call has some blocks of columns of the share only, all rows of these are computed; the first piece has the parts.
void walkTiles(mlir::ImplicitLocOpBuilder &b, KernelContext &context, SymbolicIndex &index, const TileOrder &order, int64_t parts, mlir::Value begin,
               mlir::Value end, llvm::function_ref<void(mlir::Value row, mlir::Value column)> tile,
               llvm::function_ref<void(mlir::Value row, mlir::Value column, mlir::Value number)> part);

} // namespace ingot

#endif
