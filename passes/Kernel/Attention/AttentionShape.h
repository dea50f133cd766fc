// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_ATTENTION_ATTENTIONSHAPE_H
#define PASSES_KERNEL_ATTENTION_ATTENTIONSHAPE_H

#include "passes/Kernel/ComputeShapes.h"

namespace ingot {

/// What the plan and the kernel stage both derive from an attention region.
struct AttentionShape {
  AttentionOp op;
  mlir::AffineExpr batch, heads, keyHeads, rows, keys; ///< `rows`: queries of one head
  int64_t depth, columns;                              ///< of the products of the scores and of the values
  std::optional<int64_t> causal;                       ///< row `i` sees the keys up to `i + causal`

  /// Fails with a reason in `why`.
  static std::optional<AttentionShape> match(RegionOp region, std::string &why);
};

/// How many keys a row of the attention sees, on average over its rows.
double visibleKeys(AttentionOp op, double rows, double keys);

/// The tile of an attention: `[rows, keys, columns, block keys, unit rows]`.
struct AttentionTile {
  int64_t rows, keys, columns; ///< register tiles: rows x keys of scores, rows x columns of results
  int64_t blockKeys; ///< keys that are packed at a time, in multiples of a panel; with more of them results are corrected from block to block
  int64_t unitRows;  ///< queries of one head that packed keys are used for at most, in multiples of `rows`

  /// Null when the numbers are no tile.
  static std::optional<AttentionTile> of(llvm::ArrayRef<int64_t> tile);
  llvm::SmallVector<int64_t> asArray() const { return {rows, keys, columns, blockKeys, unitRows}; }

  /// Whether one block holds all keys.
  bool isSingle(const AttentionShape &shape) const { return getConstant(shape.keys).value_or(blockKeys + 1) <= blockKeys; }
  /// The tiles of all heads: a thread's share begins and ends anywhere among them.
  mlir::AffineExpr units(const AttentionShape &shape) const;
};

/// Where a thread's memory for an attention lies, in elements of f32.
struct AttentionScratch {
  AttentionScratch(const AttentionShape &shape, const AttentionTile &tile);

  int64_t depth, blockKeys, scoreStride, resultStride;
  int64_t keys;                ///< [panel][depth][16]
  int64_t values;              ///< [panel][key of the block][16]
  int64_t scores;              ///< [row of a tile][scoreStride]
  int64_t results, tops, sums; ///< of the unit's rows so far: with several blocks only
  int64_t size;

  int64_t bytes() const { return size * static_cast<int64_t>(sizeof(float)); }
};

} // namespace ingot

#endif
