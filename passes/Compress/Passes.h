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
} // namespace ingot

#endif
