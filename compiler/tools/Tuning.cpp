// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/Tuning.h"

#include "compiler/Codegen/TemporaryFile.h"
#include "compiler/Target/TargetSpec.h"
#include "compiler/tools/Ablation.h"
#include "compiler/tools/RegionTimes.h"
#include "passes/Kernel/Product/WeightFetch.h"
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

constexpr size_t kMostTried = 7;      // of a region's tiles and ways to fetch its weights, the model's choice included
constexpr double kMostPredicted = 2;  // times the model's choice: what it deems worse is not tried
constexpr double kLeastShare = 0.002; // of the run's time: smaller regions are left as they are
constexpr double kLeastGain = 0.02;   // of a region's time, below which the model's choice stays

/// The first one, unless another one is clearly faster.
size_t bestOf(llvm::ArrayRef<double> times) {
  size_t best = 0;
  for (size_t i = 1; i < times.size(); ++i)
    if (times[i] < (best == 0 ? 1 - kLeastGain : 1.0) * times[best])
      best = i;
  return best;
}

/// A distinct region. Its tiles ("12x64/2") are measured first, the model's choice before the others, then the best one of them with other ways to
/// fetch its weights ("12x64/2@0+32").
struct Choice {
  std::vector<std::string> tiles;
  std::vector<double> predicted;                    ///< of the tiles
  llvm::StringMap<std::vector<std::string>> others; ///< by tile, as soon as it has been planned: the ways that the model did not take, "0+32"
  std::vector<double> tileTimes, otherTimes;        ///< of as many as have been measured

  const std::string &bestTile() const { return tiles[bestOf(tileTimes)]; }
  /// What is to be measured next; nothing when all has been.
  std::optional<std::string> next() const {
    if (tileTimes.size() < tiles.size())
      return tiles[tileTimes.size()];
    std::vector<std::string> ways = others.lookup(bestTile()); // of another tile there may be more than of the model's choice
    bool isLeft = otherTimes.size() < ways.size() && tileTimes.size() + otherTimes.size() < kMostTried;
    return isLeft ? std::optional(bestTile() + "@" + ways[otherTimes.size()]) : std::nullopt;
  }
  void add(double time) { (tileTimes.size() < tiles.size() ? tileTimes : otherTimes).push_back(time); }
  std::string best() const {
    std::vector<double> times = {tileTimes[bestOf(tileTimes)]};
    llvm::append_range(times, otherTimes);
    size_t way = bestOf(times);
    return way == 0 ? bestTile() : bestTile() + "@" + others.lookup(bestTile())[way - 1];
  }
};
using Choices = llvm::MapVector<std::string, Choice, llvm::StringMap<unsigned>>;

std::string tileText(const llvm::json::Object &plan) {
  std::string text;
  for (const llvm::json::Value &size : *plan.getArray("tile"))
    text += (text.empty() ? "" : "x") + std::to_string(*size.getAsInteger());
  return text + "/" + std::to_string(*plan.getInteger("unroll"));
}

/// The ways to fetch weights that a planned region could have instead.
std::vector<std::string> othersOf(const llvm::json::Object &region) {
  std::vector<std::string> texts;
  for (const llvm::json::Value &other : *region.getArray("other_loads")) {
    const llvm::json::Array &numbers = *other.getAsArray();
    texts.push_back(LoadSchedule{.tiles = *numbers[0].getAsInteger(), .ahead = *numbers[1].getAsInteger()}.text());
  }
  return texts;
}

/// The distinct regions of a report with something to choose, and their keys by number; empty for the others.
std::vector<std::string> collect(const llvm::json::Object &report, Choices &choices) {
  std::vector<std::string> keys;
  for (const llvm::json::Value &value : *report.getArray("regions")) {
    const llvm::json::Object &region = *value.getAsObject();
    std::string &key = keys.emplace_back(region.getString("key").value_or("").str());
    const llvm::json::Array &rejected = *region.getArray("rejected");
    std::vector<std::string> others = othersOf(region);
    if (key.empty() || (rejected.empty() && others.empty())) {
      key.clear();
      continue;
    }
    Choice &choice = choices[key];
    if (!choice.tiles.empty())
      continue;
    choice.tiles.push_back(tileText(region));
    choice.others[choice.tiles[0]] = others;
    choice.predicted.push_back(*region.getNumber("predicted_us"));
    for (const llvm::json::Value &other : rejected) {
      const llvm::json::Object &candidate = *other.getAsObject();
      if (choice.tiles.size() + others.size() >= kMostTried || *candidate.getNumber("predicted_us") > kMostPredicted * choice.predicted[0])
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
    std::optional<llvm::StringRef> best = entries.getString(entryOf(key, choice));
    if (!best)
      return std::nullopt;
    auto [tile, loads] = best->split('@');
    bool isKnown = llvm::is_contained(choice.tiles, tile) && (!best->contains('@') || LoadSchedule::parse(loads));
    return isKnown ? std::optional(best->str()) : std::nullopt;
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
  static std::string entryOf(const std::string &key, const Choice &choice) { return hash(key + " loads " + llvm::join(choice.tiles, " ")); }

  std::string path;
  llvm::json::Object entries;
};

std::string forced(const std::string &key, const std::string &tile) { return key + ":" + tile; }

/// Profiles the program in which every region of `choices` has what is to be measured next of it, and adds the times.
absl::Status measureNext(CompileOptions options, Choices &choices, uint32_t threads) {
  for (auto &[key, choice] : choices)
    if (std::optional<std::string> tile = choice.next())
      options.tiles.push_back(forced(key, *tile));
  CompileSummary summary;
  absl::StatusOr<TemporaryProgram> program = TemporaryProgram::compile(options, &summary);
  if (!program.ok())
    return program.status();
  Choices planned;
  std::vector<std::string> keys = collect(*summary.report, planned);
  absl::StatusOr<RegionTimes> times = profileRegions(program->path(), threads, keys.size());
  if (!times.ok())
    return times.status();
  llvm::StringMap<double> sums;
  for (auto [key, time] : llvm::zip_equal(keys, times->regions))
    sums[key] += time;
  for (auto &[key, choice] : choices) {
    if (!choice.next())
      continue;
    choice.add(sums[key]);
    auto own = planned.find(key);
    if (own != planned.end() && choice.otherTimes.empty()) // these ways are those of the tile
      choice.others[own->second.tiles[0]] = own->second.others.lookup(own->second.tiles[0]);
    if (choice.tileTimes.size() == 1 && sums[key] < kLeastShare * times->run) {
      choice.tiles.resize(1);
      choice.others.clear();
    }
  }
  return absl::OkStatus();
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
  auto isLeft = [](const auto &entry) { return entry.second.next().has_value(); };
  for (; llvm::any_of(tried, isLeft) && (result.programs == 0 || elapsed() < how.seconds); ++result.programs)
    if (absl::Status status = measureNext(options, tried, threads); !status.ok())
      return status;
  for (auto &[key, choice] : tried) {
    std::string best = choice.best();
    take(key, choice, best);
    cache.add(key, open[key], best);
  }
  if (!open.empty())
    cache.write();
  result.seconds = elapsed();
  return result;
}

} // namespace ingot
