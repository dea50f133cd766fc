// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_MODELSYMBOLS_H
#define PASSES_PLAN_MODELSYMBOLS_H

#include "dialects/Ingot/SymbolicDims.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ingot {

/// What the attributes of a model's function say of its symbolic dims: `ingot.symbols` (their names), `ingot.ranges` (least and largest value of
/// each) and `ingot.relations` (pairs of expressions that have to be equal, and the operation that needs it).
struct ModelSymbols {
  llvm::SmallVector<SymbolRange> ranges;
  llvm::SmallVector<std::pair<mlir::AffineExpr, mlir::AffineExpr>> relations;

  static ModelSymbols of(mlir::func::FuncOp model);

  /// The sizes of the model's results that are neither numbers nor symbols, each once. A run computes them behind the symbols' values.
  static llvm::SmallVector<mlir::AffineExpr> derivedDims(mlir::func::FuncOp model);

  bool empty() const { return ranges.empty(); }
  /// The largest value that `dim` can have.
  int64_t upperBound(mlir::AffineExpr dim) const { return rangeOf(dim, ranges).maximum; }
};

} // namespace ingot

#endif
