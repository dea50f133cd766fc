// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_PRODUCT_GUESTFETCH_H
#define PASSES_KERNEL_PRODUCT_GUESTFETCH_H

#include "passes/Kernel/RegisterTile.h"

namespace ingot {

/// On a region, set by `ingot-fetch-weights`: three numbers. While its product is computed, weights of a later region come from memory: those of the
/// input of that number, which the body does not read, from an element on, so many elements.
inline constexpr llvm::StringLiteral kFetchesAttr = "ingot.fetches";

/// A product of fewer steps is over before anything has come.
inline constexpr int64_t kLeastHostDepth = 32;

/// Whether the kernel of the region's family and shape obeys the attribute: products of rows with panels, of known sizes.
bool canHostFetches(RegionOp region);

/// What a kernel fetches for a later one, divided evenly among its tiles: a share of the tiles fetches the same share of the weights, which is what
/// the same thread will read.
class GuestFetch {
public:
  /// Makes `weights`, a constant, an input of the region, and sets the attribute.
  static void give(RegionOp region, mlir::Value weights, int64_t first, int64_t count);

  /// Null where the region fetches nothing. `tiles`: how many there are.
  static std::optional<GuestFetch> of(mlir::ImplicitLocOpBuilder &b, KernelContext &context, int64_t tiles);

  /// For the iteration of tile `tile` that takes `steps` of a depth of `depth` from `position` on.
  void emit(mlir::ImplicitLocOpBuilder &b, mlir::Value tile, mlir::Value position, int64_t steps, int64_t depth) const;

private:
  mlir::Value buffer; ///< flat
  int64_t first;      ///< element
  int64_t perTile;    ///< elements
  int64_t perLine;    ///< elements
};

} // namespace ingot

#endif
