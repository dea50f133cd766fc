// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef DIALECTS_INGOT_CONTROL_H
#define DIALECTS_INGOT_CONTROL_H

#include "dialects/Ingot/Shapes.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallBitVector.h"

namespace ingot {

/// On `ingot.bind_dim`: what a run reports instead of the range.
inline constexpr llvm::StringLiteral kFailureText = "ingot.failure";

/// On `ingot.bind_dim`: the symbol that holds how much room there is. A larger value, up to the range's maximum, asks for more instead of failing.
inline constexpr llvm::StringLiteral kRoom = "ingot.room";

/// Whether the operation's bodies run in an order, or not at all.
inline bool isControl(mlir::Operation *op) { return llvm::isa<IfOp, LoopOp>(op); }

/// The symbols that an operation needs: for its results, its numbers, and all that is inside it.
llvm::SmallBitVector getUsedSymbols(mlir::Operation *op);

/// Calls `read` for each value that an operation reads, itself or inside its bodies, of those computed outside of it.
void forEachRead(mlir::Operation *op, llvm::function_ref<void(mlir::Value)> read);

/// The block and, after it, those of the control flow in it, outer ones first.
llvm::SmallVector<mlir::Block *> blocksOf(mlir::Block &block);

/// Where the symbols of the operations of one block are given their values.
class SymbolDefinitions {
public:
  explicit SymbolDefinitions(mlir::Block &block);
  /// Calls `need` for each operation of the block that gives a value to a symbol which `op` uses.
  void forEachNeeded(mlir::Operation *op, llvm::function_ref<void(mlir::Operation *)> need) const;

private:
  llvm::DenseMap<int64_t, mlir::Operation *> definitions;
};

} // namespace ingot

#endif
