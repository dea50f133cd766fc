// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_ELEMENTWISE_MULTIPLYADD_H
#define PASSES_KERNEL_ELEMENTWISE_MULTIPLYADD_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ingot {

/// A product of f32 that only a sum or difference of its own shape reads: x y + z, z - x y or x y - z. It is rounded once instead of twice, as one
/// instruction of every processor that code is made for. Operations fuse only within a region, so never at -O0.
struct MultiplyAdd {
  mlir::Value x, y, z;
  bool negatesProduct = false, negatesSum = false;

  static std::optional<MultiplyAdd> match(mlir::Operation *op);
  /// Of scalars or vectors of f32.
  mlir::Value emit(mlir::ImplicitLocOpBuilder &b, mlir::Value x, mlir::Value y, mlir::Value z) const;
};

/// The values whose elements `emitElementwise` wants for an operation: its operands, or what the chain that it ends is computed from.
llvm::SmallVector<mlir::Value> elementwiseOperands(mlir::Operation *op);

} // namespace ingot

#endif
