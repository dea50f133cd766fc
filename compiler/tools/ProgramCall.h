// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_TOOLS_PROGRAMCALL_H
#define COMPILER_TOOLS_PROGRAMCALL_H

#include "absl/status/statusor.h"
#include "llvm/Support/JSON.h"

#include <string>
#include <vector>

namespace ingot {

/// Runs a program that prints one JSON object, `count` times at once, and returns what each printed.
absl::StatusOr<std::vector<llvm::json::Value>> callPrograms(const std::vector<std::string> &command, uint32_t count);

/// The same, once.
absl::StatusOr<llvm::json::Object> callProgram(const std::vector<std::string> &command);

} // namespace ingot

#endif
