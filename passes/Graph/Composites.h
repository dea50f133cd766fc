// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_GRAPH_COMPOSITES_H
#define PASSES_GRAPH_COMPOSITES_H

#include "dialects/Ingot/Ingot.h"
#include "mlir/IR/PatternMatch.h"

namespace ingot {

/// Silu, hard swish, hard sigmoid and gelu written as products.
void populateActivationPatterns(mlir::RewritePatternSet &patterns);

/// Softmax and norms written as reductions and elementwise operations.
void populateNormPatterns(mlir::RewritePatternSet &patterns);

/// The other operand and the value of the constant of `x kind c` (or `c kind x`), where c is one value and x has the result's shape.
struct WithSplat {
  mlir::Value x;
  double splat;
};
std::optional<WithSplat> matchSplat(mlir::Value value, BinaryKind kind);

/// x of `kind(x)`; null for anything else.
mlir::Value matchUnary(mlir::Value value, UnaryKind kind);

/// Whether a constant of a model is meant to be this number: models write them with 5 digits or more.
bool isAbout(double value, double meant);

} // namespace ingot

#endif
