// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_SPARSE_TRANSPOSEROWS_H
#define PASSES_KERNEL_SPARSE_TRANSPOSEROWS_H

#include "passes/Kernel/Sparse/SparseShape.h"

namespace ingot {

/// Writes rows of the left side into the thread's memory as a register tile reads them: a word of four bytes of each row, then the next words. What
/// is missing of the last group of a row is zero.
class TransposeRows {
public:
  /// `words` is flat, of f32 where these are multiplied and of i32 elsewhere.
  TransposeRows(mlir::ImplicitLocOpBuilder &b, const SparseShape &shape, mlir::Value lhs, mlir::Value words)
      : b(b), s(shape), lhs(lhs), words(words) {}

  /// Rows that begin at `from` in the flat buffer `lhs`, to `to` on in `words`.
  void emit(llvm::ArrayRef<mlir::Value> from, mlir::Value to);

private:
  /// Words [k, k + 16) of all rows.
  void emitBlock(llvm::ArrayRef<mlir::Value> from, mlir::Value to, mlir::Value k);
  void emitWord(llvm::ArrayRef<mlir::Value> from, mlir::Value to, mlir::Value k, int64_t present);

  mlir::ImplicitLocOpBuilder &b;
  const SparseShape &s;
  mlir::Value lhs, words;
};

} // namespace ingot

#endif
