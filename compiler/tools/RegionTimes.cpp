// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/RegionTimes.h"

#include "compiler/tools/ProgramCall.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

#include <algorithm>

namespace ingot {

absl::StatusOr<RegionTimes> profileRegions(const std::string &program, uint32_t threads, size_t regions) {
  constexpr double kMilliseconds = 500, kMostRuns = 500;
  llvm::SmallString<128> path;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile("ingot-profile", "json", path))
    return absl::UnavailableError("cannot make a temporary file: " + error.message());
  llvm::scope_exit clean([&] { llvm::sys::fs::remove(path); });
  std::vector<std::string> command = {program, "--random", "--json", "--threads", std::to_string(threads), "--iterations", "2"};
  absl::StatusOr<llvm::json::Object> trial = callProgram(command);
  if (!trial.ok())
    return trial.status();
  double median = std::max(trial->getNumber("median_ms").value_or(1), 1e-3);
  command.back() = std::to_string(static_cast<int64_t>(std::clamp(kMilliseconds / median, 5.0, kMostRuns)));
  command.insert(command.end(), {"--profile", path.str().str()});
  absl::StatusOr<llvm::json::Object> answer = callProgram(command);
  if (!answer.ok())
    return answer.status();
  auto text = llvm::MemoryBuffer::getFile(path);
  llvm::Expected<llvm::json::Value> value = llvm::json::parse(text ? (*text)->getBuffer() : "");
  llvm::json::Object *profile = value && value->getAsObject() ? value->getAsObject()->getObject("ingot") : nullptr;
  const llvm::json::Array *list = profile ? profile->getArray("regions") : nullptr;
  if (!list) {
    llvm::consumeError(value.takeError());
    return absl::InternalError("'" + program + "' wrote no profile");
  }
  RegionTimes times{1e3 * answer->getNumber("median_ms").value_or(0), std::vector<double>(regions)};
  double runs = std::max(profile->getNumber("runs").value_or(1), 1.0);
  for (const llvm::json::Value &entry : *list)
    if (const llvm::json::Object *region = entry.getAsObject())
      if (std::optional<int64_t> number = region->getInteger("region"); number && *number >= 0 && static_cast<size_t>(*number) < regions)
        times.regions[*number] = region->getNumber("median_us").value_or(0) * region->getNumber("calls").value_or(0) / runs;
  return times;
}

} // namespace ingot
