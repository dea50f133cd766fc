// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LLVM IR to machine code for one target.

#ifndef COMPILER_CODEGEN_OBJECTCODE_H
#define COMPILER_CODEGEN_OBJECTCODE_H

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compiler/Target/TargetSpec.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/CodeGen.h"

#include <memory>

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace ingot {

enum class OptLevel { O0, O1, O2, O3 };

/// LLVM's own loop transformations are off by default: kernels come vectorised, unrolled and software-pipelined from the plan.
struct OptimizeOptions {
  OptLevel level = OptLevel::O2;
  bool loopVectorize = false;
  bool slpVectorize = false;
  bool loopUnroll = false;
  bool verifyInput = true;
};

llvm::CodeGenOptLevel codeGenLevel(OptLevel level);

/// The machine that generates position-independent code, a section per function.
absl::StatusOr<std::unique_ptr<llvm::TargetMachine>> createTargetMachine(const TargetSpec &spec, OptLevel level);

/// Sets triple, data layout and the target attributes of every function, then runs LLVM's pipeline of the level.
absl::Status optimizeModule(llvm::Module &module, const TargetSpec &spec, const OptimizeOptions &options = {});

/// An ELF object; the same module gives the same bytes. The module must have been through `optimizeModule`, or else have its triple and layout; it is
/// used up.
absl::StatusOr<llvm::SmallVector<char, 0>> emitObject(llvm::Module &module, const TargetSpec &spec, OptLevel level = OptLevel::O2);

} // namespace ingot

#endif
