// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/CommandLine.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"

namespace ingot {
namespace {

constexpr llvm::StringLiteral kOptions[] = {"-o",       "-O0",      "-O3",     "--target",     "--dim",     "--input-shape", "--emit",
                                            "--static", "--prefix", "--quiet", "--compile-to", "--weights", "--max-memory",  "--help"};

/// Options of compiled programs: in `ingot run` they and everything after them belong to the program.
constexpr llvm::StringLiteral kProgramOptions[] = {"--input",      "--inputs", "--output",  "--outputs", "--random", "--seed",
                                                   "--iterations", "--warmup", "--threads", "--json",    "--info"};

std::string nearest(llvm::StringRef word, llvm::ArrayRef<llvm::StringLiteral> known) {
  return llvm::min_element(known, [&](llvm::StringRef a, llvm::StringRef b) { return word.edit_distance(a) < word.edit_distance(b); })->str();
}

absl::Status usage(const llvm::Twine &message) { return absl::InvalidArgumentError(message.str()); }

absl::Status parseDim(llvm::StringRef text, CompileOptions &options) {
  auto [name, value] = text.rsplit('=');
  auto [range, special] = value.split(':');
  auto [low, high] = range.split("..");
  SymbolRange sizes;
  bool isRange = range.contains(".."), wrong = name.empty() || low.getAsInteger(10, sizes.minimum) || sizes.minimum < 0;
  wrong |= isRange ? high.getAsInteger(10, sizes.maximum) : value.contains(':');
  llvm::SmallVector<llvm::StringRef> parts;
  special.split(parts, ',', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  std::vector<int64_t> chosen(parts.size());
  for (auto [part, size] : llvm::zip_equal(parts, chosen))
    wrong |= part.getAsInteger(10, size);
  if (wrong)
    return usage(llvm::Twine("--dim wants NAME=VALUE, NAME=LEAST..MOST or NAME=LEAST..MOST:SIZE,SIZE with whole numbers, got '") + text + "'");
  options.dims.erase(name.str());
  options.ranges.erase(name.str());
  options.special.erase(name.str());
  if (!isRange) {
    options.dims[name.str()] = sizes.minimum;
    return absl::OkStatus();
  }
  options.ranges[name.str()] = sizes;
  if (!chosen.empty())
    options.special[name.str()] = chosen;
  return absl::OkStatus();
}

absl::Status parseInputShape(llvm::StringRef text, CompileOptions &options) {
  auto [name, dims] = text.rsplit('=');
  std::vector<int64_t> shape;
  llvm::SmallVector<llvm::StringRef> parts;
  if (!dims.empty())
    dims.split(parts, 'x');
  for (llvm::StringRef part : parts)
    if (part.getAsInteger(10, shape.emplace_back()) || shape.back() < 0)
      return usage(llvm::Twine("--input-shape wants NAME=1x3x48x320, got '") + text + "'");
  if (name.empty() || shape.empty())
    return usage(llvm::Twine("--input-shape wants NAME=1x3x48x320, got '") + text + "'");
  options.inputShapes[name.str()] = shape;
  return absl::OkStatus();
}

absl::Status parseEmit(llvm::StringRef kind, CompileOptions &options) {
  if (kind == "exe")
    options.emit = Emit::Program;
  else if (kind == "shared")
    options.emit = Emit::Shared;
  else if (kind == "static")
    options.emit = Emit::Static;
  else if (kind == "object")
    options.emit = Emit::Object;
  else
    return usage(llvm::Twine("--emit wants exe, shared, static or object, got '") + kind + "'");
  return absl::OkStatus();
}

absl::Status parseMemory(llvm::StringRef text, CompileOptions &options) {
  constexpr std::pair<llvm::StringLiteral, int> units[] = {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}};
  llvm::StringRef number = text;
  int shift = 0;
  for (auto [unit, bits] : units)
    if (number.consume_back(unit))
      shift = bits;
  uint64_t size;
  if (number.getAsInteger(10, size) || size > UINT64_MAX >> shift)
    return usage(llvm::Twine("--max-memory wants a number of bytes, as 67108864 or 64MiB, got '") + text + "'");
  options.maxMemoryBytes = size << shift;
  return absl::OkStatus();
}

absl::Status parseOption(llvm::StringRef name, llvm::StringRef value, CommandLine &line) {
  CompileOptions &options = line.options;
  if (name == "-o")
    options.output = value.str();
  else if (name == "--target")
    options.target = value.str();
  else if (name == "--prefix")
    options.prefix = value.str();
  else if (name == "--weights")
    options.weights = value.str();
  else if (name == "--compile-to")
    options.compileTo = value.str();
  else if (name == "--max-memory")
    return parseMemory(value, options);
  else if (name == "--dim")
    return parseDim(value, options);
  else if (name == "--input-shape")
    return parseInputShape(value, options);
  else
    return parseEmit(value, options);
  return absl::OkStatus();
}

} // namespace

absl::StatusOr<CommandLine> parseCommandLine(const std::vector<std::string> &arguments) {
  constexpr llvm::StringLiteral commands[] = {"compile", "check", "run"};
  CommandLine line;
  line.command = arguments.front();
  if (!llvm::is_contained(commands, line.command))
    return usage("unknown command '" + line.command + "'; did you mean '" + nearest(line.command, commands) + "'? See ingot --help");
  for (size_t i = 1; i < arguments.size(); ++i) {
    llvm::StringRef argument = arguments[i];
    bool isProgramOption = llvm::is_contained(kProgramOptions, argument.split('=').first);
    if (line.command == "run" && (argument == "--" || isProgramOption)) {
      line.programArguments.assign(arguments.begin() + i + (argument == "--" ? 1 : 0), arguments.end());
      break;
    }
    if (argument == "-O0" || argument == "-O3") {
      line.options.level = argument == "-O0" ? 0 : 3;
    } else if (argument == "--static") {
      line.options.isStatic = true;
    } else if (argument == "--quiet") {
      line.quiet = true;
    } else if (argument.starts_with("-")) {
      auto [name, value] = argument.split('=');
      if (isProgramOption || argument == "--")
        return usage(llvm::Twine("option '") + name + "' is one of the compiled program, or of ingot run");
      if (!llvm::is_contained(kOptions, name))
        return usage(llvm::Twine("unknown option '") + name + "'; did you mean '" + nearest(name, kOptions) + "'? See ingot --help");
      if (!argument.contains('=')) {
        if (++i == arguments.size())
          return usage(llvm::Twine("option '") + name + "' wants a value");
        value = arguments[i];
      }
      if (absl::Status status = parseOption(name, value, line); !status.ok())
        return status;
    } else if (line.options.input.empty()) {
      line.options.input = argument.str();
    } else {
      return usage(llvm::Twine("more than one model: '") + line.options.input + "' and '" + argument + "'");
    }
  }
  if (line.options.input.empty())
    return usage("no model given; see ingot --help");
  if (line.command != "compile" && !line.options.weights.empty())
    return usage("--weights is an option of ingot compile");
  if (line.command == "compile" && line.options.output.empty() && line.options.compileTo.empty())
    return usage("no output given: add -o FILE");
  return line;
}

} // namespace ingot
