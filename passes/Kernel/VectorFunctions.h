// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_VECTORFUNCTIONS_H
#define PASSES_KERNEL_VECTORFUNCTIONS_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ingot {

/// The result of a math operation on a vector of f32 as arithmetic, written at the builder's insertion point; with `avx512` in the instructions that
/// only such processors have, where those are faster. Null when there is no formula for it.
mlir::Value emitVectorFunction(mlir::ImplicitLocOpBuilder &b, mlir::Operation *op, bool avx512);

/// The same operation on each element of its vectors.
mlir::Value emitElementByElement(mlir::ImplicitLocOpBuilder &b, mlir::Operation *op);

} // namespace ingot

#endif
