// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_DRIVER_INTERFACE_H
#define COMPILER_DRIVER_INTERFACE_H

#include "compiler/Codegen/ModelInterface.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ingot {

class DiagnosticCollector;

/// Fills in what the type and the attributes of a model's function say, before the plan stage makes buffers of its tensors: inputs, outputs, and
/// symbols with the relations that a run checks. A size that is computed from others is a symbol named after the expression. `diagnostics` knows the
/// nodes.
void describeInterface(mlir::func::FuncOp model, const DiagnosticCollector &diagnostics, ModelInterface &interface);

/// What only the kernel stage tells of a body: where it can fail (the same for every variant, because regions are older than targets), the scratch
/// memory of its threads, and its regions, which follow those of the bodies before.
void describeKernels(mlir::ModuleOp body, const DiagnosticCollector &diagnostics, ModelInterface &interface);

} // namespace ingot

#endif
