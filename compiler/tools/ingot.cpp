// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The command line of Ingot. The only place that prints and sets exit codes: 0 done, 1 the input is wrong, 2 the command line is wrong, 3 this
// machine cannot run generated code, 4 our own error.
#include "compiler/Codegen/TemporaryFile.h"
#include "compiler/Compress/Quantize/Quantize.h"
#include "compiler/Driver/Compile.h"
#include "compiler/Driver/Inspect.h"
#include "compiler/Driver/Report.h"
#include "compiler/Driver/UsageError.h"
#include "compiler/Init/Init.h"
#include "compiler/Target/TargetSpec.h"
#include "compiler/tools/Ablation.h"
#include "compiler/tools/Bench.h"
#include "compiler/tools/Chart.h"
#include "compiler/tools/CommandTable.h"
#include "compiler/tools/Compress/PruneCommand.h"
#include "compiler/tools/Compress/QuantizeCommand.h"
#include "compiler/tools/Compress/SearchCommand.h"
#include "compiler/tools/Help.h"
#include "compiler/tools/InspectText.h"
#include "compiler/tools/MeasuredCompile.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/BinaryFormat/Magic.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>
#include <unistd.h>

using namespace ingot;

namespace {

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
                 << " (--dim NAME=LEAST..MOST or --dim NAME=SIZE changes them); the arena is that of the largest\n"
                 << arenaText(summary.peak);
  for (const std::string &note : summary.notes)
    llvm::outs() << note << '\n';
}

/// On a terminal, a line per stage, which gets its time at its end.
void printProgress(llvm::StringRef stage, std::optional<double> seconds) {
  llvm::errs() << '\r' << llvm::left_justify(stage, 8);
  if (seconds)
    llvm::errs() << llvm::format("%8.2f s", *seconds) << '\n';
}

/// Where what was measured is remembered; empty: nowhere.
std::string cacheFolder() {
  const char *chosen = std::getenv("XDG_CACHE_HOME"), *home = std::getenv("HOME");
  llvm::SmallString<128> folder(chosen ? chosen : home ? home : "");
  if (folder.empty())
    return "";
  if (!chosen || !*chosen)
    llvm::sys::path::append(folder, ".cache");
  llvm::sys::path::append(folder, "ingot");
  return folder.str().str();
}

int search(CommandLine &line) {
  if (absl::Status status = checkRunsHere(line.options.target); !status.ok())
    return fail(status);
  absl::StatusOr<SearchOutcome> outcome = runSearch(line);
  if (!outcome.ok())
    return fail(outcome.status());
  if (line.json) {
    llvm::outs() << llvm::json::Value(std::move(outcome->object)) << '\n';
    return 0;
  }
  llvm::outs() << outcome->text;
  if (outcome->compiled)
    printSummary(line.options, *outcome->compiled);
  return 0;
}

int compile(CommandLine &line) {
  bool runs = line.measured.measure || line.measured.tune;
  if (absl::Status status = runs ? checkRunsHere(line.options.target) : absl::OkStatus(); !status.ok())
    return fail(status);
  line.measured.seconds = line.bench.seconds;
  line.measured.cacheFolder = cacheFolder();
  if (line.search.isOn)
    return search(line);
  absl::StatusOr<CompileSummary> summary = line.search.point  ? compilePoint(line)
                                           : line.isPruned    ? compilePruned(line)
                                           : line.isQuantized ? compileQuantized(line)
                                           : runs             ? compileMeasured(line.options, line.measured)
                                                              : compileModel(line.options);
  if (!summary.ok())
    return fail(summary.status());
  if (summary->report)
    if (absl::Status status = writeReport(line.options.report, *summary->report); !status.ok())
      return fail(status);
  if (!line.options.compileTo.empty())
    llvm::outs() << summary->text;
  else
    printSummary(line.options, *summary);
  return 0;
}

