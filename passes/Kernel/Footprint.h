// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_FOOTPRINT_H
#define PASSES_KERNEL_FOOTPRINT_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/SmallVector.h"

namespace ingot {

/// On the offset of a place in the arena that depends on symbols: the first and the last step in which the place is in use. Places in use at one step
/// do not overlap.
inline constexpr llvm::StringLiteral kAliveAttr = "ingot.alive";
/// On a region that fills a border of a padded buffer whose place depends on symbols: it touches nothing that the regions write inside.
inline constexpr llvm::StringLiteral kBorderAttr = "ingot.border";

/// On a region of one thread: [group, lane]. Regions of one group and different lanes have nothing to do with each other, lie apart in memory, and
/// different threads run them at the same time. Without it, thread 0 runs the region.
inline constexpr llvm::StringLiteral kBesideAttr = "ingot.beside";

/// The bytes that a planned buffer covers in the argument (input, output, arena or weights) that it is a view of.
struct Footprint {
  mlir::Value base;
  bool isKnown = true;                       ///< false: its place depends on symbols, and it may lie anywhere in `base`
  mlir::Value place;                         ///< then, in the arena: its offset, if that has `kAliveAttr`
  int64_t begin = 0, end = 0;                ///< of the bytes in between, only those in the box are touched
  llvm::SmallVector<int64_t> sizes, strides; ///< strides in bytes

  /// Looks through memref.view and memref.reinterpret_cast.
  static Footprint of(mlir::Value buffer);
};

/// Whether two buffers may share bytes. Boxes with the same strides are told apart dim by dim: the border of a padded tensor and its inside, the
/// parts of a concat.
bool mayOverlap(const Footprint &a, const Footprint &b);

} // namespace ingot

#endif
