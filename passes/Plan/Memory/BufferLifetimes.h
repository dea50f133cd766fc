// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_BUFFERLIFETIMES_H
#define PASSES_PLAN_BUFFERLIFETIMES_H

#include "dialects/Ingot/ModelSymbols.h"
#include "passes/Plan/Memory/ArenaLayout.h"
#include "passes/Plan/ViewPlacement.h"
#include "llvm/ADT/MapVector.h"

namespace ingot {

mlir::AffineExpr bufferBytes(mlir::RankedTensorType tensor);
int64_t elementBytes(mlir::Type tensor);

/// When each buffer of a model's arena is in use. A step is the position of an operation when bodies are read in place; what is from outside of a
/// loop and used inside is in use for all of it.
class BufferLifetimes {
public:
  BufferLifetimes(mlir::func::FuncOp function, const ViewPlacement &placement, const ModelSymbols &symbols);

  /// Of the roots in the arena that have a place of their own.
  llvm::MapVector<mlir::Value, ArenaBuffer> buffers;
  /// Of the kernels that need memory of their own.
  llvm::MapVector<mlir::Operation *, ArenaBuffer> scratch;

  /// Both, to be placed: `buffers` in order, then `scratch`.
  llvm::SmallVector<ArenaBuffer> all() const;

  /// The root whose place `root` is written over.
  mlir::Value slotOf(mlir::Value root) const;
  bool isShared(mlir::Value root) const { return sharedWith.contains(root); }

private:
  bool liesInArena(mlir::Value root) const;
  void joinGroups();
  void touch(mlir::Value root, mlir::Operation *op);
  void shareBorders();
  void shareBorders(llvm::SmallVector<mlir::Value> alike);
  void reuseInPlace(RegionOp region);

  mlir::func::FuncOp function;
  llvm::SmallVector<mlir::Value> returned;
  const ViewPlacement &placement;
  const ModelSymbols &symbols;
  llvm::DenseMap<mlir::Operation *, int64_t> first, last; ///< steps; of an operation with bodies, until the end of the last one
  llvm::DenseMap<mlir::Value, mlir::Value> sharedWith;
};

} // namespace ingot

#endif
