// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_ATTENTION_PACKHEADS_H
#define PASSES_KERNEL_ATTENTION_PACKHEADS_H

#include "passes/Kernel/RegisterTile.h"

namespace ingot {

/// Rows of one head in a tensor [B, N, G, D]: row `i` starts at `base + i * stride`, and its elements are neighbours.
struct HeadRows {
  mlir::Value memref, base;
  mlir::AffineExpr stride;
  mlir::AffineExpr number; ///< of rows that there are
  int64_t width;           ///< elements of one
};

/// Rows [first, first + count) times `scale` as the right side of the scores: `to[at + (p * width + d) * 16 + i]` is element `d` of row `16 p + i`.
/// Lanes for rows that do not exist hold those of the last one.
void packKeys(mlir::ImplicitLocOpBuilder &b, SymbolicIndex &index, const HeadRows &rows, mlir::Value first, mlir::Value count, double scale,
              mlir::Value to, int64_t at);

/// Rows [first, first + count) as the right side of the results: `to[at + (p * room + k) * 16 + i]` is element `16 p + i` of row `k`, 0 behind its
/// end; and zeros for rows up to a multiple of `steps`.
void packValues(mlir::ImplicitLocOpBuilder &b, SymbolicIndex &index, const HeadRows &rows, mlir::Value first, mlir::Value count, int64_t steps,
                int64_t room, mlir::Value to, int64_t at);

} // namespace ingot

#endif
