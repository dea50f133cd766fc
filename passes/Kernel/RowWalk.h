// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_ROWWALK_H
#define PASSES_KERNEL_ROWWALK_H

#include "passes/Kernel/BodyLoops.h"

namespace ingot {

/// The iteration space of a region around a reduction or a norm: kept dims, then reduced dims, collapsed; and how it is vectorised.
struct RowSpace {
  explicit RowSpace(BodyGraph graph) : graph(std::move(graph)) {}

  BodyGraph graph;
  unsigned operand = 0; ///< the node of the anchor's operand
  mlir::Type element;   ///< tensor element type of the operand
  llvm::SmallVector<int> kept, reduced;
  bool acrossRow = true;      ///< vectors lie along the last reduced dim; else along the last kept one, and the reduction goes down columns
  mlir::AffineExpr rowLength; ///< reduced elements

  int inner() const { return acrossRow ? reduced.back() : kept.back(); }
};

/// The norm or reduction of a region, or null. Views may stand before it.
mlir::Operation *rowAnchor(RegionOp region);

/// Why a region is no row region is in `why`.
mlir::FailureOr<RowSpace> matchRow(RegionOp region, std::string &why);

/// Rows, or blocks of columns: what can be shared out.
mlir::AffineExpr rowPieces(const RowSpace &space, int64_t lanes);

/// `x` and `y` combined. `fast` takes one instruction for `max` and leaves open what becomes of NaN.
mlir::Value combineElements(mlir::ImplicitLocOpBuilder &b, ReduceKind kind, mlir::Value x, mlir::Value y, mlir::Type element, bool fast = false);

/// Walks over the elements of rows, several times. The values of a reduction are one vector per column of vectors; across a row there is one column
/// and all lanes of its values are equal.
class RowWalk {
public:
  using Map = llvm::function_ref<mlir::Value(mlir::Value x, unsigned column)>;

  virtual ~RowWalk() = default;
  /// Combines `map(x)` of all elements. With `keep` (if the walk `keeps`) what `map` gave is what later walks see as x.
  virtual llvm::SmallVector<mlir::Value> reduce(ReduceKind kind, bool fast, bool keep, Map map) = 0;
  /// Binds the anchor's result to `map(x)` for all elements and stores what the region yields.
  virtual void write(Map map) = 0;
  /// Binds the anchor's result to `results` once per row and stores what the region yields.
  virtual void writeReduced(llvm::ArrayRef<mlir::Value> results) = 0;
  virtual bool keeps() const { return false; }
};

/// Writes the loops over the call's share of rows (or blocks of columns) and calls `row` for each.
void walkRows(mlir::ImplicitLocOpBuilder &b, KernelContext &context, const RowSpace &space, llvm::function_ref<void(RowWalk &)> row);

} // namespace ingot

#endif
