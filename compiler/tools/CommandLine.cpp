// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/CommandLine.h"

#include "compiler/Driver/UsageError.h"
#include "compiler/tools/CommandTable.h"
#include "compiler/tools/Compress/SearchCommand.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"

#include <tuple>

namespace ingot {
namespace {

std::string see(const CommandInfo &command) { return (" See ingot help " + command.name).str(); }

absl::Status unknownOption(llvm::StringRef name, const CommandInfo &command) {
  std::string owners;
  llvm::SmallVector<llvm::StringRef> known;
  for (const OptionInfo &option : optionTable()) {
    if (option.commands & command.id)
      known.push_back(option.name);
    if (option.name != name)
      continue;
    for (const CommandInfo &other : commandTable())
      if (option.commands & other.id)
        owners += (owners.empty() ? "ingot " : ", ingot ") + other.name.str();
  }
  if (!owners.empty())
    return usage("ingot " + command.name + " has no option '" + name + "', which is one of " + owners + "." + see(command));
  std::string near = suggestion(name, known);
  return usage("unknown option '" + name + "'" + (near.empty() ? "." : near) + see(command));
}

absl::Status checkComplete(const CommandLine &line) {
  const CommandInfo &command = *line.command;
  if (line.options.input.empty() && !command.operand.empty())
    return usage("no " + command.operand + " given." + see(command));
  if (command.id == Compile && line.options.output.empty() && line.options.compileTo.empty() && !line.search.isOn)
    return usage("no output given: add -o FILE");
  if ((command.id == Quantize || command.id == Prune) && line.options.output.empty())
    return usage("no output given: add -o FILE.onnx");
  if (absl::Status status = command.id == Compile ? checkSearch(line) : absl::OkStatus(); !status.ok())
    return status;
  compress::QuantizeOptions given = line.quantize, shared; // what pruning and quantising have in common
  std::tie(shared.include, shared.exclude, shared.calibration, shared.sampleFormat, shared.randomCalibration) =
      std::tie(given.include, given.exclude, given.calibration, given.sampleFormat, given.randomCalibration);
  if (command.id == Compile && !line.isQuantized && !line.search.isOn && !line.search.point) {
    if (given != (line.isPruned ? shared : compress::QuantizeOptions()))
      return usage("options of quantisation need --quantize=static, dynamic, int4 or int8");
    if (!line.isPruned && line.measures != compress::MeasureOptions())
      return usage("budgets and fits need --quantize=KIND or --prune=SHARE");
  }
  if (command.id == Compile && !line.isPruned && line.prune != compress::PruneOptions())
    return usage("options of pruning need --prune=SHARE");
  if (!line.options.compileTo.empty() && (!line.options.report.empty() || line.measured.measure || line.measured.tune))
    return usage("--compile-to prints IR: without --report, --measure and --tune");
  if (line.ablate && !(line.bench.compare.empty() && line.bench.chart.empty() && line.bench.sessions == 1))
    return usage("--ablate goes without --compare, --chart and --sessions");
  return absl::OkStatus();
}

} // namespace

absl::StatusOr<CommandLine> parseCommandLine(const std::vector<std::string> &arguments) {
  CommandLine line;
  line.command = findCommand(arguments.front());
  line.options.measureError = line.command && line.command->id == Compile;
  if (!line.command) {
    llvm::SmallVector<llvm::StringRef> names;
    for (const CommandInfo &command : commandTable())
      names.push_back(command.name);
    std::string near = suggestion(arguments.front(), names);
    return usage("unknown command '" + arguments.front() + "'" + (near.empty() ? "." : near) + " See ingot help");
  }
  bool ofProgram = false; // what follows, but for the options marked Anywhere
  for (size_t i = 1; i < arguments.size(); ++i) {
    llvm::StringRef argument = arguments[i];
    if (argument == "--" && line.command->id == Run) {
      line.programArguments.insert(line.programArguments.end(), arguments.begin() + i + 1, arguments.end());
      break;
    }
    auto [name, value] = argument.split('=');
    const OptionInfo *option = findOption(name == "-h" ? "--help" : name, line.command->id);
    ofProgram |= option && !option->set && line.command->id == Run;
    if (ofProgram && !(option && (option->commands & Anywhere))) {
      line.programArguments.push_back(argument.str());
      continue;
    }
    if (!argument.starts_with("-") || argument == "-") {
      if (!line.options.input.empty())
        return usage("more than one " + (line.command->operand.empty() ? "word" : line.command->operand) + ": '" + line.options.input + "' and '" +
                     argument + "'");
      line.options.input = argument.str();
      continue;
    }
    if (!option)
      return unknownOption(name, *line.command);
    if (option->value.empty() && argument.contains('='))
      return usage("option '" + name + "' takes no value");
    if (!option->value.empty() && !argument.contains('=')) {
      if (++i == arguments.size())
        return usage("option '" + name + "' wants a value");
      value = arguments[i];
    }
    if (!option->set) {
      line.programArguments.push_back(name.str());
      if (!option->value.empty())
        line.programArguments.push_back(value.str());
    } else if (absl::Status status = option->set(value, line); !status.ok()) {
      return status;
    }
  }
  if (line.help)
    return line;
  if (absl::Status status = checkComplete(line); !status.ok())
    return status;
  return line;
}

} // namespace ingot
