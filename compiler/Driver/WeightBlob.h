// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_DRIVER_WEIGHTBLOB_H
#define COMPILER_DRIVER_WEIGHTBLOB_H

#include "absl/status/status.h"
#include "mlir/IR/BuiltinOps.h"

#include <cstdint>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace ingot {
class RecipeRunner;
class WeightStore;

/// Writes the elements of a constant: a dense one, a weight or what a recipe makes.
absl::Status writeConstant(mlir::TypedAttr value, const WeightStore &weights, const RecipeRunner *recipes, llvm::raw_ostream &out);

/// Bytes of the weights that the plan stage laid out in `ingot.weight_layout`.
uint64_t weightBlobBytes(mlir::ModuleOp planned);

/// Writes them tensor by tensor, each at its offset, zeros between. `recipes` may be null for a model without recipes; what it makes goes straight to
/// `out`.
absl::Status writeWeightBlob(mlir::ModuleOp planned, const WeightStore &weights, const RecipeRunner *recipes, llvm::raw_ostream &out);

} // namespace ingot

#endif
