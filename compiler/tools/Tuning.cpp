// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/Tuning.h"

#include "compiler/Codegen/TemporaryFile.h"
#include "compiler/Target/TargetSpec.h"
#include "compiler/tools/Ablation.h"
#include "compiler/tools/RegionTimes.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA1.h"
#include "llvm/Support/Threading.h"

#include <chrono>
#include <cmath>

namespace ingot {
namespace {

constexpr size_t kMostTiles = 8;      // of a region that are measured, the model's choice included
constexpr double kMostPredicted = 2;  // times the model's choice: what it deems worse is not tried
constexpr double kLeastShare = 0.002; // of the run's time: smaller regions are left as they are
constexpr double kLeastGain = 0.02;   // of a region's time, below which the model's choice stays

/// A distinct region: its tiles as "12x64/2", the model's choice first, and what they took.
struct Choice {
  std::vector<std::string> tiles;
  std::vector<double> predicted, measured;
};
using Choices = llvm::MapVector<std::string, Choice, llvm::StringMap<unsigned>>;

std::string tileText(const llvm::json::Object &plan) {
  std::string text;
  for (const llvm::json::Value &size : *plan.getArray("tile"))
    text += (text.empty() ? "" : "x") + std::to_string(*size.getAsInteger());
  return text + "/" + std::to_string(*plan.getInteger("unroll"));
}

/// The distinct regions of a report with tiles to choose from, and their keys by number; empty for the others.
std::vector<std::string> collect(const llvm::json::Object &report, Choices &choices) {
  std::vector<std::string> keys;
  for (const llvm::json::Value &value : *report.getArray("regions")) {
    const llvm::json::Object &region = *value.getAsObject();
    std::string &key = keys.emplace_back(region.getString("key").value_or("").str());
    const llvm::json::Array &rejected = *region.getArray("rejected");
    if (key.empty() || rejected.empty()) {
      key.clear();
      continue;
    }
    Choice &choice = choices[key];
    if (!choice.tiles.empty())
      continue;
    choice.tiles.push_back(tileText(region));
    choice.predicted.push_back(*region.getNumber("predicted_us"));
    for (const llvm::json::Value &other : rejected) {
      const llvm::json::Object &candidate = *other.getAsObject();
      if (choice.tiles.size() == kMostTiles || *candidate.getNumber("predicted_us") > kMostPredicted * choice.predicted[0])
        break;
      choice.tiles.push_back(tileText(candidate));
      choice.predicted.push_back(*candidate.getNumber("predicted_us"));
    }
  }
  return keys;
}

/// What was found before, by region and the tiles that were tried.
class TileCache {
public:
  TileCache(const std::string &folder, uint32_t threads) {
    absl::StatusOr<TargetSpec> target = nativeTarget();
    if (folder.empty() || !target.ok())
      return;
    std::string machine = llvm::formatv("{0} {1} {2} {3} {4} {5} {6} {7}", INGOT_VERSION, target->cpu, target->tuneCpu, target->features,
                                        target->l1Bytes, target->l2Bytes, target->l3Bytes, threads);
    llvm::SmallString<128> file(folder);
    llvm::sys::path::append(file, "tiles-" + hash(machine) + ".json");
    path = file.str().str();
    auto text = llvm::MemoryBuffer::getFile(path);
    llvm::Expected<llvm::json::Value> value = llvm::json::parse(text ? (*text)->getBuffer() : "{}");
    if (value && value->getAsObject())
      entries = std::move(*value->getAsObject());
    else // a damaged cache is none
      llvm::consumeError(value.takeError());
  }

  std::optional<std::string> find(const std::string &key, const Choice &choice) const {
    std::optional<llvm::StringRef> tile = entries.getString(entryOf(key, choice));
    if (!tile || !llvm::is_contained(choice.tiles, *tile))
      return std::nullopt;
    return tile->str();
  }
  void add(const std::string &key, const Choice &choice, const std::string &tile) { entries[entryOf(key, choice)] = tile; }

