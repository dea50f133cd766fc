// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_SHARES_PIECES_H
#define PASSES_KERNEL_SHARES_PIECES_H

#include "dialects/Ingot/Ingot.h"

namespace ingot {

/// On a region that all threads share: two numbers, `Pieces`.
inline constexpr llvm::StringLiteral kPiecesAttr = "ingot.pieces";

/// Of the name of a function that runs a kernel's share in pieces; the kernel's own name follows.
inline constexpr llvm::StringLiteral kPiecesPrefix = "pieces_of_";

/// In what pieces threads take over from others what these have not begun. Which thread computes a piece never changes its bits.
struct Pieces {
  /// 0: pieces are units. Else the share of a thread is cut across: a piece has all of its rows, and some of so many blocks of columns.
  int64_t blocks = 0;
  /// So many units (or blocks of columns) at a time or more; pieces begin at multiples of it.
  int64_t grain = 1;

  /// What the runtime can tell apart (model.h).
  static constexpr int64_t kMostSteps = (1 << 24) - 1, kMostRegions = (1 << 16) - 1;

  /// Of a region; none where its shares stay whole.
  static std::optional<Pieces> of(RegionOp region);
  void writeTo(RegionOp region) const;
};

} // namespace ingot

#endif
