// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Budget/Search.h"

#include "compiler/Compress/Budget/LayerChoice.h"
#include "compiler/Driver/UsageError.h"
#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace ingot::compress {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kSearchSamples = 16, kSensitivitySamples = 4;
/// Runs of each model in turn: so many at least, and as many as fit into the time at most.
constexpr int kLeastRounds = 5, kMostRounds = 200;
constexpr double kTimingSeconds = 0.2;
/// Shares of the layers that stay as they are, the most sensitive ones.
constexpr double kKeptShares[] = {1.0 / 16, 1.0 / 4, 1.0 / 2};
/// Shares of the weights that go.
constexpr double kSparsities[] = {0.5, 0.8};
/// Points that are also tried with other tiles, and the most seconds for finding the tiles of one.
constexpr size_t kTunedPoints = 2;
constexpr double kTuneSeconds = 15;
/// How much longer than it is told a search may take.
constexpr double kOvertime = 1.1;

double secondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

class Search {
public:
  explicit Search(const SearchOptions &options) : options(options) {}

  absl::StatusOr<SearchResult> run() {
    if (absl::Status status = prepare(); !status.ok())
      return status;
    if (absl::Status status = tryAll(); !status.ok())
      return status;
    markFront(result.points);
    result.seconds = secondsSince(start);
    return std::move(result);
  }

private:
  /// A precision of the whole model, with what else is known of it.
  struct Kind {
    Recipe recipe;
    std::vector<std::string> sensitive; ///< nodes, the most sensitive first
  };

  absl::Status prepare() {
    const std::vector<std::string> &paths = options.samples.empty() ? options.calibration.paths : options.samples;
    if (paths.empty() && !options.calibration.isRandom)
      return usageError("--search measures on samples: --calibration=FILE.npz, or --random-calibration, whose errors mean little");
    absl::StatusOr<SampleFiles> files = SampleFiles::open(paths, options.calibration.format);
    if (!files.ok())
      return files.status();
    absl::StatusOr<WorkFolder> made = WorkFolder::create(options.beside);
    if (!made.ok())
      return made.status();
    folder.emplace(std::move(*made));
    absl::StatusOr<std::unique_ptr<ErrorReference>> opened = ErrorReference::open(options.input, std::move(*files));
    if (!opened.ok())
      return opened.status();
    reference = std::move(*opened);
    absl::StatusOr<SampleSet> read = SampleSet::read(reference->inputs(), reference->files(), kSearchSamples);
    if (!read.ok())
      return read.status();
    samples = std::move(*read);
    absl::StatusOr<std::unique_ptr<CalibrationModel>> model = CalibrationModel::open(options.input, reference->outputs().vec());
    if (!model.ok())
      return model.status();
    original = std::move(*model);
    for (const Sample &sample : samples.samples()) {
      absl::StatusOr<std::vector<JitModel::Output>> outputs = original->values(sample);
      if (!outputs.ok())
        return outputs.status();
      wanted.push_back(std::move(*outputs));
    }
    SearchPoint &f32 = result.points.emplace_back();
    f32.number = 1;
    f32.recipe.name = "as it is";
    absl::StatusOr<double> ratio = speedup(*original);
    if (!ratio.ok())
      return ratio.status();
    if (absl::StatusOr<std::vector<JitModel::Output>> outputs = original->values(samples.samples().front()); !outputs.ok())
      return outputs.status();
    f32.bytes = original->weightBytes();
    longest = secondsSince(start);
    return absl::OkStatus();
  }

