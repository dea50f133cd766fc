// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/Compress/SearchCommand.h"

#include "compiler/Codegen/TemporaryFile.h"
#include "compiler/Driver/UsageError.h"
#include "compiler/tools/Compress/BudgetReport.h"
#include "compiler/tools/Tuning.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

namespace ingot {
namespace {

using namespace compress;

constexpr double kMiB = 1048576;

std::string frontText(const SearchResult &result) {
  std::string text;
  llvm::raw_string_ostream out(text);
  std::vector<const SearchPoint *> front;
  for (const SearchPoint &point : result.points)
    if (point.isOnFront)
      front.push_back(&point);
  llvm::sort(front, [](const SearchPoint *left, const SearchPoint *right) {
    return std::tuple(left->milliseconds, left->number) < std::tuple(right->milliseconds, right->number);
  });
  out << result.points.size() << " points in " << llvm::format("%.1f", result.seconds) << " s"
      << (result.isComplete ? "" : ", the rest did not fit into the time") << "; " << front.size() << " of them are the Pareto front:\n"
      << "point  weights MiB  time ms  speedup  max error  SQNR dB  least cosine  top-1 %  what\n";
  for (const SearchPoint *point : front)
    out << llvm::format("%5d  %11.2f  %7.3f  %6.2fx  %9.3g  %7.1f  %12.5f  %7.1f  ", point->number, static_cast<double>(point->bytes) / kMiB,
                        point->milliseconds, point->speedup, point->error.maxError, point->error.sqnr(), point->error.leastCosine,
                        100 * point->error.top1)
        << point->recipe.name << (point->meetsBudget ? "" : " (not within the budget)") << '\n';
  for (const std::string &note : result.notes)
    out << "not tried: " << llvm::StringRef(note).split('\n').first << '\n';
  return text;
}

llvm::json::Object searchJson(const SearchResult &result, const std::string &model) {
  llvm::json::Array points;
  for (const SearchPoint &point : result.points)
    points.push_back(llvm::json::Object{{"point", point.number},
                                        {"name", point.recipe.name},
                                        {"recipe", point.recipe.json()},
                                        {"weight_bytes", static_cast<int64_t>(point.bytes)},
                                        {"milliseconds", point.milliseconds},
                                        {"speedup", point.speedup},
                                        {"error", errorJson(point.error)},
                                        {"pareto", point.isOnFront},
                                        {"meets_budget", point.meetsBudget}});
  return llvm::json::Object{{"model", model}, {"seconds", result.seconds}, {"complete", result.isComplete}, {"points", std::move(points)}};
}

SampleSource samplesOf(const CommandLine &line) { return {line.quantize.calibration, line.quantize.sampleFormat, line.quantize.randomCalibration}; }

/// How the model that a recipe has made is compiled.
void takeRecipe(const Recipe &recipe, CompileOptions &options) {
  options.precision = recipe.bf16 ? Precision::Bf16 : options.precision;
  options.activations = recipe.int8Activations ? Activations::Int8 : options.activations;
  options.measureError = false;   // it was measured, on better inputs
  if (options.target == "native") // the tiles are for registers and caches of this machine
    llvm::append_range(options.tiles, recipe.tiles);
}

/// Measures tiles as `--tune` does, on one thread as the search does.
absl::StatusOr<std::vector<std::string>> tuneTiles(const CommandLine &line, const std::string &model, const Recipe &recipe,
                                                   const std::map<std::string, std::vector<int64_t>> &shapes, double seconds) {
  CompileOptions options;
  options.input = model;
  options.toolPath = line.options.toolPath;
  options.inputShapes = shapes;
  takeRecipe(recipe, options);
  absl::StatusOr<Tuning> tuning = tune(options, {.cacheFolder = line.measured.cacheFolder, .threads = 1, .seconds = seconds});
  return tuning.ok() ? absl::StatusOr<std::vector<std::string>>(tuning->tiles) : tuning.status();
}

/// Compiles what a recipe makes of the model.
absl::StatusOr<CompileSummary> compileRecipe(CommandLine &line, const Recipe &recipe) {
  absl::StatusOr<WorkFolder> folder = WorkFolder::create(line.options.output);
  if (!folder.ok())
    return folder.status();
  absl::StatusOr<std::string> path = applyRecipe(recipe, line.options.input, samplesOf(line), *folder);
  if (!path.ok())
    return path.status();
  CompileOptions options = line.options;
  options.input = *path;
  takeRecipe(recipe, options);
  absl::StatusOr<CompileSummary> summary = compileModel(options);
  if (summary.ok())
    summary->notes.push_back("compressed: " + recipe.name);
  return summary;
}

} // namespace

absl::Status checkSearch(const CommandLine &line) {
  const SearchFlags &flags = line.search;
  bool hasBudget = line.measures.budget.isSet();
  if (!flags.isOn && !flags.point && (!flags.file.empty() || flags.hasTime || !line.bench.chart.empty() || line.json))
    return usageError("--search-file, --time-budget, --chart and --json of compile go with --search");
  if (flags.isOn && (flags.point || line.isQuantized || line.isPruned))
    return usageError("--search chooses the compression itself: without --quantize, --prune and --point");
  if (flags.point && flags.file.empty())
    return usageError("--point is one of a search: --search-file=FILE.json says which");
  if (flags.isOn && !line.options.output.empty() && !hasBudget)
    return usageError("--search with -o compiles the fastest point within a budget: give --max-error, --min-cosine or --min-top1, or leave out -o");
  if (flags.isOn && line.options.output.empty() && hasBudget)
    return usageError("no output given for the fastest point within the budget: add -o FILE");
  return absl::OkStatus();
}

absl::StatusOr<SearchOutcome> runSearch(CommandLine &line) {
  std::string beside = line.options.output.empty() ? line.search.file : line.options.output;
  for (const std::string &written : {line.options.output, line.search.file, line.bench.chart})
    if (absl::Status status = written.empty() ? absl::OkStatus() : checkWritable(written); !status.ok())
      return status;
  SearchOptions options{.input = line.options.input,
                        .beside = beside.empty() ? llvm::sys::path::filename(line.options.input).str() : beside,
                        .calibration = samplesOf(line),
                        .samples = line.measures.samples,
                        .include = line.quantize.include,
                        .exclude = line.quantize.exclude,
                        .budget = line.measures.budget,
                        .seconds = line.search.seconds,
                        .tune = [&](const std::string &model, const Recipe &recipe, const std::map<std::string, std::vector<int64_t>> &shapes,
                                    double seconds) { return tuneTiles(line, model, recipe, shapes, seconds); }};
  absl::StatusOr<SearchResult> result = searchCompression(options);
  if (!result.ok())
    return result.status();
  SearchOutcome outcome{frontText(*result), searchJson(*result, options.input), std::nullopt};
  if (!line.search.file.empty())
    if (absl::Status status = writeCompressionReport(line.search.file, outcome.object); !status.ok())
      return status;
  auto draw = [&](llvm::raw_ostream &out) {
    out << frontChart(result->points, llvm::sys::path::filename(options.input));
    return absl::OkStatus();
  };
  if (absl::Status status = line.bench.chart.empty() ? absl::OkStatus() : writeFileAtomically(line.bench.chart, draw); !status.ok())
    return status;
  if (line.options.output.empty())
    return outcome;
  const SearchPoint *best = bestPoint(result->points);
  absl::StatusOr<CompileSummary> summary = compileRecipe(line, best->recipe);
  if (!summary.ok())
    return summary.status();
  outcome.text += "point " + std::to_string(best->number) + " is the fastest within " + options.budget.text() + "\n";
  outcome.object["compiled_point"] = best->number;
  outcome.compiled = std::move(*summary);
  return outcome;
}

absl::StatusOr<CompileSummary> compilePoint(CommandLine &line) {
  const std::string &file = line.search.file;
  auto text = llvm::MemoryBuffer::getFile(file);
  if (!text)
    return absl::NotFoundError("cannot read '" + file + "': " + text.getError().message());
  llvm::Expected<llvm::json::Value> parsed = llvm::json::parse((*text)->getBuffer());
  if (!parsed)
    return absl::InvalidArgumentError(file + ": " + llvm::toString(parsed.takeError()));
  const llvm::json::Object *object = parsed->getAsObject();
  const llvm::json::Array *points = object ? object->getArray("points") : nullptr;
  if (!points)
    return absl::InvalidArgumentError(file + ": this is no file of a search: it has no points");
  for (const llvm::json::Value &value : *points) {
    const llvm::json::Object *point = value.getAsObject();
    if (!point || point->getInteger("point") != line.search.point)
      continue;
    const llvm::json::Object *json = point->getObject("recipe");
    absl::StatusOr<Recipe> recipe = Recipe::fromJson(json ? *json : llvm::json::Object());
    if (!recipe.ok())
      return absl::InvalidArgumentError(file + ": " + std::string(recipe.status().message()));
    return compileRecipe(line, *recipe);
  }
  return absl::InvalidArgumentError(file + ": there is no point " + std::to_string(*line.search.point) + ", only 1 to " +
                                    std::to_string(points->size()));
}

} // namespace ingot
