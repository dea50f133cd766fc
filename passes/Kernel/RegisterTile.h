// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_REGISTERTILE_H
#define PASSES_KERNEL_REGISTERTILE_H

#include "passes/Kernel/BodyEmitter.h"
#include "passes/Kernel/BodyLoops.h"
#include "passes/Kernel/ComputeShapes.h"

namespace ingot {

//===-- What the compute families share ----------------------------------------------------------------------------------------------------===//

/// A buffer as one long row from its first element on, because a hot loop wants one base and constant offsets; `strides` are those of its dims.
struct FlatBuffer {
  FlatBuffer(mlir::ImplicitLocOpBuilder &b, mlir::Value buffer);

  mlir::Value memref;
  llvm::SmallVector<int64_t> strides;
};

/// Emits `body(last)` for tile `position` of `count`: one piece of code for all, or, when the last tile is smaller, one for it and one for the
/// others.
void emitByTile(mlir::ImplicitLocOpBuilder &b, mlir::Value position, int64_t count, bool lastDiffers, llvm::function_ref<void(bool last)> body);

/// `for i in [0, count)` around code that carries `values` along; no loop for a count of 1.
llvm::SmallVector<mlir::Value> emitCarrying(mlir::ImplicitLocOpBuilder &b, int64_t count, llvm::SmallVector<mlir::Value> values,
                                            llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value i, mlir::ValueRange values)> body);

//===-- The register tile --------------------------------------------------------------------------------------------------------------------===//

/// Accumulators of `rows` x `panels` vectors that stay in registers while a reduction runs. A tile with too few accumulators to hide the latency of a
/// fused multiply-add keeps several partial sums of each (`chains`), which `finish` adds up.
class RegisterTile {
public:
  /// `columns`: of the whole tile, so that the last panel's vector is no wider than needed. `unroll` of the plan bounds the chains.
  RegisterTile(mlir::ImplicitLocOpBuilder &b, int64_t rows, int64_t columns, int64_t unroll);

  llvm::SmallVector<mlir::Value> start();

  /// sums[r, j] += lhs(r, k) * rhs[rhsBase + j * panelStride + 16 * k ...] for all k in [0, depth). `prefetch` is called for each iteration's first
  /// `k`.
  llvm::SmallVector<mlir::Value> reduce(llvm::SmallVector<mlir::Value> sums, int64_t depth, mlir::Value rhs, mlir::Value rhsBase, int64_t panelStride,
                                        llvm::function_ref<mlir::Value(int64_t row, mlir::Value k)> lhs,
                                        llvm::function_ref<void(mlir::Value k, int64_t steps)> prefetch = {});

  /// One vector per row and panel, row by row.
  llvm::SmallVector<mlir::Value> finish(llvm::SmallVector<mlir::Value> sums);

  /// Fetches the cache lines that `store` will write while the reduction runs.
  void prefetch(KernelContext &context, llvm::ArrayRef<llvm::SmallVector<mlir::Value>> rowIndices, mlir::Value column);

  /// Computes the region's results from `sums` at `rowIndices[r]` (all coordinates but the last) and `column`, and stores them.
  void store(KernelContext &context, mlir::Value anchorResult, llvm::ArrayRef<mlir::Value> sums,
             llvm::ArrayRef<llvm::SmallVector<mlir::Value>> rowIndices, mlir::Value column);

  int64_t getRows() const { return rows; }

private:
  mlir::VectorType vectorOf(int64_t panel) const;
  llvm::SmallVector<mlir::Value> step(mlir::ValueRange sums, int64_t chain, mlir::Value k, mlir::Value rhs, mlir::Value rhsBase, int64_t panelStride,
                                      llvm::function_ref<mlir::Value(int64_t row, mlir::Value k)> lhs);

  mlir::ImplicitLocOpBuilder &b;
  int64_t rows, columns, panels, unroll, chains;
};

//===-- Rows times panels --------------------------------------------------------------------------------------------------------------------===//

/// A matrix product whose left rows may lie anywhere: `row coordinates . rowStrides` is where a row starts. Contractions, 1x1 convolutions and GEMV
/// are this.
struct RowsTimesPanels {
  llvm::SmallVector<int64_t> batchDims, batchStrides; ///< outer dims that the rhs has too; strides in the lhs
  llvm::SmallVector<int64_t> rhsBatchStrides;
  llvm::SmallVector<int64_t> rowDims, rowStrides; ///< strides are unused when `lhs` is computed by the body
  int64_t columns, depth, depthStride;
  mlir::Value lhsBuffer; ///< flat; null: the body computes the lhs (a prologue), for the rows of one tile at a time
  mlir::Value lhsValue;  ///< the anchor's left operand
  mlir::Value rhsBuffer; ///< flat
  mlir::Value anchorResult;
  int64_t tileRows, tileColumns, unroll;
};

void emitRowsTimesPanels(mlir::ImplicitLocOpBuilder &b, KernelContext &context, const RowsTimesPanels &product);

} // namespace ingot

#endif
