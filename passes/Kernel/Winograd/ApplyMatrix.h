// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_WINOGRAD_APPLYMATRIX_H
#define PASSES_KERNEL_WINOGRAD_APPLYMATRIX_H

#include "dialects/Ingot/Winograd.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ingot {

/// `matrix` times the column `x` of vectors of f32, written out without the zeros and ones. What the rows of opposite points, and the columns of
/// opposite points, have in common is computed once.
llvm::SmallVector<mlir::Value> applyMatrix(mlir::ImplicitLocOpBuilder &b, const SmallMatrix &matrix, llvm::ArrayRef<mlir::Value> x);

} // namespace ingot

#endif
