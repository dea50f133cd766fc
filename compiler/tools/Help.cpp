// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/Help.h"

#include "compiler/tools/CommandTable.h"
#include "llvm/Support/FormatVariadic.h"

namespace ingot {
namespace {

constexpr llvm::StringLiteral kExitCodes = "Exit codes\n"
                                           "  0  done\n"
                                           "  1  the model or the data is wrong, or holds something that cannot be compiled\n"
                                           "  2  the command line is wrong\n"
                                           "  3  this machine cannot run the code\n"
                                           "  4  an error of Ingot itself\n";

std::string written(const OptionInfo &option) {
  llvm::StringRef separator = option.value.empty() ? "" : option.name.starts_with("--") ? "=" : " ";
  return (option.name + separator + option.value).str();
}

std::string optionLines(const CommandInfo &command, bool ofProgram) {
  std::string text;
  for (const OptionInfo &option : optionTable())
    if ((option.commands & command.id) && ofProgram == !option.set)
      text += llvm::formatv("  {0,-26}  {1}\n", written(option), option.help).str();
  return text;
}

} // namespace

std::string overview() {
  std::string text = "ingot: compiles ONNX models to native code\n\n";
  for (const CommandInfo &command : commandTable())
    text += llvm::formatv("  ingot {0,-11} {1}\n", command.name, command.summary).str();
  return text +
         "  ingot --version\n\nAn option and its value may be two words or one: --emit static, --emit=static.\n"
         "ingot help COMMAND lists the options of a command, with examples.\n\n" +
         kExitCodes.str();
}

std::string pageOf(const CommandInfo &command) {
  std::string text = llvm::formatv("ingot {0}: {1}\n\n  ingot {0} {2}\n\n", command.name, command.summary, command.usage);
  if (!command.description.empty())
    text += command.description.str() + "\n";
  text += "Options\n" + optionLines(command, false);
  if (std::string lines = optionLines(command, true); !lines.empty())
    text += std::string("\nOptions of the program") + (command.id == Run ? " (ingot run MODEL.onnx -- --help lists all)\n" : "\n") + lines;
  return text + "\nExamples\n" + command.examples.str() + "\n" + kExitCodes.str();
}

std::string bashCompletion() {
  std::string commands, options, values;
  for (const CommandInfo &command : commandTable()) {
    commands += (commands.empty() ? "" : " ") + command.name.str();
    std::string names;
    for (const OptionInfo &option : optionTable())
      if (option.commands & command.id)
        names += (names.empty() ? "" : " ") + option.name.str();
    options += llvm::formatv("    {0}) words=\"{1}\" ;;\n", command.name, names).str();
  }
  for (const OptionInfo &option : optionTable())
    if (!option.choices.empty())
      values += llvm::formatv("    {0}) words=\"{1}\" ;;\n", option.name, option.choices).str();
  // Bash makes a word of its own of the = in --emit=static.
  return "# Completion of ingot for bash; made by: ingot completion bash\n"
         "_ingot() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=\n"
         "  COMPREPLY=()\n"
         "  if [[ $COMP_CWORD == 1 ]]; then\n"
         "    COMPREPLY=($(compgen -W \"" +
         commands +
         " --version --help\" -- \"$current\"))\n"
         "    return\n"
         "  fi\n"
         "  if [[ $current == = ]]; then\n"
         "    current=\n"
         "  elif [[ $before == = ]]; then\n"
         "    before=${COMP_WORDS[COMP_CWORD-2]}\n"
         "  fi\n"
         "  case $before in\n" +
         values + "    help) words=\"" + commands +
         "\" ;;\n"
         "    completion) words=bash ;;\n"
         "  esac\n"
         "  if [[ -z $words && $current == -* ]]; then\n"
         "    case ${COMP_WORDS[1]} in\n" +
         options +
         "    esac\n"
         "  fi\n"
         "  [[ -z $words ]] || COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "}\n"
         "complete -o default -F _ingot ingot\n";
}

} // namespace ingot
