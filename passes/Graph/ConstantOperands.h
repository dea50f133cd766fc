// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_GRAPH_CONSTANTOPERANDS_H
#define PASSES_GRAPH_CONSTANTOPERANDS_H

#include "dialects/Ingot/Ingot.h"

namespace ingot {

/// Whether the value is a constant or computed from constants alone, so that operations on it cost nothing when the model runs: they become recipes.
bool isComputedFromConstants(mlir::Value value);

/// Moves what computes `constant` in front of `op`, where it does not stand there yet: it may stand behind its first reader to be.
void moveConstantsBefore(mlir::Operation *op, mlir::Value constant);

/// Gives `to`, which computes what `from` computed, the names of the model's values that `from` carries.
void copyValueNames(mlir::Operation *from, mlir::Value to);

/// The shape as the rank of a broadcast result sees it: ones in front.
llvm::SmallVector<int64_t> alignedShape(mlir::Type type, int64_t rank);

/// The dim of `constant`, seen at `rank`, along which it varies; -1 when it is one value. Nothing when there are several.
std::optional<int64_t> variesAlong(mlir::RankedTensorType constant, int64_t rank);

} // namespace ingot

#endif