int check(const CommandLine &line) {
  absl::StatusOr<std::vector<std::string>> inFloats = checkModel(line.options);
  if (!inFloats.ok())
    return fail(inFloats.status());
  llvm::outs() << line.options.input << ": every node can be compiled\n";
  for (const std::string &product : *inFloats)
    llvm::outs() << "note: " << product << '\n';
  return 0;
}

int run(CommandLine &line) {
  if (absl::Status status = checkRunsHere(line.options.target); !status.ok())
    return fail(status);
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
  absl::StatusOr<ImageFiles> images = ImageFiles::make(line.pictures, path.str().str(), {});
  if (!images.ok()) {
    llvm::sys::fs::remove(path);
    return fail(images.status());
  }
  llvm::SmallVector<llvm::StringRef> arguments = {path};
  arguments.append(images->arguments().begin(), images->arguments().end());
  arguments.append(line.programArguments.begin(), line.programArguments.end());
  std::string message;
  int code = llvm::sys::ExecuteAndWait(path, arguments, std::nullopt, {}, 0, 0, &message);
  llvm::sys::fs::remove(path);
  if (code < 0)
    return fail(absl::InternalError("the compiled program did not run: " + message));
  return code;
}

int failUsage(const absl::Status &status) {
  llvm::errs() << "error: " << llvm::StringRef(status.message().data(), status.message().size()) << '\n';
  return 2;
}

int inspect(const CommandLine &line) {
  absl::StatusOr<llvm::json::Object> object = inspectFile(line.options);
  if (!object.ok())
    return fail(object.status());
  if (line.json)
    llvm::outs() << llvm::json::Value(std::move(*object)) << '\n';
  else
    llvm::outs() << inspectionText(*object);
  return 0;
}

int opt(CommandLine &line) {
  registerPasses();
  line.opt.print = [](llvm::StringRef text) { llvm::errs() << text; };
  absl::StatusOr<std::string> ir = optimizeFile(line.options, line.opt);
  if (!ir.ok())
    return fail(ir.status());
  llvm::outs() << *ir;
  return 0;
}

/// Prints what each pass is worth, of a model whose program with all of them is `program`.
int ablate(const CommandLine &line, const std::string &program, bool isModel) {
  llvm::scope_exit clean([&] { isModel ? static_cast<void>(llvm::sys::fs::remove(program)) : void(); });
  if (!isModel)
    return fail(usageError("--ablate wants a model, not a program"));
  MeasureOptions how{.arguments = line.programArguments, .threads = line.bench.threads, .seconds = line.bench.seconds};
  absl::StatusOr<llvm::json::Object> object = ablationOf(line.options, program, how);
  if (!object.ok())
    return fail(object.status());
  if (line.json)
    llvm::outs() << llvm::json::Value(std::move(*object)) << '\n';
  else
    llvm::outs() << ablationText(*object);
  return 0;
}

int bench(CommandLine &line) {
  const std::string &chart = line.bench.chart;
  for (const std::string &written : {chart, line.bench.profile})
    if (absl::Status status = written.empty() ? absl::OkStatus() : checkWritable(written); !status.ok())
      return fail(status);
  llvm::file_magic magic;
  if (std::error_code error = llvm::identify_magic(line.options.input, magic))
    return fail(absl::NotFoundError("cannot read '" + line.options.input + "': " + error.message()));
  bool isModel = !magic.is_object();
  if (absl::Status status = checkRunsHere(line.options.target); isModel && !status.ok())
    return fail(status);
  llvm::SmallString<128> program(line.options.input);
  llvm::sys::fs::make_absolute(program);
  if (isModel) {
    if (std::error_code error = llvm::sys::fs::createTemporaryFile("ingot-bench", "", program))
      return fail(absl::UnavailableError("cannot make a temporary file: " + error.message()));
    llvm::sys::RemoveFileOnSignal(program);
    line.options.output = program.str().str();
    if (absl::StatusOr<CompileSummary> summary = compileModel(line.options); !summary.ok()) {
      llvm::sys::fs::remove(program);
      return fail(summary.status());
    }
  }
  if (line.ablate)
    return ablate(line, program.str().str(), isModel);
  absl::StatusOr<BenchResult> result = measure(line, program.str().str(), isModel);
  if (isModel)
    llvm::sys::fs::remove(program);
  if (!result.ok())
    return fail(result.status());
  auto draw = [&](llvm::raw_ostream &out) {
    out << latencyChart(*result);
    return absl::OkStatus();
  };
  if (absl::Status status = chart.empty() ? absl::OkStatus() : writeFileAtomically(chart, draw); !status.ok())
    return fail(status);
  if (line.json)
    llvm::outs() << llvm::json::Value(std::move(result->object)) << '\n';
  else
    llvm::outs() << benchText(result->object);
  return 0;
}

