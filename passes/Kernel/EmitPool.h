// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_EMITPOOL_H
#define PASSES_KERNEL_EMITPOOL_H

#include "passes/Kernel/SymbolicIndex.h"

namespace ingot {

/// One spatial dim of a pool.
struct PoolDim {
  mlir::AffineExpr in, out;
  int64_t kernel = 1, stride = 1, pad = 0, dilation = 1;
  int64_t countBegin = 0, countEnd = 0; ///< what counts for `count_include_pad`

  int64_t reach() const { return (kernel - 1) * dilation + 1; }
};

/// A channels-last maximum or average over one (then `height` is trivial) or two spatial dims.
struct PoolShape {
  PoolOp op;
  bool twoSpatialDims;
  mlir::AffineExpr images;
  int64_t channels;
  PoolDim height, width;

  /// Output rows: what can be shared out.
  mlir::AffineExpr pieces() const { return simplifyDim(images * height.out); }

  /// Why the family does not cover the region is in `why`.
  static std::optional<PoolShape> match(RegionOp region, std::string &why);
};

} // namespace ingot

#endif
