// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_REGISTERTRANSPOSE_H
#define PASSES_KERNEL_REGISTERTRANSPOSE_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ingot {

/// The transpose of up to `lanes` vectors of `lanes` elements: result `j` holds element `j` of each row, rows that are not given are undefined.
/// `lanes` is a power of two. Takes log2(lanes) two-input shuffles per vector.
llvm::SmallVector<mlir::Value> transposeRegisters(mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<mlir::Value> rows, int64_t lanes);

/// Result vector `k` holds at lane `i` the element that `from(k, i)` names: (row, lane), or a row of -1 for an undefined one. For few rows.
llvm::SmallVector<mlir::Value> permuteRegisters(mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<mlir::Value> rows, int64_t results, int64_t lanes,
                                                llvm::function_ref<std::pair<int64_t, int64_t>(int64_t, int64_t)> from);

} // namespace ingot

#endif
