// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef DIALECTS_INGOT_CONSTANTS_H
#define DIALECTS_INGOT_CONSTANTS_H

#include "dialects/Ingot/Ingot.h"
#include "mlir/IR/Matchers.h"

namespace ingot {

/// The values of a constant tensor that is small enough to stand in the IR; null for weights and for anything else.
mlir::DenseElementsAttr getDenseConstant(mlir::Value value);

/// The integers of a constant tensor, sign-extended (unsigned types zero-extended); nothing when it is no integer constant.
std::optional<llvm::SmallVector<int64_t>> getConstantInts(mlir::Value value);

/// The one value of a constant float tensor of one element or a splat.
std::optional<double> getConstantSplat(mlir::Value value);

/// Whether the value is a constant, be it in the IR or a weight.
bool isConstant(mlir::Value value);

} // namespace ingot

#endif
