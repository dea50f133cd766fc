// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef COMPILER_CODEGEN_PACKAGEFILES_H
#define COMPILER_CODEGEN_PACKAGEFILES_H

#include "absl/status/status.h"
#include "llvm/ADT/StringRef.h"

namespace ingot {

/// Writes what build systems ask for beside a library: `<prefix>.pc` for pkg-config, and `<prefix>-config.cmake`, which defines the target
/// `<prefix>::<prefix>`. Both name files relative to their own folder, so that the folder can be moved.
absl::Status writePackageFiles(llvm::StringRef library, llvm::StringRef prefix, bool isShared);

} // namespace ingot

#endif