int quantizeFile(CommandLine &line) {
  line.quantize.input = line.options.input;
  line.quantize.output = line.options.output;
  absl::StatusOr<QuantizeResult> result = quantizeCommand(line);
  if (!result.ok())
    return fail(result.status());
  for (const std::string &note : result->notes)
    llvm::errs() << "warning: " << note << '\n';
  if (line.json)
    llvm::outs() << llvm::json::Value(std::move(result->object)) << '\n';
  else
    llvm::outs() << result->text;
  return 0;
}

int prune(CommandLine &line) {
  absl::StatusOr<PruneResult> result = pruneFile(line);
  if (!result.ok())
    return fail(result.status());
  for (const std::string &note : result->notes)
    llvm::errs() << "warning: " << note << '\n';
  if (line.json)
    llvm::outs() << llvm::json::Value(std::move(result->object)) << '\n';
  else
    llvm::outs() << result->text;
  return 0;
}

/// Whether what is said of samples is of any use, for all commands that take them.
absl::Status checkSamples(const CommandLine &line) {
  std::vector<std::string> paths = line.quantize.calibration;
  llvm::append_range(paths, line.measures.samples);
  return compress::checkSampleFormat(paths, line.quantize.sampleFormat);
}

int help(const CommandLine &line) {
  if (line.options.input.empty()) {
    llvm::outs() << overview();
    return 0;
  }
  absl::StatusOr<CommandLine> page = parseCommandLine({line.options.input, "--help"});
  if (!page.ok())
    return failUsage(page.status());
  llvm::outs() << pageOf(*page->command);
  return 0;
}

int completion(const CommandLine &line) {
  if (line.options.input != "bash")
    return failUsage(absl::InvalidArgumentError("there is no completion for the shell '" + line.options.input + "'; there is one for bash"));
  llvm::outs() << bashCompletion();
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty())
    return failUsage(absl::InvalidArgumentError("no command given: ingot compile, run, check, ...; see ingot help"));
  if (arguments[0] == "--version") {
    llvm::outs() << "ingot " INGOT_VERSION " (LLVM " LLVM_VERSION_STRING ")\n";
    return 0;
  }
  if (arguments[0] == "--help" || arguments[0] == "-h")
    arguments[0] = "help";
  absl::StatusOr<CommandLine> line = parseCommandLine(arguments);
  if (!line.ok())
    return failUsage(line.status());
  if (line->help) {
    llvm::outs() << pageOf(*line->command);
    return 0;
  }
  line->options.toolPath = llvm::sys::fs::getMainExecutable(argv[0], reinterpret_cast<void *>(&main));
  if (!line->quiet && isatty(STDERR_FILENO))
    line->options.progress = printProgress;
  if (absl::Status status = checkSamples(*line); !status.ok())
    return fail(status);
  switch (line->command->id) {
  case Compile:
    return compile(*line);
  case Run:
    return run(*line);
  case Check:
    return check(*line);
  case Inspect:
    return inspect(*line);
  case Opt:
    return opt(*line);
  case Bench:
    return bench(*line);
  case Quantize:
    return quantizeFile(*line);
  case Prune:
    return prune(*line);
  case Help:
    return help(*line);
  case Completion:
    return completion(*line);
  }
}
