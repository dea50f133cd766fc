// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_TOOLS_BENCH_H
#define COMPILER_TOOLS_BENCH_H

#include "absl/status/statusor.h"
#include "compiler/tools/CommandLine.h"
#include "llvm/Support/JSON.h"

#include <string>
#include <vector>

namespace ingot {

struct BenchResult {
  llvm::json::Object object;                ///< what --json prints
  std::vector<std::vector<double>> samples; ///< for each of its results the time of each run in milliseconds, in order
};

/// Measures `program`, compiled from `line.options.input` or that file itself, and in turn with it what `--compare` names. Sessions are threads of
/// one process that run at the same time.
absl::StatusOr<BenchResult> measure(const CommandLine &line, const std::string &program, bool isModel);

/// What `ingot bench` prints without --json.
std::string benchText(const llvm::json::Object &object);

} // namespace ingot

#endif
