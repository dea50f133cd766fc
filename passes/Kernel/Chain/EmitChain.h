// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_CHAIN_EMITCHAIN_H
#define PASSES_KERNEL_CHAIN_EMITCHAIN_H

#include "passes/Kernel/Chain/RowChain.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ingot {

/// The buffers of a chain's regions that do not lie between two of them, region after region: what the chain's function takes.
llvm::SmallVector<mlir::Value> outerOperands(const RowChain &chain);

/// Writes, at the end of a module, the function of a chain whose regions have these kernels. It takes `outerOperands`, the strips [begin, end) of a
/// share and the thread's scratch memory:
///
///   for strip in [begin, end)
///     the rows that the strip before has computed and this one needs, too, move to where this one begins
///     for region
///       kernel(rows that the strip needs and that are not there yet)
///
/// A buffer between two regions is one of the whole tensor for their kernels. It begins where the strip's own rows come to lie in scratch memory:
/// nothing but these is touched.
mlir::func::FuncOp emitChain(mlir::ImplicitLocOpBuilder &b, llvm::StringRef name, const RowChain &chain, llvm::ArrayRef<mlir::func::FuncOp> kernels,
                             mlir::MemRefType scratch);

} // namespace ingot

#endif
