// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_TOOLS_HELP_H
#define COMPILER_TOOLS_HELP_H

#include <string>

namespace ingot {

struct CommandInfo;

/// All commands and the exit codes.
std::string overview();

/// The page of a command.
std::string pageOf(const CommandInfo &command);

/// A script for bash that completes commands, options and their values.
std::string bashCompletion();

} // namespace ingot

#endif
