// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_GRAPH_PASSES_H
#define PASSES_GRAPH_PASSES_H

#include "dialects/Ingot/Ingot.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace ingot {

/// Name of the nested module whose functions make constants when the weights are written (`#ingot.recipe`).
inline constexpr llvm::StringLiteral kRecipesModule = "recipes";

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/Graph/Passes.h.inc"

class ConstantEvaluator;

/// The pass with a view of the weights, so that it measures what an algorithm loses in precision. `constants` may be null and must outlive the pass.
std::unique_ptr<mlir::Pass> createChooseAlgorithmsPass(ChooseAlgorithmsPassOptions options, const ConstantEvaluator *constants);

/// The pass with a view of the weights, among which masks are. `constants` may be null and must outlive the pass.
std::unique_ptr<mlir::Pass> createSkipMaskedKeysPass(const ConstantEvaluator *constants);

} // namespace ingot

#endif
