// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef DIALECTS_INGOT_NARROWFLOATS_H
#define DIALECTS_INGOT_NARROWFLOATS_H

#include "mlir/IR/BuiltinTypes.h"

namespace ingot {

/// f8E4M3FN and f8E5M2: weights are stored as such, and only ever widened.
inline bool isByteFloat(mlir::Type element) { return llvm::isa<mlir::Float8E4M3FNType, mlir::Float8E5M2Type>(element); }

/// The floats that products widen when they read weights: of 8 bits, f16 and bf16.
inline bool isNarrowFloat(mlir::Type element) { return element.isF16() || element.isBF16() || isByteFloat(element); }

} // namespace ingot

#endif
