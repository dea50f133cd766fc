// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From object code to the file that a user asked for. Every function writes under a temporary name and replaces the output when it is complete; a
// failed one leaves nothing behind and an older output untouched. The linker is LLD in this process: one link at a time.

#ifndef COMPILER_CODEGEN_LINK_H
#define COMPILER_CODEGEN_LINK_H

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compiler/Codegen/Platform.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <string>
#include <vector>

namespace ingot {

/// The archives that come with the compiler.
struct RuntimeLibraries {
  std::string runtime; ///< libingot_runtime.a: sessions, threads.
  std::string program; ///< libingot_program.a: `main` of a model that is a program.
};

/// Finds the archives of a platform in `../lib` of the compiler's own program.
absl::StatusOr<RuntimeLibraries> findRuntimeLibraries(llvm::StringRef toolPath, const Platform &platform);

struct LinkJob {
  std::string output;
  std::string prefix;                              ///< ModelInterface::prefix.
  std::vector<llvm::SmallVector<char, 0>> objects; ///< Code and descriptor.
  std::vector<std::string> objectFiles;            ///< The weights object, which is too large to hold.
  RuntimeLibraries libraries;
  const Platform *platform = &hostPlatform();
  bool isStatic = false; ///< linkProgram: needs no shared library, not even libc.
  bool stripSymbols = false;
};

/// A position-independent executable. Its `main` (from the program archive) finds the model under the name `ingot_program_model`.
absl::Status linkProgram(const LinkJob &job);

/// A shared library that exports `<prefix>_model` and the functions of ingot.h with `<prefix>_` in place of `ingot_`, nothing else.
absl::Status linkShared(const LinkJob &job);

/// An archive of the model's objects and the runtime's. Where several are linked, the runtime of the first serves all: its members have the same
/// names in each.
absl::Status makeStaticLibrary(const LinkJob &job);

/// One relocatable object of the model alone, whose only visible symbol is `<prefix>_model`; who uses it links the runtime archive.
absl::Status writeObject(const LinkJob &job);

} // namespace ingot

#endif
