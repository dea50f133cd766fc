// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_REGION_ALTERNATINGPANELS_H
#define PASSES_REGION_ALTERNATINGPANELS_H

#include "dialects/Ingot/Ingot.h"

namespace ingot {

/// Two products of one left side, computed as one whose right side holds a panel of the first, a panel of the second, and so on:
///
///   %c = ingot.packed_matmul %x, %w     [.., 2 N], N a multiple of 16
///   %r = ingot.reshape %c               [.., N / 16, 2, 16]
///   %a = ingot.slice %r                 [.., N / 16, 1, 16], the first of each two panels;   %first = ingot.reshape %a    [.., N]
///   %b = ingot.slice %r                 the second of them;                                  %second = ingot.reshape %b   [.., N]
///
/// A kernel that has both panels of a tile's columns in registers computes what elementwise operations make of the two, and stores that alone.
struct AlternatingPanels {
  ReshapeOp panels;      ///< %r
  SliceOp slices[2];     ///< %a, %b
  ReshapeOp products[2]; ///< %first, %second

  /// The operations above behind `product`; nothing where others read it.
  static std::optional<AlternatingPanels> behind(PackedMatMulOp product);
  /// Writes them behind `product`, whose columns must be a known multiple of 32.
  static AlternatingPanels make(mlir::OpBuilder &b, PackedMatMulOp product);

  /// In the order in which they stand.
  llvm::SmallVector<mlir::Operation *, 5> operations() { return {panels, slices[0], products[0], slices[1], products[1]}; }
};

} // namespace ingot

#endif