  std::vector<Kind> kinds() const {
    auto quantized = [&](const char *name, Mode mode, std::optional<int> bits, std::optional<int64_t> block) {
      QuantizeOptions step;
      step.mode = mode;
      step.include = options.include;
      step.exclude = options.exclude;
      step.weightBits = bits;
      step.blockSize = block;
      return Kind{{.name = name, .steps = {step}}, {}};
    };
    Kind int4Bytes = quantized("int4 weights, activations int8", Mode::WeightOnly, 4, 32);
    int4Bytes.recipe.int8Activations = true;
    auto pruned = [&](const char *name, double sparsity) {
      PruneOptions prune;
      prune.sparsity = sparsity;
      prune.method = PruneMethod::SparseGpt;
      prune.include = options.include;
      prune.exclude = options.exclude;
      return Kind{{.name = name, .prune = prune}, {}};
    };
    Kind sparseBytes = pruned("half of the weights in blocks of 1x16, dynamic int8", kSparsities[0]);
    sparseBytes.recipe.steps = quantized("", Mode::Dynamic, {}, {}).recipe.steps;
    return {quantized("dynamic int8", Mode::Dynamic, {}, {}),
            quantized("static int8", Mode::Static, {}, {}),
            quantized("int4 weights", Mode::WeightOnly, 4, 32),
            int4Bytes,
            quantized("int8 weights", Mode::WeightOnly, 8, 128),
            Kind{{.name = "bf16", .bf16 = true}, {}},
            pruned("half of the weights in blocks of 1x16", kSparsities[0]),
            pruned("a fifth of the weights in blocks of 1x16", kSparsities[1]),
            sparseBytes};
  }

  absl::Status tryAll() {
    std::vector<Kind> all = kinds(), precisions, sparsities;
    for (Kind &kind : all) {
      size_t before = result.points.size();
      if (absl::Status status = tryRecipe(kind.recipe); !status.ok())
        return status;
      bool isPrecision = !kind.recipe.steps.empty(), isSparsity = kind.recipe.prune.has_value();
      if (result.points.size() > before && isPrecision != isSparsity)
        (isPrecision ? precisions : sparsities).push_back(std::move(kind));
    }
    if (absl::Status status = tryKept(precisions); !status.ok())
      return status;
    if (absl::Status status = tryMixed(precisions); !status.ok())
      return status;
    if (absl::Status status = tryKept(sparsities); !status.ok())
      return status;
    return tryTiles();
  }

  /// Each of the kinds with sensitive layers as they are.
  absl::Status tryKept(std::vector<Kind> &tried) {
    for (Kind &kind : tried)
      if (absl::Status status = findSensitive(kind); !status.ok())
        return status;
    for (double share : kKeptShares)
      for (const Kind &kind : tried) {
        std::vector<std::string> kept = first(kind, share);
        if (kept.empty() || kept.size() == kind.sensitive.size())
          continue;
        Recipe recipe = kind.recipe;
        recipe.name += ", " + std::to_string(kept.size()) + (kept.size() == 1 ? " layer kept" : " layers kept") + (recipe.prune ? " dense" : "");
        llvm::append_range(recipe.prune ? recipe.prune->exclude : recipe.steps.front().exclude, kept);
        if (absl::Status status = tryRecipe(recipe); !status.ok())
          return status;
      }
    return absl::OkStatus();
  }

  /// The fastest points of the front within the budget, with tiles that are measured.
  absl::Status tryTiles() {
    if (!options.tune || !result.isComplete)
      return absl::OkStatus();
    markFront(result.points);
    std::vector<const SearchPoint *> best;
    for (const SearchPoint &point : result.points)
      if (point.isOnFront && point.meetsBudget)
        best.push_back(&point);
    llvm::sort(best, [](const SearchPoint *left, const SearchPoint *right) {
      return std::pair(left->milliseconds, left->number) < std::pair(right->milliseconds, right->number);
    });
    std::vector<Recipe> recipes;
    for (const SearchPoint *point : llvm::ArrayRef(best).take_front(kTunedPoints))
      recipes.push_back(point->recipe);
    std::map<std::string, std::vector<int64_t>> shapes;
    for (const auto &[name, tensor] : samples.samples().front())
      shapes[name] = tensor.dims;
    for (Recipe &recipe : recipes) {
      double left = kOvertime * options.seconds - secondsSince(start) - 3 * longest; // the last program of tuning, and the point itself
      if (!hasTime(3 * longest))
        return absl::OkStatus();
      absl::StatusOr<std::string> path = applyRecipe(recipe, options.input, options.calibration, *folder);
      if (!path.ok())
        return path.status();
      absl::StatusOr<std::vector<std::string>> tiles = options.tune(*path, recipe, shapes, std::min(left, kTuneSeconds));
      if (!tiles.ok())
        return tiles.status();
      if (tiles->empty()) {
        result.notes.push_back(recipe.name + " with other tiles: none is faster than those of the cost model");
        continue;
      }
      recipe.tiles = std::move(*tiles);
      recipe.name += ", tuned tiles";
      if (absl::Status status = tryRecipe(recipe); !status.ok())
        return status;
    }
    return absl::OkStatus();
  }

