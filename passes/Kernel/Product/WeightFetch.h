// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_PRODUCT_WEIGHTFETCH_H
#define PASSES_KERNEL_PRODUCT_WEIGHTFETCH_H

#include "passes/Kernel/SymbolicIndex.h"

namespace ingot {

inline constexpr int64_t kCacheLine = 64; ///< bytes

/// On a region, set by `ingot-schedule-loads`: how its kernel fetches packed weights before it multiplies by them. Without it nothing is fetched.
inline constexpr llvm::StringLiteral kLoadsAttr = "ingot.loads";
/// Beside it, where the pass was asked to keep them: a list of other ways, for whoever measures.
inline constexpr llvm::StringLiteral kOtherLoadsAttr = "ingot.other_loads";

/// Into the nearest cache, from where lines move to the second one: what asks for the second one only (PREFETCHT1) is dropped by Zen 4 in most
/// processes, all of the run or never.
inline constexpr unsigned kSurely = 3;

/// What that attribute says: two numbers.
struct LoadSchedule {
  int64_t tiles = 0; ///< the next block of columns is fetched, into the second cache, while the first `tiles` tiles of this block are computed; of
                     ///< Winograd's convolutions the next block of pixels, while the last columns of this one are
  int64_t ahead = 0; ///< each panel is fetched so many steps of the reduction before it is used: few into the nearest cache, many into the second

  static LoadSchedule of(RegionOp region);
  static std::vector<LoadSchedule> othersOf(RegionOp region);
  /// The numbers as people write them, "TILES+AHEAD"; nothing for any other text.
  static std::optional<LoadSchedule> parse(llvm::StringRef text);

  std::string text() const { return std::to_string(tiles) + "+" + std::to_string(ahead); }
  void setOn(RegionOp region) const;
  bool isNone() const { return tiles == 0 && ahead == 0; }
  bool operator==(const LoadSchedule &other) const = default;

  /// The most steps that can be asked for.
  static constexpr int64_t kMostAhead = 4096;
};

/// The packed weights of one block of columns, as a kernel that walks through them fetches others.
struct WeightFetch {
  LoadSchedule schedule;
  mlir::Value weights, base; ///< a flat buffer, and where the block begins
  int64_t panels;            ///< of the block
  int64_t depth;             ///< of the block: steps, times the group of the product
  int64_t panelStride;       ///< elements
  mlir::Value tile;          ///< the number of the tile that is computed with the block, whose weights the next block follows; null: there is none

  mlir::Value isLast = {}; ///< i1, or null: the share ends with the block, and nothing new is fetched

  /// For the iteration that takes `steps` of the depth from `position` (of the block) on.
  void emit(mlir::ImplicitLocOpBuilder &b, mlir::Value position, int64_t steps) const;
};

} // namespace ingot

#endif
