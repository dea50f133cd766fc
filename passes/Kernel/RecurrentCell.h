// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_RECURRENTCELL_H
#define PASSES_KERNEL_RECURRENTCELL_H

#include "dialects/Ingot/Ingot.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ingot {

/// Gates of a cell: blocks of `hidden` rows in its weights.
int64_t countGates(RecurrentOp op);

/// Whether the cell has all its activations, and only known ones; reports it otherwise.
mlir::LogicalResult checkCell(RecurrentOp op);

/// Activation number `which` (ONNX's f, g, h) of scalars or vectors, clipped before as the operation says.
mlir::Value emitActivation(mlir::ImplicitLocOpBuilder &b, RecurrentOp op, size_t which, mlir::Value x);

} // namespace ingot

#endif
