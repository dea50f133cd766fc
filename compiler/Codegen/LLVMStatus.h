// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef COMPILER_CODEGEN_LLVMSTATUS_H
#define COMPILER_CODEGEN_LLVMSTATUS_H

#include "absl/status/status.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

#include <system_error>

namespace ingot {

/// "<what>: <error>", or OK when there is no error.
inline absl::Status toStatus(llvm::Error error, const llvm::Twine &what) {
  if (!error)
    return absl::OkStatus();
  return absl::InternalError((what + ": " + llvm::toString(std::move(error))).str());
}

/// The same for a failed system call, which is the machine's doing.
inline absl::Status toStatus(std::error_code error, const llvm::Twine &what) {
  if (!error)
    return absl::OkStatus();
  return absl::UnavailableError((what + ": " + error.message()).str());
}

} // namespace ingot

#endif
