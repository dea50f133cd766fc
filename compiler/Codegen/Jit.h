// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef COMPILER_CODEGEN_JIT_H
#define COMPILER_CODEGEN_JIT_H

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compiler/Codegen/ObjectCode.h"
#include "llvm/ADT/StringRef.h"

#include <memory>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace ingot {

/// Compiles LLVM IR and runs it in this process. Code finds the symbols that the process exports (libc, libm) and what `define` adds, as
/// `ingot_team_barrier` of a runtime that is linked into the program. Code and data live as long as the object.
class Jit {
public:
  static absl::StatusOr<std::unique_ptr<Jit>> create(const TargetSpec &spec, OptLevel level = OptLevel::O0);
  ~Jit();

  /// Adds a symbol with a fixed address.
  absl::Status define(llvm::StringRef name, const void *address);

  /// Takes over a module, which has been through `optimizeModule` for the same target, with its context.
  absl::Status addModule(std::unique_ptr<llvm::LLVMContext> context, std::unique_ptr<llvm::Module> module);

  /// Adds a finished object file.
  absl::Status addObject(llvm::ArrayRef<char> object, llvm::StringRef name);

  /// The address of a function or global; compiles the module that defines it on first use.
  absl::StatusOr<void *> lookup(llvm::StringRef name);

private:
  struct State;
  explicit Jit(std::unique_ptr<State> state);
  std::unique_ptr<State> state;
};

} // namespace ingot

#endif
