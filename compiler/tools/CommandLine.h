// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_TOOLS_COMMANDLINE_H
#define COMPILER_TOOLS_COMMANDLINE_H

#include "absl/status/statusor.h"
#include "compiler/Driver/Compile.h"

#include <string>
#include <vector>

namespace ingot {

/// A parsed command line of `ingot`.
struct CommandLine {
  std::string command; ///< compile, check or run
  CompileOptions options;
  std::vector<std::string> programArguments; ///< of `run`, after `--`
  bool quiet = false;
};

/// Parses what stands after the program's name. The message of an error names the argument and what is known instead.
absl::StatusOr<CommandLine> parseCommandLine(const std::vector<std::string> &arguments);

} // namespace ingot

#endif
