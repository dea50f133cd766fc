// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/Ablation.h"

#include "compiler/Pipelines/OptionalPasses.h"
#include "compiler/tools/ProgramCall.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Signals.h"

#include <algorithm>

namespace ingot {
namespace {

constexpr int kAblationRounds = 9, kFewRounds = 3;

/// A pass whose removal makes a model faster by more than this, in three of four rounds, is dropped.
constexpr double kNoise = 0.01;

/// The median time of some runs, in milliseconds.
absl::StatusOr<double> medianOf(const std::string &program, uint64_t runs, uint64_t warmup, const MeasureOptions &how) {
  std::vector<std::string> command = {program, "--random", "--json"};
  llvm::append_range(command, how.arguments);
  for (auto [option, number] : {std::pair("--threads", uint64_t(how.threads)), std::pair("--iterations", runs), std::pair("--warmup", warmup)})
    llvm::append_range(command, std::initializer_list<std::string>{option, std::to_string(number)});
  absl::StatusOr<llvm::json::Object> answer = callProgram(command);
  if (!answer.ok())
    return answer.status();
  if (std::optional<double> median = answer->getNumber("median_ms"); median && *median > 0)
    return *median;
  return absl::InternalError("'" + program + "' says nothing of its time");
}

double quantile(std::vector<double> &values, double share) {
  llvm::sort(values);
  double position = share * static_cast<double>(values.size() - 1);
  size_t below = static_cast<size_t>(position), above = std::min(below + 1, values.size() - 1);
  return values[below] + (position - static_cast<double>(below)) * (values[above] - values[below]);
}

CompileOptions without(CompileOptions options, llvm::ArrayRef<std::string> passes) {
  options.disabledPasses.insert(options.disabledPasses.end(), passes.begin(), passes.end());
  return options;
}

/// The code before it leaves MLIR, as text: what is equal in it need not be compiled to the end.
absl::StatusOr<std::string> loopsOf(CompileOptions options) {
  options.compileTo = "kernel";
  options.progress = nullptr;
  absl::StatusOr<CompileSummary> summary = compileModel(options);
  return summary.ok() ? absl::StatusOr<std::string>(std::move(summary->text)) : summary.status();
}

} // namespace

absl::StatusOr<TemporaryProgram> TemporaryProgram::compile(CompileOptions options, CompileSummary *made) {
  llvm::SmallString<128> path;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile("ingot-measure", "", path))
    return absl::UnavailableError("cannot make a temporary file: " + error.message());
  llvm::sys::RemoveFileOnSignal(path);
  TemporaryProgram program(path.str().str());
  options.output = program.path();
  options.emit = Emit::Program;
  options.weights.clear();
  absl::StatusOr<CompileSummary> summary = compileModel(options);
  if (!summary.ok())
    return summary.status();
  if (made)
    *made = std::move(*summary);
  return program;
}

TemporaryProgram::~TemporaryProgram() {
  if (name.empty())
    return;
  llvm::sys::fs::remove(name);
  llvm::sys::DontRemoveFileOnSignal(name);
}

absl::StatusOr<TimeRatio> compareTimes(const std::string &program, const std::string &base, const MeasureOptions &how) {
  const std::string *programs[] = {&program, &base};
  uint64_t runs[2];
  double estimate = 0;
  for (int i : {1, 0}) {
    absl::StatusOr<double> trial = medianOf(*programs[i], 1, 1, how);
    if (!trial.ok())
      return trial.status();
    runs[i] = static_cast<uint64_t>(std::clamp(500 * how.seconds / kAblationRounds / *trial, 1.0, 1e5));
    estimate += *trial * static_cast<double>(runs[i] + 1) / 1000;
  }
  std::vector<double> ratios;
  for (int round = 0, rounds = estimate * kAblationRounds > 3 * how.seconds ? kFewRounds : kAblationRounds; round < rounds; ++round) {
    double medians[2];
    for (int turn = 0; turn < 2; ++turn) {
      int i = (turn + round) % 2; // each of them is first as often as the other
      absl::StatusOr<double> median = medianOf(*programs[i], runs[i], 1, how);
      if (!median.ok())
        return median.status();
      medians[i] = *median;
    }
    ratios.push_back(medians[0] / medians[1]);
  }
  return TimeRatio{quantile(ratios, 0.5), quantile(ratios, 0.25), quantile(ratios, 0.75)};
}

llvm::json::Object PassWorth::asJson() const {
  llvm::json::Object object{{"name", name},   {"ratio", ratio.median}, {"low", ratio.low},  {"high", ratio.high},
                            {"same", isSame}, {"dropped", dropped},    {"problem", nullptr}};
  if (!problem.empty()) {
    object["problem"] = problem;
    for (llvm::StringRef number : {"ratio", "low", "high"})
      object[number] = nullptr;
  }
  return object;
}

