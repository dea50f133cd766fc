// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_MODELSYMBOLS_H
#define PASSES_PLAN_MODELSYMBOLS_H

#include "dialects/Ingot/SymbolicDims.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ingot {

/// The symbolic dims of a model, as its function's attributes list them: `ingot.symbols` (names) and `ingot.ranges` (minimum and maximum of each).
struct ModelSymbols {
  llvm::SmallVector<SymbolRange> ranges;

  static ModelSymbols of(mlir::func::FuncOp model);

  bool empty() const { return ranges.empty(); }
  /// The largest value that `dim` can have.
  int64_t upperBound(mlir::AffineExpr dim) const { return rangeOf(dim, ranges).maximum; }
};

} // namespace ingot

#endif