  /// A cache that cannot be written is no error.
  void write() {
    if (path.empty() || llvm::sys::fs::create_directories(llvm::sys::path::parent_path(path)))
      return;
    writeFileAtomically(path, [&](llvm::raw_ostream &out) {
      out << llvm::json::Value(std::move(entries)) << '\n';
      return absl::OkStatus();
    }).IgnoreError();
  }

private:
  static std::string hash(llvm::StringRef text) { return llvm::toHex(llvm::SHA1::hash(llvm::arrayRefFromStringRef(text)), /*LowerCase=*/true); }
  static std::string entryOf(const std::string &key, const Choice &choice) { return hash(key + " " + llvm::join(choice.tiles, " ")); }

  std::string path;
  llvm::json::Object entries;
};

std::string forced(const std::string &key, const std::string &tile) { return key + ":" + tile; }

/// Profiles the program in which every region of `choices` has its tile number `rank`, and adds the times.
absl::Status measureRank(CompileOptions options, Choices &choices, size_t rank, uint32_t threads) {
  for (auto &[key, choice] : choices)
    if (rank < choice.tiles.size())
      options.tiles.push_back(forced(key, choice.tiles[rank]));
  CompileSummary summary;
  absl::StatusOr<TemporaryProgram> program = TemporaryProgram::compile(options, &summary);
  if (!program.ok())
    return program.status();
  Choices same;
  std::vector<std::string> keys = collect(*summary.report, same);
  absl::StatusOr<RegionTimes> times = profileRegions(program->path(), threads, keys.size());
  if (!times.ok())
    return times.status();
  llvm::StringMap<double> sums;
  for (auto [key, time] : llvm::zip_equal(keys, times->regions))
    sums[key] += time;
  for (auto &[key, choice] : choices) {
    if (rank == 0 && sums[key] < kLeastShare * times->run)
      choice.tiles.resize(1);
    if (rank >= choice.tiles.size())
      continue;
    choice.measured.resize(choice.tiles.size(), std::nan(""));
    choice.measured[rank] = std::fmin(choice.measured[rank], sums[key]);
  }
  return absl::OkStatus();
}

/// The model's choice, unless another one is clearly faster.
size_t bestOf(const Choice &choice) {
  size_t best = 0;
  for (size_t i = 1; i < choice.measured.size(); ++i)
    if (choice.measured[i] < (best == 0 ? 1 - kLeastGain : 1.0) * choice.measured[best])
      best = i;
  return best;
}

} // namespace

llvm::json::Object Tuning::asJson() const {
  return llvm::json::Object{
      {"distinct", distinct}, {"measured", measured}, {"programs", programs}, {"seconds", seconds}, {"tiles", llvm::json::Array(tiles)}};
}

absl::StatusOr<Tuning> tune(const CompileOptions &given, const TuneOptions &how) {
  auto start = std::chrono::steady_clock::now();
  auto elapsed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  uint32_t threads = how.threads != 0 ? how.threads : std::max(llvm::heavyweight_hardware_concurrency().compute_thread_count(), 1U);
  CompileOptions options = given;
  options.keepCandidates = true;
  options.report.clear();
  CompileOptions planOnly = options;
  planOnly.compileTo = "plan";
  absl::StatusOr<CompileSummary> plan = compileModel(planOnly);
  if (!plan.ok())
    return plan.status();
  Choices all, open;
  collect(*plan->report, all);
  TileCache cache(how.cacheFolder, threads);
  Tuning result;
  auto take = [&](const std::string &key, const Choice &choice, const std::string &tile) {
    if (tile != choice.tiles[0])
      result.tiles.push_back(forced(key, tile));
  };
  result.distinct = static_cast<int64_t>(all.size());
  for (auto &[key, choice] : all)
    if (std::optional<std::string> tile = cache.find(key, choice))
      take(key, choice, *tile);
    else
      open[key] = choice;
  result.measured = static_cast<int64_t>(open.size());
  Choices tried = open;
  auto ranks = [&] {
    size_t most = 0;
    for (auto &[key, choice] : tried)
      most = std::max(most, choice.tiles.size());
    return most;
  };
  for (size_t rank = 0; rank < ranks() && (rank == 0 || elapsed() < how.seconds); ++rank, ++result.programs)
    if (absl::Status status = measureRank(options, tried, rank, threads); !status.ok())
      return status;
  for (auto &[key, choice] : tried) {
    const std::string &tile = choice.tiles[bestOf(choice)];
    take(key, choice, tile);
    cache.add(key, open[key], tile);
  }
  if (!open.empty())
    cache.write();
  result.seconds = elapsed();
  return result;
}

} // namespace ingot
