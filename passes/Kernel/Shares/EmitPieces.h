// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_SHARES_EMITPIECES_H
#define PASSES_KERNEL_SHARES_EMITPIECES_H

#include "passes/Kernel/Shares/Pieces.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ingot {

/// Writes the function that runs a thread's share of a kernel's `units` in pieces, and then pieces of other threads' shares:
///
///     owner, from, to = thread, 0, ingot_team_offer(...)     the first part of the share; the rest is offered to all threads
///     do {
///       kernel(..., from, to, ...)                           or, by columns: kernel(..., share of the owner, from, to, ...)
///       owner, from, to = ingot_team_take(...)               what is left of the own share, then of those of others
///     } while (there was something to take)
///
/// Its arguments are those of the kernel without the share, which the kernel has from argument `share` on, then the team (pointer), the thread's
/// number, how many threads there are, and the region's number (index).
mlir::func::FuncOp emitPieces(mlir::ImplicitLocOpBuilder &b, llvm::StringRef name, mlir::func::FuncOp kernel, size_t share, int64_t units,
                              const Pieces &pieces);

} // namespace ingot

#endif
