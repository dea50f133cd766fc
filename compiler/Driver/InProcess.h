// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_DRIVER_INPROCESS_H
#define COMPILER_DRIVER_INPROCESS_H

#include "compiler/Codegen/Jit.h"
#include "mlir/IR/BuiltinOps.h"

namespace ingot {

/// Code of a module in the LLVM dialect, to be called in this process by one thread, with what it needs of the runtime.
absl::StatusOr<std::unique_ptr<Jit>> compileInProcess(mlir::ModuleOp lowered, const TargetSpec &target, const OptimizeOptions &options);

} // namespace ingot

#endif
