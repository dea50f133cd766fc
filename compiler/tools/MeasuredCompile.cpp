// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/MeasuredCompile.h"

#include "compiler/tools/Ablation.h"
#include "compiler/tools/ProgramCall.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Threading.h"

namespace ingot {
namespace {

/// What `program --profile` writes, under "ingot".
absl::StatusOr<llvm::json::Object> profileOf(const std::string &program, uint32_t threads) {
  constexpr double kMilliseconds = 500; // of runs that the medians are of
  llvm::SmallString<128> path;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile("ingot-profile", "json", path))
    return absl::UnavailableError("cannot make a temporary file: " + error.message());
  llvm::scope_exit clean([&] { llvm::sys::fs::remove(path); });
  std::vector<std::string> command = {program, "--random", "--json", "--threads", std::to_string(threads), "--iterations"};
  command.push_back("2");
  absl::StatusOr<llvm::json::Object> trial = callProgram(command);
  if (!trial.ok())
    return trial.status();
  double median = std::max(trial->getNumber("median_ms").value_or(1), 1e-3);
  command.back() = std::to_string(static_cast<int64_t>(std::clamp(kMilliseconds / median, 5.0, 500.0)));
  command.insert(command.end(), {"--profile", path.str().str()});
  if (absl::StatusOr<llvm::json::Object> answer = callProgram(command); !answer.ok())
    return answer.status();
  auto text = llvm::MemoryBuffer::getFile(path);
  llvm::Expected<llvm::json::Value> value = llvm::json::parse(text ? (*text)->getBuffer() : "");
  llvm::json::Object *profile = value && value->getAsObject() ? value->getAsObject()->getObject("ingot") : nullptr;
  if (!profile) {
    llvm::consumeError(value.takeError());
    return absl::InternalError("'" + program + "' wrote no profile");
  }
  return std::move(*profile);
}

/// The microseconds of each region in a run of the model, by its number; 0 for what did not run.
std::vector<double> timesOf(const llvm::json::Object &profile, size_t regions) {
  std::vector<double> times(regions);
  double runs = std::max(profile.getNumber("runs").value_or(1), 1.0);
  if (const llvm::json::Array *list = profile.getArray("regions"))
    for (const llvm::json::Value &value : *list)
      if (const llvm::json::Object *region = value.getAsObject())
        if (std::optional<int64_t> number = region->getInteger("region"); number && *number >= 0 && static_cast<size_t>(*number) < regions)
          times[*number] = region->getNumber("median_us").value_or(0) * region->getNumber("calls").value_or(0) / runs;
  return times;
}

/// Adds what the regions take with one thread and with all to the report.
absl::Status measureRegions(const std::string &program, uint32_t threads, llvm::json::Object &report) {
  llvm::json::Array &regions = *report.getArray("regions");
  llvm::json::Array runs;
  std::vector<double> alone;
  for (uint32_t number : {1U, threads}) {
    if (number == 1 && !alone.empty())
      break; // there is one core
    absl::StatusOr<llvm::json::Object> profile = profileOf(program, number);
    if (!profile.ok())
      return profile.status();
    std::vector<double> times = timesOf(*profile, regions.size());
    if (number == 1)
      alone = times;
    for (auto [i, value] : llvm::enumerate(regions)) {
      llvm::json::Object &region = *value.getAsObject();
      if (number == 1)
        region["measured_us"] = times[i];
      else if (times[i] > 0)
        region["measured_efficiency"] =
            llvm::json::Array{llvm::json::Object{{"threads", number}, {"efficiency", alone[i] / times[i] / static_cast<double>(number)}}};
    }
    runs.push_back(llvm::json::Object{{"threads", number}, {"us", profile->getNumber("run_us").value_or(0)}});
  }
  (*report.getObject("measurement"))["runs"] = std::move(runs);
  return absl::OkStatus();
}

} // namespace

absl::StatusOr<CompileSummary> compileMeasured(CompileOptions &options) {
  MeasureOptions how;
  how.threads = std::max(llvm::heavyweight_hardware_concurrency().compute_thread_count(), 1U);
  CompileOptions plain = options;
  plain.report.clear();
  absl::StatusOr<TemporaryProgram> base = TemporaryProgram::compile(plain);
  if (!base.ok())
    return base.status();
  absl::StatusOr<std::vector<PassWorth>> worths = ablate(plain, base->path(), how);
  if (!worths.ok())
    return worths.status();
  absl::StatusOr<std::vector<std::string>> dropped = dropHarmful(plain, std::move(*base), how, *worths);
  if (!dropped.ok())
    return dropped.status();
  options.disabledPasses.insert(options.disabledPasses.end(), dropped->begin(), dropped->end());
  absl::StatusOr<CompileSummary> summary = compileModel(options);
  if (!summary.ok() || !summary->report)
    return summary;
  llvm::json::Array passes;
  for (const PassWorth &worth : *worths)
    passes.push_back(worth.asJson());
  llvm::json::Object &report = *summary->report;
  report["measurement"] = llvm::json::Object{{"threads", how.threads}, {"passes", std::move(passes)}};
  plain.disabledPasses = options.disabledPasses;
  absl::StatusOr<TemporaryProgram> result = TemporaryProgram::compile(plain);
  if (!result.ok())
    return result.status();
  if (absl::Status status = measureRegions(result->path(), how.threads, report); !status.ok())
    return status;
  return summary;
}

} // namespace ingot
