// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_TOOLS_PROGRAMCALL_H
#define COMPILER_TOOLS_PROGRAMCALL_H

#include "absl/status/statusor.h"
#include "llvm/Support/JSON.h"

#include <string>
#include <vector>

namespace ingot {

/// Runs a program that prints one JSON object, and returns that.
absl::StatusOr<llvm::json::Object> callProgram(const std::vector<std::string> &command);

} // namespace ingot

#endif
