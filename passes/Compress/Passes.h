// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_COMPRESS_PASSES_H
#define PASSES_COMPRESS_PASSES_H

#include "dialects/Ingot/Ingot.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace ingot {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/Compress/Passes.h.inc"

class ConstantEvaluator;

/// The pass with a view of the weights, so that it knows which are zero. `constants` may be null and must outlive the pass.
std::unique_ptr<mlir::Pass> createFormSparseProductsPass(FormSparseProductsPassOptions options, const ConstantEvaluator *constants);

/// The pass with a view of the weights, so that it knows where all stored zero points are those that need not be kept. `constants` as above.
std::unique_ptr<mlir::Pass> createPackBlocksPass(PackBlocksPassOptions options, const ConstantEvaluator *constants);

} // namespace ingot

#endif