  /// Weights in 4 bits where that costs little, bytes in the other layers.
  absl::Status tryMixed(llvm::ArrayRef<Kind> tried) {
    auto find = [&](llvm::StringRef name) { return llvm::find_if(tried, [&](const Kind &kind) { return kind.recipe.name == name; }); };
    const Kind *small = find("int4 weights");
    for (const char *name : {"dynamic int8", "static int8"}) {
      const Kind *bytes = find(name);
      if (small == tried.end() || bytes == tried.end())
        continue;
      for (double share : {1.0 / 4, 1.0 / 2}) {
        std::vector<std::string> others = first(*small, share);
        if (others.empty() || others.size() == small->sensitive.size())
          continue;
        Recipe recipe = small->recipe;
        recipe.name += ", " + std::to_string(others.size()) + " layers " + name;
        llvm::append_range(recipe.steps.front().exclude, others);
        recipe.steps.push_back(bytes->recipe.steps.front());
        if (absl::Status status = tryRecipe(recipe); !status.ok())
          return status;
      }
    }
    return absl::OkStatus();
  }

  static std::vector<std::string> first(const Kind &kind, double share) {
    auto count = static_cast<size_t>(std::max(1.0, share * static_cast<double>(kind.sensitive.size())));
    return llvm::ArrayRef(kind.sensitive).take_front(std::min(count, kind.sensitive.size())).vec();
  }

  bool hasTime(double needed) {
    bool fits = secondsSince(start) + needed <= kOvertime * options.seconds;
    result.isComplete &= fits;
    return fits;
  }

  absl::Status findSensitive(Kind &kind) {
    if (!hasTime(2 * longest))
      return absl::OkStatus();
    Clock::time_point began = Clock::now();
    absl::StatusOr<std::string> path = applyRecipe(kind.recipe, options.input, options.calibration, *folder);
    if (!path.ok())
      return path.status();
    absl::StatusOr<std::unique_ptr<LayerSwitches>> switches = LayerSwitches::open(*reference, *path, *folder, kSensitivitySamples);
    if (!switches.ok())
      return switches.status();
    absl::StatusOr<std::vector<LayerSensitivity>> found = measureSensitivities(**switches);
    if (!found.ok())
      return found.status();
    for (const LayerSensitivity &one : *found)
      kind.sensitive.push_back(one.layer.node);
    longest = std::max(longest, secondsSince(began) / 2);
    return absl::OkStatus();
  }

