// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef DIALECTS_INGOT_SYMBOLICDIMS_H
#define DIALECTS_INGOT_SYMBOLICDIMS_H

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ingot {

/// Sizes, strides and offsets of a model with symbolic dims are affine expressions over its symbols and their products (which upstream calls
/// semi-affine). Symbols are sizes: integers that are not negative.

/// The values a symbol may have at run time, both included.
struct SymbolRange {
  int64_t minimum = 0, maximum = 0;
};

/// The normal form: a sum of products, in which floor divisions by constants are as far out as they go. Two expressions that are equal as polynomials
/// become the same object.
mlir::AffineExpr simplifyDim(mlir::AffineExpr dim);

/// How many symbols `dim` needs: one more than the highest position in it.
unsigned countSymbols(mlir::AffineExpr dim);

/// `dim / divisor` where it divides for all values of the symbols; null where that is not known.
mlir::AffineExpr divideDim(mlir::AffineExpr dim, mlir::AffineExpr divisor);

/// The number of elements of a tensor of these dims.
mlir::AffineExpr productOf(llvm::ArrayRef<mlir::AffineExpr> dims, mlir::MLIRContext *context);

/// The value for these values of the symbols; what overflows becomes the largest (or smallest) number.
int64_t evaluateDim(mlir::AffineExpr dim, llvm::ArrayRef<int64_t> symbols);

/// A range that holds every value of `dim`; not always the tightest.
SymbolRange rangeOf(mlir::AffineExpr dim, llvm::ArrayRef<SymbolRange> symbols);

/// Emits `dim` as an index value.
mlir::Value materializeDim(mlir::ImplicitLocOpBuilder &b, mlir::AffineExpr dim, mlir::ValueRange symbols);

} // namespace ingot

#endif
