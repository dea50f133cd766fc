// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef COMPILER_CODEGEN_TRANSLATE_H
#define COMPILER_CODEGEN_TRANSLATE_H

#include "absl/status/statusor.h"
#include "llvm/ADT/StringRef.h"

#include <memory>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm
namespace mlir {
class ModuleOp;
} // namespace mlir

namespace ingot {

/// A module of the LLVM dialect as LLVM IR. `name` becomes the module's identifier, which reaches the object file. What is wrong with the module is
/// reported as MLIR diagnostics at its operations.
absl::StatusOr<std::unique_ptr<llvm::Module>> translateToLLVM(mlir::ModuleOp module, llvm::LLVMContext &context, llvm::StringRef name = "model");

} // namespace ingot

#endif
