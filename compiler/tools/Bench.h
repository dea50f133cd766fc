// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_TOOLS_BENCH_H
#define COMPILER_TOOLS_BENCH_H

#include "absl/status/statusor.h"
#include "compiler/tools/CommandLine.h"
#include "llvm/Support/JSON.h"

#include <string>

namespace ingot {

/// Measures `program`, compiled from `line.options.input` or that file itself, and in turn with it what `--compare` names. Sessions are processes
/// that run at the same time.
absl::StatusOr<llvm::json::Object> measure(const CommandLine &line, const std::string &program, bool isModel);

/// What `ingot bench` prints without --json.
std::string benchText(const llvm::json::Object &object);

} // namespace ingot

#endif
