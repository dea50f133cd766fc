// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef DIALECTS_INGOT_MODELSYMBOLS_H
#define DIALECTS_INGOT_MODELSYMBOLS_H

#include "dialects/Ingot/SymbolicDims.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ingot {

/// What the attributes of a model's function say of its symbolic dims: `ingot.symbols` (their names), `ingot.ranges` (least and largest value of
/// each), `ingot.bounds` (the most that each can be, as a function of those before it: itself for one that inputs have; absent when all are such) and
/// `ingot.relations` (pairs of expressions that have to be equal, and the operation that needs it).
struct ModelSymbols {
  llvm::SmallVector<SymbolRange> ranges;
  llvm::SmallVector<mlir::AffineExpr> bounds;
  llvm::SmallVector<std::pair<mlir::AffineExpr, mlir::AffineExpr>> relations;

  static ModelSymbols of(mlir::func::FuncOp model);

  /// The sizes of the model's results that are neither numbers nor symbols, each once. A run computes them behind the symbols' values.
  static llvm::SmallVector<mlir::AffineExpr> derivedDims(mlir::func::FuncOp model);

  bool empty() const { return ranges.empty(); }
  /// Whether the symbol is known before a run; the others get their values from data (`ingot.bind_dim`, control flow).
  bool isInput(size_t symbol) const;
  bool hasInputs() const;
  /// Whether callers of the model see symbols: inputs have some, or the sizes of results depend on them.
  static bool areSeen(mlir::func::FuncOp model);
  /// What `dim` is at most, as a function of the symbols that are known before a run.
  mlir::AffineExpr bound(mlir::AffineExpr dim) const;
  /// The largest value that `dim` can have.
  int64_t upperBound(mlir::AffineExpr dim) const { return rangeOf(dim, ranges).maximum; }
};

} // namespace ingot

#endif
