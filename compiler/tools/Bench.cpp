// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/Bench.h"

#include "compiler/Driver/UsageError.h"
#include "compiler/tools/ProgramCall.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

#include <cstdlib>

namespace ingot {
namespace {

constexpr uint32_t kComparedRounds = 4; // that those who are compared take in turn

/// A command that runs the model and prints {"samples_ms": [...], "peak_resident_bytes": n}, and what it has measured.
struct Contender {
  std::string name;
  std::vector<std::string> command;
  std::vector<double> samples = {};
  double throughput = 0; ///< of all sessions, per second; a sum over the rounds
  int64_t peakBytes = 0;
};

absl::Status runRound(Contender &contender, uint32_t iterations, const BenchOptions &bench) {
  std::vector<std::string> command = contender.command;
  for (auto [option, value] : {std::pair("--iterations", iterations), std::pair("--warmup", bench.warmup), std::pair("--sessions", bench.sessions)}) {
    command.push_back(option);
    command.push_back(std::to_string(value));
  }
  absl::StatusOr<llvm::json::Object> answer = callProgram(command);
  if (!answer.ok())
    return answer.status();
  const llvm::json::Array *samples = answer->getArray("samples_ms");
  if (!samples || samples->size() != size_t(iterations) * bench.sessions)
    return absl::InvalidArgumentError("'" + command.front() + "' is of another version of Ingot: compile the model again");
  for (size_t session = 0; session < bench.sessions; ++session) {
    double sum = 0;
    for (size_t run = 0; run < iterations; ++run) {
      contender.samples.push_back((*samples)[session * iterations + run].getAsNumber().value_or(0));
      sum += contender.samples.back();
    }
    contender.throughput += sum > 0 ? 1000 * iterations / sum : 0;
  }
  contender.peakBytes = std::max(contender.peakBytes, answer->getInteger("peak_resident_bytes").value_or(0));
  return absl::OkStatus();
}

double percentile(const std::vector<double> &sorted, double share) {
  double position = share * (sorted.size() - 1);
  size_t below = position, above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}

llvm::json::Object resultOf(const Contender &contender, uint32_t rounds) {
  std::vector<double> sorted = contender.samples;
  llvm::sort(sorted);
  return llvm::json::Object{{"name", contender.name},
                            {"iterations", static_cast<int64_t>(sorted.size())},
                            {"min_ms", sorted.front()},
                            {"median_ms", percentile(sorted, 0.5)},
                            {"p90_ms", percentile(sorted, 0.9)},
                            {"p99_ms", percentile(sorted, 0.99)},
                            {"throughput_per_s", contender.throughput / rounds},
                            {"peak_memory_bytes", contender.peakBytes}};
}

/// The helper with the model, on the inputs with which `program` runs it; they go to the file `inputs`.
absl::StatusOr<Contender> onnxRuntime(const CommandLine &line, const std::vector<std::string> &program, const std::string &inputs) {
  const char *chosen = std::getenv("INGOT_PYTHON");
  llvm::ErrorOr<std::string> python = llvm::sys::findProgramByName(chosen && *chosen ? chosen : "python3");
  std::optional<llvm::StringRef> silent[] = {llvm::StringRef(""), llvm::StringRef(""), llvm::StringRef("")};
  if (!python || llvm::sys::ExecuteAndWait(*python, {*python, "-c", "import numpy, onnxruntime"}, std::nullopt, silent) != 0)
    return absl::NotFoundError("--compare onnxruntime: '" + (python ? *python : std::string("python3")) +
                               "' has no package onnxruntime; INGOT_PYTHON names another Python");
  llvm::SmallString<128> helper = llvm::sys::path::parent_path(llvm::sys::path::parent_path(line.options.toolPath));
  llvm::sys::path::append(helper, "lib", "onnxruntime_bench.py");
  Contender contender{"onnxruntime", {*python, helper.str().str(), line.options.input, inputs, "--threads", std::to_string(line.bench.threads)}};
  std::vector<std::string> save = program;
  llvm::append_range(save, std::vector<std::string>{"--save-inputs", inputs});
  if (absl::StatusOr<llvm::json::Object> saved = callProgram(save); !saved.ok())
    return saved.status();
  return contender;
}

/// The table of runs behind the timed ones: to note where time goes takes some, too.
absl::StatusOr<std::string> profile(const Contender &contender, const BenchOptions &bench) {
  constexpr uint32_t kMostRuns = 100;
  std::vector<std::string> command = contender.command;
  uint32_t runs = std::clamp<uint32_t>(contender.samples.size() / bench.sessions, 2, kMostRuns); // the first one is apart
  llvm::append_range(command, std::vector<std::string>{"--iterations", std::to_string(runs), "--profile", bench.profile});
  absl::StatusOr<llvm::json::Object> answer = callProgram(command);
  if (!answer.ok())
    return answer.status();
  std::optional<llvm::StringRef> table = answer->getString("profile");
  return table ? absl::StatusOr<std::string>(table->str()) : absl::InternalError("the program wrote no profile");
}

} // namespace

absl::StatusOr<BenchResult> measure(const CommandLine &line, const std::string &program, bool isModel) {
  const BenchOptions &bench = line.bench;
  std::vector<Contender> contenders = {{"ingot", {program, "--random", "--json", "--samples", "--threads", std::to_string(bench.threads)}}};
  std::vector<std::string> &command = contenders[0].command;
  absl::StatusOr<ImageFiles> images = ImageFiles::make(line.pictures, program, isModel ? std::map<std::string, int64_t>() : line.options.dims);
  if (!images.ok())
    return images.status();
  llvm::append_range(command, images->arguments());
  llvm::append_range(command, line.programArguments);
  if (!isModel)
    for (const auto &[name, size] : line.options.dims)
      command.push_back("--dim=" + name + "=" + std::to_string(size));
  llvm::SmallString<128> inputs; // of both
  llvm::scope_exit clean([&] { llvm::sys::fs::remove(inputs); });
  if (!bench.compare.empty()) {
    if (std::error_code error = llvm::sys::fs::createTemporaryFile("ingot-bench", "npz", inputs))
      return absl::UnavailableError("cannot make a temporary file: " + error.message());
    absl::StatusOr<Contender> other = isModel ? onnxRuntime(line, command, inputs.str().str()) : usageError("--compare wants a model, not a program");
    if (!other.ok())
      return other.status();
    contenders.push_back(std::move(*other));
  }
  uint32_t iterations = bench.iterations;
  if (iterations == 0) { // as many as fit into the time
    Contender trial{"trial", contenders[0].command};
    if (absl::Status status = runRound(trial, 3, bench); !status.ok())
      return status;
    double median = resultOf(trial, 1).getNumber("median_ms").value_or(0);
    iterations = std::clamp(1000 * bench.seconds / std::max(median, 1e-4), 1.0, 1e6);
  }
  uint32_t rounds = contenders.size() > 1 ? std::min(kComparedRounds, iterations) : 1;
  for (uint32_t round = 0; round < rounds; ++round)
    for (Contender &contender : contenders)
      if (absl::Status status = runRound(contender, iterations * (round + 1) / rounds - iterations * round / rounds, bench); !status.ok())
        return status;
  absl::StatusOr<std::string> table = bench.profile.empty() ? absl::StatusOr<std::string>("") : profile(contenders[0], bench);
  if (!table.ok())
    return table.status();
  BenchResult result;
  llvm::json::Array results;
  for (Contender &contender : contenders) {
    results.push_back(resultOf(contender, rounds));
    result.samples.push_back(std::move(contender.samples));
  }
  result.object =
      llvm::json::Object{{"file", line.options.input}, {"threads", bench.threads}, {"sessions", bench.sessions}, {"warmup", bench.warmup}};
  if (contenders.size() > 1)
    result.object["time_ratio"] = *results[0].getAsObject()->getNumber("median_ms") / *results[1].getAsObject()->getNumber("median_ms");
  result.object["results"] = std::move(results);
  if (!table->empty())
    result.object["profile"] = *table;
  return result;
}

std::string benchText(const llvm::json::Object &object) {
  int64_t threads = *object.getInteger("threads"), sessions = *object.getInteger("sessions");
  std::string text =
      llvm::formatv("{0}: {1} a session{2}, {3}\n", *object.getString("file"), threads == 1 ? "1 thread" : std::to_string(threads) + " threads",
                    threads == 0 ? " (one per core)" : "", sessions == 1 ? "one session" : std::to_string(sessions) + " sessions at the same time");
  text += "              runs   min ms   median      p90      p99    runs/s   peak memory\n";
  for (const llvm::json::Value &value : *object.getArray("results")) {
    const llvm::json::Object &row = *value.getAsObject();
    text += llvm::formatv("{0,-12} {1,5} {2,8:f3} {3,8:f3} {4,8:f3} {5,8:f3} {6,9:f1} {7,9:f1} MiB\n", row.getString("name")->str(),
                          *row.getInteger("iterations"), *row.getNumber("min_ms"), *row.getNumber("median_ms"), *row.getNumber("p90_ms"),
                          *row.getNumber("p99_ms"), *row.getNumber("throughput_per_s"), *row.getInteger("peak_memory_bytes") / 1048576.0)
                .str();
  }
  if (auto ratio = object.getNumber("time_ratio"))
    text += llvm::formatv("median time: {0:f2} of onnxruntime's\n", *ratio).str();
  if (auto table = object.getString("profile"))
    text += *table;
  return text;
}

} // namespace ingot
