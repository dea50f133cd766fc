// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What files, start code and linking need to know of an operating system on one kind of CPU. Passes ask a TargetSpec for capabilities instead.

#ifndef COMPILER_CODEGEN_PLATFORM_H
#define COMPILER_CODEGEN_PLATFORM_H

#include "absl/status/statusor.h"
#include "compiler/Target/TargetSpec.h"
#include "llvm/ADT/ArrayRef.h"

namespace ingot {

struct Platform {
  llvm::StringLiteral triple;
  llvm::StringLiteral baselineCpu;                    ///< LLVM processor name of code that runs before anything could ask what the CPU is.
  uint16_t elfMachine;                                ///< llvm::ELF::EM_*.
  uint64_t weightsSectionFlags;                       ///< llvm::ELF::SHF_*, beside SHF_ALLOC.
  llvm::StringLiteral dynamicLinker;                  ///< The path that programs name.
  llvm::StringLiteral startCode;                      ///< Assembly of `_start`, which enters libc.
  llvm::StringLiteral trap;                           ///< Assembly that ends the process.
  llvm::ArrayRef<llvm::StringLiteral> libraryFolders; ///< Where libc is kept, in the order of search.
  llvm::StringLiteral libcPackages;                   ///< What has to be installed to link with libc, as in "package libc6-dev".
  llvm::ArrayRef<llvm::StringLiteral> staticFiles;    ///< What --static links, in the order that libc asks for.
  llvm::ArrayRef<llvm::StringLiteral> absentSymbols;  ///< Of libgcc, which those name but Ingot's programs never call.
  llvm::StringLiteral runtimeFolder;                  ///< Of the runtime's archives, below the compiler's `lib`; empty: `lib` itself.
};

/// The platform of the compiler itself.
const Platform &hostPlatform();

/// The platform of a target.
const Platform &platformOf(const TargetSpec &target);

} // namespace ingot

#endif