absl::StatusOr<std::vector<PassWorth>> ablate(const CompileOptions &options, const std::string &base, const MeasureOptions &how) {
  absl::StatusOr<std::string> all = loopsOf(options);
  if (!all.ok())
    return all.status();
  std::vector<PassWorth> worths;
  for (const std::string &name : optionalPasses(stageOptionsOf(options))) {
    if (llvm::is_contained(options.disabledPasses, name))
      continue;
    PassWorth &worth = worths.emplace_back();
    worth.name = name;
    CompileOptions fewer = without(options, name);
    if (options.progress)
      options.progress("without " + name, std::nullopt);
    absl::StatusOr<std::string> loops = loopsOf(fewer);
    if (!loops.ok()) {
      worth.problem = std::string(loops.status().message());
      continue;
    }
    if ((worth.isSame = *loops == *all))
      continue;
    fewer.progress = nullptr;
    absl::StatusOr<TemporaryProgram> program = TemporaryProgram::compile(fewer);
    absl::StatusOr<TimeRatio> ratio = program.ok() ? compareTimes(program->path(), base, how) : program.status();
    if (ratio.ok())
      worth.ratio = *ratio;
    else
      worth.problem = std::string(ratio.status().message());
  }
  return worths;
}

absl::StatusOr<std::vector<std::string>> dropHarmful(const CompileOptions &options, TemporaryProgram base, const MeasureOptions &how,
                                                     std::vector<PassWorth> &worths) {
  std::vector<PassWorth *> suspects;
  for (PassWorth &worth : worths)
    if (worth.problem.empty() && worth.ratio.high < 1 - kNoise)
      suspects.push_back(&worth);
  llvm::sort(suspects, [](const PassWorth *a, const PassWorth *b) { return a->ratio.median < b->ratio.median; });
  std::vector<std::string> dropped;
  for (PassWorth *suspect : suspects) {
    std::vector<std::string> tried = dropped;
    tried.push_back(suspect->name);
    CompileOptions fewer = without(options, tried);
    fewer.progress = nullptr;
    absl::StatusOr<TemporaryProgram> program = TemporaryProgram::compile(fewer);
    if (!program.ok())
      continue;
    absl::StatusOr<TimeRatio> ratio = compareTimes(program->path(), base.path(), how);
    if (!ratio.ok())
      return ratio.status();
    if (ratio->high >= 1 - kNoise)
      continue; // without those dropped before it, it does no harm
    suspect->dropped = true;
    dropped = std::move(tried);
    base = std::move(*program);
  }
  return dropped;
}

absl::StatusOr<llvm::json::Object> ablationOf(const CompileOptions &options, const std::string &base, const MeasureOptions &how) {
  absl::StatusOr<double> median = medianOf(base, 10, 2, how);
  if (!median.ok())
    return median.status();
  absl::StatusOr<std::vector<PassWorth>> worths = ablate(options, base, how);
  if (!worths.ok())
    return worths.status();
  llvm::json::Array passes;
  for (const PassWorth &worth : *worths)
    passes.push_back(worth.asJson());
  return llvm::json::Object{{"file", options.input}, {"threads", how.threads}, {"median_ms", *median}, {"passes", std::move(passes)}};
}

std::string ablationText(const llvm::json::Object &object) {
  int64_t threads = *object.getInteger("threads");
  std::string text = llvm::formatv("{0}: {1:f3} ms on {2}\n", *object.getString("file"), *object.getNumber("median_ms"),
                                   threads == 0   ? "all cores"
                                   : threads == 1 ? "1 thread"
                                                  : std::to_string(threads) + " threads");
  text += "left out                          time   middle half of the rounds\n";
  std::vector<const llvm::json::Object *> rows;
  for (const llvm::json::Value &value : *object.getArray("passes"))
    rows.push_back(value.getAsObject());
  llvm::sort(rows, [](const llvm::json::Object *a, const llvm::json::Object *b) {
    auto key = [](const llvm::json::Object *row) { return std::pair(-row->getNumber("ratio").value_or(0), *row->getString("name")); };
    return key(a) < key(b);
  });
  for (const llvm::json::Object *row : rows) {
    text += llvm::formatv("{0,-28} ", *row->getString("name"));
    if (auto problem = row->getString("problem"))
      text += ("no number: " + problem->split('\n').first).str() + "\n";
    else if (*row->getBoolean("same"))
      text += " 1.000 x  the same code\n";
    else
      text += llvm::formatv("{0,6:f3} x  {1:f3} to {2:f3}\n", *row->getNumber("ratio"), *row->getNumber("low"), *row->getNumber("high"));
  }
  return text;
}

} // namespace ingot
