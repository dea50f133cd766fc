// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef COMPILER_CODEGEN_STARTCODE_H
#define COMPILER_CODEGEN_STARTCODE_H

#include "absl/status/statusor.h"
#include "compiler/Codegen/Platform.h"
#include "llvm/ADT/SmallVector.h"

namespace ingot {

/// The object that a dynamically linked program starts with: `_start`, which enters libc. With it a program links against nothing but the libc.so.6
/// that every machine has; the start files and libraries of a C compiler are not needed.
absl::StatusOr<llvm::SmallVector<char, 0>> emitStartCode(const Platform &platform);

/// Stands in for the parts of libgcc that libc.a names: unwinding for cancelled threads and, on x86, comparison of 128-bit floats. Ingot's programs
/// do neither; each of them traps, and a real definition wins.
absl::StatusOr<llvm::SmallVector<char, 0>> emitStaticSupport(const Platform &platform);

} // namespace ingot

#endif
