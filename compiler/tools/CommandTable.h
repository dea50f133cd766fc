// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every command and option of `ingot`, once: the parser, the help and the shell completion read these tables.
#ifndef COMPILER_TOOLS_COMMANDTABLE_H
#define COMPILER_TOOLS_COMMANDTABLE_H

#include "absl/status/status.h"
#include "compiler/tools/CommandLine.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace ingot {

/// The commands as bits: OptionInfo::commands is a set of them.
enum Command : unsigned {
  Compile = 1,
  Run = 2,
  Check = 4,
  Help = 8,
  Completion = 16,
  Inspect = 32,
  Opt = 64,
  Bench = 128,
  Quantize = 256,
  Prune = 512
};

/// In OptionInfo::commands: may stand among the options that `ingot run` passes to the program.
inline constexpr unsigned Anywhere = 1U << 31;

struct CommandInfo {
  Command id;
  llvm::StringLiteral name;
  llvm::StringLiteral usage;       ///< what follows the name
  llvm::StringLiteral operand;     ///< what an error calls a missing first word; empty: it may be missing
  llvm::StringLiteral summary;     ///< one line
  llvm::StringLiteral description; ///< of the command's page; may be empty
  llvm::StringLiteral examples;    ///< two, with their line ends
};

struct OptionInfo {
  llvm::StringLiteral name;
  llvm::StringLiteral value;   ///< how help calls it; empty: the option takes none
  llvm::StringLiteral choices; ///< what completion offers as value, with blanks between
  unsigned commands;           ///< that have the option
  llvm::StringLiteral help;
  /// Null for an option of the compiled program, which is passed on.
  absl::Status (*set)(llvm::StringRef value, CommandLine &line);
};

llvm::ArrayRef<CommandInfo> commandTable();
llvm::ArrayRef<OptionInfo> optionTable();

/// Null when there is none.
const CommandInfo *findCommand(llvm::StringRef name);
const OptionInfo *findOption(llvm::StringRef name, Command command);

} // namespace ingot

#endif
