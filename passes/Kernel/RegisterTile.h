// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_REGISTERTILE_H
#define PASSES_KERNEL_REGISTERTILE_H

#include "passes/Kernel/BodyEmitter.h"
#include "passes/Kernel/BodyLoops.h"
#include "passes/Kernel/ComputeShapes.h"
#include "passes/Kernel/Product/ProductStep.h"
#include "passes/Kernel/Product/TileWalk.h"

namespace ingot {

//===-- What the compute families share ----------------------------------------------------------------------------------------------------===//

/// The buffer of a body's argument as one long row from its first element on, because a hot loop wants one base and constant offsets; `strides` are
/// those of its dims.
struct FlatBuffer {
  FlatBuffer(mlir::ImplicitLocOpBuilder &b, KernelContext &context, mlir::Value argument);

  mlir::Value memref;
  llvm::SmallVector<mlir::AffineExpr, 6> strides;
};

/// `for i in [0, count)` around code that carries `values` along; no loop for a count of 1.
llvm::SmallVector<mlir::Value> emitCarrying(mlir::ImplicitLocOpBuilder &b, int64_t count, llvm::SmallVector<mlir::Value> values,
                                            llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value i, mlir::ValueRange values)> body);

//===-- The register tile --------------------------------------------------------------------------------------------------------------------===//

/// Accumulators of `rows` x `panels` vectors that stay in registers while a reduction runs. A tile with too few accumulators to hide the latency of a
/// fused multiply-add keeps several partial sums of each (`chains`), which `finish` adds up.
class RegisterTile {
public:
  /// `columns`: of the whole tile, so that the last panel's vector is no wider than needed. `unroll` of the plan bounds the chains. A part of a tile
  /// has as many chains as the tile, so that it gives the same bits.
  RegisterTile(mlir::ImplicitLocOpBuilder &b, SymbolicIndex &index, int64_t rows, const TilePiece &columns, int64_t unroll, ProductStep product);

  llvm::SmallVector<mlir::Value> start();

  /// The left operand of the step from depth `k` on, of whose group `present` elements exist (`ProductStep::loadLeft`).
  using LeftSide = llvm::function_ref<mlir::Value(int64_t row, mlir::Value k, int64_t present)>;

  /// sums[r, j] += lhs(r, k) * rhs[rhsBase + j * panelStride + 16 * k ...] for all k in [0, depth), a group of the product at a time. `prefetch` is
  /// called for each iteration's first `k`, with the depth of the iteration.
  llvm::SmallVector<mlir::Value> reduce(llvm::SmallVector<mlir::Value> sums, mlir::AffineExpr depth, mlir::Value rhs, mlir::Value rhsBase,
                                        mlir::AffineExpr panelStride, LeftSide lhs,
                                        llvm::function_ref<void(mlir::Value k, int64_t depth)> prefetch = {});

  /// The same for all k in [0, end), which is a multiple of `getSteps()`.
  llvm::SmallVector<mlir::Value> reduceTo(mlir::Value end, llvm::SmallVector<mlir::Value> sums, mlir::Value rhs, mlir::Value rhsBase,
                                          mlir::AffineExpr panelStride, LeftSide lhs);

  /// One vector per row and panel, row by row.
  llvm::SmallVector<mlir::Value> finish(llvm::SmallVector<mlir::Value> sums);

  /// Fetches the cache lines that `store` will write while the reduction runs, where the sums are those of so many products.
  void prefetch(KernelContext &context, int64_t products, llvm::ArrayRef<llvm::SmallVector<mlir::Value>> rowIndices, mlir::Value column);

  /// Computes the region's results from `sums` at `rowIndices[r]` (all coordinates but the last) and `column`, and stores them. Panels of several
  /// `products`, the values that the body knows the sums as, alternate.
  void store(KernelContext &context, llvm::ArrayRef<mlir::Value> products, llvm::ArrayRef<mlir::Value> sums,
             llvm::ArrayRef<llvm::SmallVector<mlir::Value>> rowIndices, mlir::Value column);

  int64_t getRows() const { return rows; }
  /// The depth of one iteration of the reduction's loop.
  int64_t getSteps() const { return std::max(unroll, chains) * product.getGroup(); }

private:
  mlir::VectorType vectorOf(int64_t panel) const;
  /// Whether the last panel's half vector is multiplied by left elements of its own, not by a part of the broadcast of the whole ones.
  bool loadsTwice() const { return panels > 1 && lanesOfLastVector(columns) != kPanel; }
  llvm::SmallVector<mlir::Value> step(mlir::ValueRange sums, int64_t chain, mlir::Value k, int64_t present, mlir::Value rhs, mlir::Value rhsBase,
                                      mlir::AffineExpr panelStride, LeftSide lhs);

  mlir::ImplicitLocOpBuilder &b;
  SymbolicIndex &index;
  int64_t rows, columns, panels, unroll, chains;
  ProductStep product;
  mlir::Value active;
  mlir::Value again; ///< see `loadsTwice`
};

//===-- Rows times panels --------------------------------------------------------------------------------------------------------------------===//

/// A matrix product whose left rows may lie anywhere: `row coordinates . rowStrides` is where a row starts. Contractions, 1x1 convolutions and GEMV
/// are this.
struct RowsTimesPanels {
  Dims batchDims, batchStrides; ///< outer dims that the rhs has too; strides in the lhs
  Dims rhsBatchStrides;
  Dims rowDims, rowStrides; ///< strides are unused when `lhs` is computed by the body
  mlir::AffineExpr columns, depth, depthStride;
  mlir::Value lhsBuffer; ///< flat; null: the body computes the lhs (a prologue), for the rows of one tile at a time
  mlir::Value lhsValue;  ///< the anchor's left operand
  mlir::Value rhsBuffer; ///< flat
  mlir::Value rhsValue;
  llvm::SmallVector<mlir::Value, 2> results; ///< of the body: what the sums are; panels of two alternate, and then tiles have an even number of them
  int64_t tileRows, tileColumns, unroll;
  int64_t parts = 1; ///< units of a tile
  ProductStep step = {};
};

void emitRowsTimesPanels(mlir::ImplicitLocOpBuilder &b, KernelContext &context, RowsTimesPanels product);

} // namespace ingot

#endif
