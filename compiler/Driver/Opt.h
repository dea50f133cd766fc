// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_DRIVER_OPT_H
#define COMPILER_DRIVER_OPT_H

#include "absl/status/statusor.h"
#include "compiler/Driver/Compile.h"

namespace ingot {

/// What `ingot opt` was asked for.
struct OptOptions {
  std::string passes;    ///< "a,b(option=value)"; empty: the stages of the level
  std::string stopAfter; ///< the last stage; empty: all of them
  std::vector<std::string> printAfter;
  bool timePasses = false;
  std::function<void(llvm::StringRef)> print = [](llvm::StringRef) {}; ///< takes the IR between passes, and the times
};

/// Takes a model, or a file of IR (.mlir), through passes or stages and returns the IR. The passes of all libraries of Ingot have to be registered.
absl::StatusOr<std::string> optimizeFile(const CompileOptions &options, const OptOptions &what);

/// The textual pipeline of MLIR that "a,b(option=value,other=value),func.func(c)" means: parentheses behind a pass hold its options, behind an
/// operation the passes that run on it.
std::string pipelineText(llvm::StringRef passes);

} // namespace ingot

#endif
