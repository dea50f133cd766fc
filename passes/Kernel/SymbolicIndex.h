// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_SYMBOLICINDEX_H
#define PASSES_KERNEL_SYMBOLICINDEX_H

#include "dialects/Ingot/Shapes.h"
#include "dialects/Ingot/SymbolicDims.h"
#include "passes/Kernel/Families.h"

namespace ingot {

/// What a symbol is taken to be where only its order of magnitude counts.
inline constexpr int64_t kTypicalSize = 64;

/// How many tiles cover `extent`.
inline mlir::AffineExpr countTiles(mlir::AffineExpr extent, int64_t tile) { return simplifyDim(extent.ceilDiv(tile)); }

/// Strides of a row-major tensor of these dims.
Dims contiguousStrides(llvm::ArrayRef<mlir::AffineExpr> dims);

/// A typical value, for choices that need a number: every symbol counts as 64.
int64_t estimateDim(mlir::AffineExpr dim, int64_t symbol = kTypicalSize);

/// Index arithmetic with sizes and strides that may depend on the model's symbols. Constants fold, so that static shapes give the code that they
/// would give with numbers.
class SymbolicIndex {
public:
  SymbolicIndex(mlir::ImplicitLocOpBuilder &b, mlir::ValueRange symbols) : b(b), symbols(symbols) {}
  SymbolicIndex(mlir::ImplicitLocOpBuilder &b, const KernelContext &context) : SymbolicIndex(b, context.symbols) {}

  /// The value of `dim`, at the insertion point.
  mlir::Value of(mlir::AffineExpr dim);
  /// `x * factor`.
  mlir::Value scale(mlir::Value x, mlir::AffineExpr factor);
  /// `x + delta`.
  mlir::Value offset(mlir::Value x, mlir::AffineExpr delta);
  /// The digits of `flat` in the mixed radix `sizes`, outermost first.
  llvm::SmallVector<mlir::Value> decode(mlir::Value flat, llvm::ArrayRef<mlir::AffineExpr> sizes);

private:
  mlir::ImplicitLocOpBuilder &b;
  mlir::ValueRange symbols;
};

/// The share [from, to) of `count` equal pieces of work that falls to the call's units: any number of units divides any number of pieces.
std::pair<mlir::Value, mlir::Value> shareOf(mlir::ImplicitLocOpBuilder &b, KernelContext &context, mlir::AffineExpr count);

} // namespace ingot

#endif
