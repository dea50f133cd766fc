// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/MeasuredCompile.h"

#include "compiler/tools/Ablation.h"
#include "compiler/tools/Predictions.h"
#include "compiler/tools/RegionTimes.h"
#include "compiler/tools/Tuning.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Threading.h"

namespace ingot {
namespace {

/// Adds what the regions take with one thread and with all to the report.
absl::Status measureRegions(const std::string &program, uint32_t threads, llvm::json::Object &report) {
  llvm::json::Array &regions = *report.getArray("regions");
  llvm::json::Array runs;
  std::vector<double> alone;
  for (uint32_t number : {1U, threads}) {
    if (number == 1 && !alone.empty())
      break; // there is one core
    absl::StatusOr<RegionTimes> profile = profileRegions(program, number, regions.size());
    if (!profile.ok())
      return profile.status();
    const std::vector<double> &times = profile->regions;
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
    runs.push_back(llvm::json::Object{{"threads", number}, {"us", profile->run}});
  }
  llvm::json::Object &measurement = *report.getObject("measurement");
  measurement["runs"] = std::move(runs);
  measurement["predictions"] = comparePredictions(regions);
  return absl::OkStatus();
}

} // namespace

absl::StatusOr<CompileSummary> compileMeasured(CompileOptions &options, const MeasuredCompile &what) {
  MeasureOptions how{
      .arguments = {}, .threads = std::max(llvm::heavyweight_hardware_concurrency().compute_thread_count(), 1U), .seconds = what.seconds};
  llvm::json::Object measurement{
      {"threads", how.threads}, {"tuning", nullptr}, {"passes", llvm::json::Array()}, {"runs", llvm::json::Array()}, {"predictions", nullptr}};
  CompileOptions plain = options;
  plain.report.clear();
  if (what.tune) {
    absl::StatusOr<Tuning> tuning = tune(plain, {.cacheFolder = what.cacheFolder});
    if (!tuning.ok())
      return tuning.status();
    llvm::append_range(plain.tiles, tuning->tiles);
    measurement["tuning"] = tuning->asJson();
  }
  if (what.measure) {
    absl::StatusOr<TemporaryProgram> base = TemporaryProgram::compile(plain);
    if (!base.ok())
      return base.status();
    absl::StatusOr<std::vector<PassWorth>> worths = ablate(plain, base->path(), how);
    if (!worths.ok())
      return worths.status();
    absl::StatusOr<std::vector<std::string>> dropped = dropHarmful(plain, std::move(*base), how, *worths);
    if (!dropped.ok())
      return dropped.status();
    llvm::append_range(plain.disabledPasses, *dropped);
    for (const PassWorth &worth : *worths)
      measurement.getArray("passes")->push_back(worth.asJson());
  }
  options.tiles = plain.tiles;
  options.disabledPasses = plain.disabledPasses;
  absl::StatusOr<CompileSummary> summary = compileModel(options);
  if (!summary.ok() || !summary->report)
    return summary;
  llvm::json::Object &report = *summary->report;
  report["measurement"] = std::move(measurement);
  if (!what.measure)
    return summary;
  absl::StatusOr<TemporaryProgram> result = TemporaryProgram::compile(plain);
  if (!result.ok())
    return result.status();
  if (absl::Status status = measureRegions(result->path(), how.threads, report); !status.ok())
    return status;
  summary->notes.push_back(describePredictions(*report.getObject("measurement")->getObject("predictions")));
  return summary;
}

} // namespace ingot