  /// Adds the point, if there is time and the recipe has something to do.
  absl::Status tryRecipe(const Recipe &recipe) {
    if (!hasTime(longest))
      return absl::OkStatus();
    Clock::time_point began = Clock::now();
    absl::StatusOr<std::string> path = applyRecipe(recipe, options.input, options.calibration, *folder);
    if (absl::IsFailedPrecondition(path.status())) {
      result.notes.push_back(recipe.name + ": " + std::string(path.status().message()));
      return absl::OkStatus();
    }
    if (!path.ok())
      return path.status();
    StageOptions stages = StageOptions::ofLevel(3);
    stages.bf16 = recipe.bf16;
    stages.activationBytes = recipe.int8Activations ? 1 : 4;
    stages.tiles = recipe.tiles;
    absl::StatusOr<std::unique_ptr<CalibrationModel>> model = CalibrationModel::open(*path, reference->outputs().vec(), stages);
    if (!model.ok())
      return model.status();
    SearchPoint point;
    point.recipe = recipe;
    std::vector<ErrorMeter> meters(reference->outputs().size());
    for (auto [sample, wants] : llvm::zip_equal(samples.samples(), wanted)) {
      absl::StatusOr<std::vector<JitModel::Output>> outputs = (*model)->values(sample);
      if (!outputs.ok())
        return outputs.status();
      for (auto [meter, want, have] : llvm::zip_equal(meters, wants, *outputs))
        meter.add(floatsOf(want), floatsOf(have), want.tensor.dims.empty() ? 1 : want.tensor.dims.back());
    }
    for (const ErrorMeter &meter : meters)
      point.error = worstOf(point.error, meter.error());
    point.meetsBudget = options.budget.isMetBy(point.error);
    absl::StatusOr<double> ratio = speedup(**model);
    if (!ratio.ok())
      return ratio.status();
    point.bytes = (*model)->weightBytes();
    point.speedup = *ratio;
    point.milliseconds = result.points.front().milliseconds / *ratio;
    point.number = static_cast<int>(result.points.size()) + 1;
    result.points.push_back(std::move(point));
    longest = std::max(longest, secondsSince(began));
    return absl::OkStatus();
  }

  /// Of a model over the original, by the shortest of runs in turn.
  absl::StatusOr<double> speedup(CalibrationModel &model) {
    const Sample &sample = samples.samples().front();
    double shortest[2] = {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
    Clock::time_point began = Clock::now();
    for (int round = 0; round < kLeastRounds || (round < kMostRounds && secondsSince(began) < kTimingSeconds); ++round)
      for (CalibrationModel *one : {original.get(), &model}) {
        Clock::time_point before = Clock::now();
        if (absl::StatusOr<std::vector<JitModel::Output>> outputs = one->values(sample); !outputs.ok())
          return outputs.status();
        double &least = shortest[one == original.get() ? 0 : 1];
        least = std::min(least, secondsSince(before));
      }
    SearchPoint &f32 = result.points.front();
    f32.milliseconds = f32.milliseconds == 0 ? 1e3 * shortest[0] : f32.milliseconds;
    return &model == original.get() ? 1 : shortest[0] / shortest[1];
  }

  const SearchOptions &options;
  const Clock::time_point start = Clock::now();
  double longest = 0; ///< seconds that a point takes
  std::optional<WorkFolder> folder;
  std::unique_ptr<ErrorReference> reference;
  SampleSet samples;
  std::unique_ptr<CalibrationModel> original;
  std::vector<std::vector<JitModel::Output>> wanted; ///< of each sample
  SearchResult result;
};

} // namespace

void markFront(std::vector<SearchPoint> &points) {
  auto measures = [](const SearchPoint &point) { return std::array{static_cast<double>(point.bytes), point.milliseconds, point.error.noise}; };
  for (SearchPoint &point : points)
    point.isOnFront = llvm::none_of(points, [&](const SearchPoint &other) {
      auto mine = measures(point), its = measures(other);
      return its != mine && llvm::all_of(llvm::zip(its, mine), [](auto pair) { return std::get<0>(pair) <= std::get<1>(pair); });
    });
}

const SearchPoint *bestPoint(llvm::ArrayRef<SearchPoint> points) {
  const SearchPoint *best = nullptr;
  for (const SearchPoint &point : points)
    if (point.meetsBudget && (!best || point.milliseconds < best->milliseconds))
      best = &point;
  return best;
}

absl::StatusOr<SearchResult> searchCompression(const SearchOptions &options) { return Search(options).run(); }

} // namespace ingot::compress
