// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The command line of Ingot. The only place that prints and sets exit codes: 0 done, 1 the input is wrong, 2 the command line is wrong, 3 this
// machine cannot run generated code, 4 our own error.
#include "compiler/tools/CommandLine.h"

#include "compiler/Driver/Compile.h"
#include "compiler/Target/TargetSpec.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <unistd.h>

using namespace ingot;

namespace {

constexpr llvm::StringLiteral kHelp = R"(ingot: compiles ONNX models to native code

  ingot compile MODEL.onnx -o OUTPUT [options]   make a program (or a library) of a model
  ingot check MODEL.onnx [options]               list everything that cannot be compiled
  ingot run MODEL.onnx [options] [program's options]   compile to a temporary file and run it; see ingot run MODEL.onnx -- --help
  ingot --version | --help

Options
  -o FILE                     the file to write
  -O0 | -O3                   the plain path, or the optimised one (default)
  --target=LIST               native (default), x86-64-v3, x86-64-v4, or a list of them: one body each, chosen at start
  --dim NAME=VALUE            fix a symbolic dim
  --dim NAME=LEAST..MOST      the sizes that it may have when the model runs; LEAST..MOST:64,128 adds code of its own for 64 and 128
  --input-shape NAME=1x3x48   fix the whole shape of an input
  --emit=KIND                 exe (default), shared, static, object; the last three with a C header
  --static                    a program that needs no shared library
  --prefix=NAME               of the model's symbols and of the files beside a library (default: from OUTPUT)
  --weights=FILE              put the weights into a file of their own, which is checked when it is opened (default: into OUTPUT)
  --max-memory=64MiB          fail, and name the largest tensors, if intermediate values and weights need more (KiB, MiB, GiB)
  --compile-to=STAGE          print the IR at the end of import, graph, region, plan, kernel or llvm
  --quiet                     no progress

Examples
  ingot compile model.onnx -o model --input-shape x=1x3x224x224
  ./model --random --iterations 20 --json
)";

int fail(const absl::Status &status) {
  llvm::StringRef text(status.message().data(), status.message().size());
  llvm::SmallVector<llvm::StringRef> lines;
  text.split(lines, '\n', -1, false);
  for (llvm::StringRef line : lines)
    llvm::errs() << "error: " << line << '\n';
  return isUsageError(status) ? 2 : isUnsupportedMachine(status) ? 3 : status.code() == absl::StatusCode::kInternal ? 4 : 1;
}

void printSummary(const CompileOptions &options, const CompileSummary &summary) {
  llvm::outs() << options.output << ": " << llvm::format("%.2f", summary.fileBytes / 1048576.0) << " MiB, weights "
               << llvm::format("%.2f", summary.weightBytes / 1048576.0) << " MiB, arena " << llvm::format("%.2f", summary.arenaBytes / 1048576.0)
               << " MiB, " << summary.regions << " regions of " << summary.operations << " operations, " << summary.fused << " of them fused\n";
  if (!summary.dims.empty())
    llvm::outs() << "open dims: " << llvm::join(summary.dims, ", ")
                 << " (--dim NAME=LEAST..MOST or --dim NAME=SIZE changes them); the arena is that of the largest\n";
}

/// On a terminal, a line per stage, which gets its time at its end.
void printProgress(llvm::StringRef stage, std::optional<double> seconds) {
  llvm::errs() << '\r' << llvm::left_justify(stage, 8);
  if (seconds)
    llvm::errs() << llvm::format("%8.2f s", *seconds) << '\n';
}

int compile(const CommandLine &line) {
  absl::StatusOr<CompileSummary> summary = compileModel(line.options);
  if (!summary.ok())
    return fail(summary.status());
  if (!line.options.compileTo.empty())
    llvm::outs() << summary->text;
  else
    printSummary(line.options, *summary);
  return 0;
}

int check(const CommandLine &line) {
  if (absl::Status status = checkModel(line.options); !status.ok())
    return fail(status);
  llvm::outs() << line.options.input << ": every node can be compiled\n";
  return 0;
}

int run(CommandLine &line) {
  llvm::SmallString<128> path;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile("ingot-run", "", path))
    return fail(absl::UnavailableError("cannot make a temporary file: " + error.message()));
  llvm::sys::RemoveFileOnSignal(path);
  line.options.output = path.str().str();
  absl::StatusOr<CompileSummary> summary = compileModel(line.options);
  if (!summary.ok()) {
    llvm::sys::fs::remove(path);
    return fail(summary.status());
  }
  llvm::SmallVector<llvm::StringRef> arguments = {path};
  for (const std::string &argument : line.programArguments)
    arguments.push_back(argument);
  std::string message;
  int code = llvm::sys::ExecuteAndWait(path, arguments, std::nullopt, {}, 0, 0, &message);
  llvm::sys::fs::remove(path);
  if (code < 0)
    return fail(absl::InternalError("the compiled program did not run: " + message));
  return code;
}

} // namespace

int main(int argc, char **argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  auto options = llvm::make_range(arguments.begin(), llvm::find(arguments, "--")); // what follows is the program's
  if (arguments.empty()) {
    llvm::errs() << "error: no command given: ingot compile, ingot check or ingot run; see ingot --help\n";
    return 2;
  }
  if (arguments[0] == "help" || llvm::is_contained(options, "--help")) {
    llvm::outs() << kHelp;
    return 0;
  }
  if (arguments[0] == "--version") {
    llvm::outs() << "ingot 0.1.0 (LLVM 22)\n";
    return 0;
  }
  absl::StatusOr<CommandLine> line = parseCommandLine(arguments);
  if (!line.ok()) {
    llvm::errs() << "error: " << std::string(line.status().message()) << '\n';
    return 2;
  }
  line->options.toolPath = llvm::sys::fs::getMainExecutable(argv[0], reinterpret_cast<void *>(&main));
  if (!line->quiet && isatty(STDERR_FILENO))
    line->options.progress = printProgress;
  return line->command == "check" ? check(*line) : line->command == "run" ? run(*line) : compile(*line);
}
