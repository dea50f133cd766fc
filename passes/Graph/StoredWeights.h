// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_GRAPH_STOREDWEIGHTS_H
#define PASSES_GRAPH_STOREDWEIGHTS_H

#include "dialects/Ingot/Ingot.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ingot {

/// Weights `[..., channels]` as a model has stored them.
struct StoredWeights {
  mlir::Value narrow; ///< f16, bf16 or floats of 8 bits, in the order of the weights
  mlir::Value scales; ///< f32, one of each channel or of all: what they are to be multiplied by; null: 1
};

/// Whether constant weights of f32, the channels of a product along their last dim, are narrow floats that are widened, moved, joined along the
/// channels and multiplied by a number for each channel, and nothing else.
bool isStoredNarrow(mlir::Value weights);

/// Such weights without the widening and the numbers.
StoredWeights takeStored(mlir::ImplicitLocOpBuilder &b, mlir::Value weights);

} // namespace ingot

#endif
