// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Prune/SparseWeights.h"

#include "compiler/Compress/Calibrate/SampledInputs.h"
#include "compiler/Compress/Prune/MeasuredShares.h"
#include "compiler/Compress/Prune/Reconstruction.h"
#include "compiler/Compress/Prune/SparsityBudget.h"
#include "llvm/ADT/STLExtras.h"

#include <cmath>
#include <map>
#include <set>

namespace ingot::compress {
namespace {

/// Of a layer, unless more of all layers is wanted: without any weights nothing of what was before a layer matters any more.
constexpr double kMostOfLayer = 0.95;
/// Where errors are measured, as parts of the largest share.
constexpr double kTriedShares[] = {0.25, 0.5, 0.65, 0.8, 0.9, 1};
/// Moments of activations that are in memory at a time; each such group is a pass over the samples.
constexpr int64_t kMomentBytes = int64_t(512) << 20;

/// A constant of weights, and the nodes that multiply by it in the same way.
struct Layer {
  std::vector<Product> products;
  double share = 0;
  bool isFixed = false;              ///< the user gave its share
  std::optional<size_t> inputs = {}; ///< the number of its rows among what is sampled
  const Weights &weights() const { return products.front().weights; }
};

/// By numbers of rows.
using Moments = std::map<size_t, SecondMoments>;

class SparseWeights {
public:
  SparseWeights(ModelEditor &editor, const PruneOptions &options, PruneSummary &summary)
      : editor(editor), options(options), method(options.method.value_or(PruneMethod::Magnitude)), pattern(options.pattern.value_or(PrunePattern())),
        summary(summary) {}

  absl::Status run(const NodeSelection &selection) {
    constexpr llvm::StringRef defaults[] = {"MatMul", "Gemm", "Conv"};
    for (Product &product : findProducts(editor, selection, defaults, summary.leftAlone))
      addProduct(std::move(product));
    if (!options.calibration.empty() || options.randomCalibration) {
      absl::StatusOr<SampledInputs> opened = SampledInputs::open(options.input, options.calibration, options.sampleFormat);
      if (!opened.ok())
        return opened.status();
      sampled = std::move(*opened);
      findInputs();
    }
    if (absl::Status status = chooseShares(); !status.ok())
      return status;
    absl::Status status = visitLayers([&](Layer &layer, SecondMoments *moments) { return prune(layer, moments); });
    editor.reindex();
    return status;
  }

private:
  /// All layers with the moments of their inputs, where these are known, as many at a time as fit into memory.
  absl::Status visitLayers(llvm::function_ref<absl::Status(Layer &layer, SecondMoments *moments)> visit) {
    for (llvm::MutableArrayRef<Layer> rest = layers; !rest.empty();) {
      Moments moments;
      llvm::MutableArrayRef<Layer> group = rest.take_front(sampled ? countThatFits(rest) : rest.size());
      if (absl::Status status = measure(group, moments); !status.ok())
        return status;
      for (Layer &layer : group)
        if (absl::Status status = visit(layer, layer.inputs ? &moments.at(*layer.inputs) : nullptr); !status.ok())
          return status;
      rest = rest.drop_front(group.size());
    }
    return absl::OkStatus();
  }

  WeightUnits unitsOf(const Weights &weights) const {
    bool isBlocks = pattern.kind == PrunePattern::Kind::Blocks;
    return {weights.depth, weights.channels, isBlocks ? pattern.rows : 1, isBlocks ? pattern.columns : 1};
  }

  /// Why the pattern does not suit a node, or nothing.
  std::string whyNot(const Product &product) const {
    const Weights &weights = product.weights;
    if (pattern.kind == PrunePattern::Kind::Blocks && (weights.channels < pattern.columns || weights.depth < pattern.rows))
      return "is smaller than a block";
    if (pattern.kind == PrunePattern::Kind::Blocks && integerAttribute(editor.node(product.node), "group", 1) > 1)
      return "has groups: a block would lie across them";
    if (pattern.kind == PrunePattern::Kind::TwoFour && weights.depth < 4)
      return "adds up less than four products";
    return "";
  }

  void addProduct(Product product) {
    const onnx::NodeProto &node = editor.node(product.node);
    if (std::string reason = whyNot(product); !reason.empty()) {
      summary.leftAlone.push_back({node.name(), node.op_type(), std::move(reason)});
      return;
    }
    auto it = llvm::find_if(layers, [&](const Layer &layer) {
      return layer.weights().name == product.weights.name && layer.weights().channelAxis == product.weights.channelAxis;
    });
    if (it == layers.end())
      it = layers.insert(layers.end(), Layer());
    if (auto given = options.layerSparsity.find(node.name()); given != options.layerSparsity.end()) {
      it->share = given->second;
      it->isFixed = true;
    }
    it->products.push_back(std::move(product));
  }

  /// Finds what the products of layers multiply; those of which that is not known go by magnitude. Of weights that are shared the first product
  /// counts.
  void findInputs() {
    std::map<std::string, std::vector<std::string>> unknown;
    for (Layer &layer : layers) {
      std::string reason;
      std::vector<InputRows> rows = inputRows(editor, layer.products.front(), reason);
      if (rows.size() > 1)
        reason = "they are convolutions with groups";
      if (rows.size() == 1)
        layer.inputs = sampled->add(std::move(rows.front()));
      else
        unknown[reason].push_back(editor.node(layer.products.front().node).name());
    }
    if (method != PruneMethod::Magnitude)
      for (const auto &[reason, nodes] : unknown)
        summary.notes.push_back((nodes.size() == 1 ? "node '" : std::to_string(nodes.size()) + " nodes, the first '") + nodes.front() +
                                "', went by the magnitude of weights: " + reason);
    if (options.randomCalibration)
      summary.notes.push_back("the samples were random numbers (--random-calibration): they do not represent what the model will see, and what they "
                              "say about weights and errors means little");
  }

  /// As many layers as have their moments in memory together, at least one.
  size_t countThatFits(llvm::ArrayRef<Layer> rest) const {
    std::set<size_t> seen;
    int64_t sum = 0;
    for (auto [i, layer] : llvm::enumerate(rest)) {
      int64_t more = SecondMoments::bytesFor(layer.weights().depth);
      if (!layer.inputs || !seen.insert(*layer.inputs).second)
        continue;
      sum += more;
      if (i > 0 && sum > kMomentBytes)
        return i;
    }
    return rest.size();
  }

  absl::Status measure(llvm::ArrayRef<Layer> group, Moments &moments) {
    std::vector<size_t> numbers;
    for (const Layer &layer : group)
      if (layer.inputs && moments.try_emplace(*layer.inputs, layer.weights().depth).second)
        numbers.push_back(*layer.inputs);
    if (numbers.empty())
      return absl::OkStatus();
    absl::Status status = sampled->visit(numbers, [&](size_t number, llvm::ArrayRef<float> rows) { moments.at(number).add(rows); });
    summary.samples = sampled->samples;
    return status;
  }

  /// Decides how much of each layer goes.
  absl::Status chooseShares() {
    if (pattern.kind == PrunePattern::Kind::TwoFour || options.uniform || !options.sparsity) {
      double share = pattern.kind == PrunePattern::Kind::TwoFour ? 0.5 : options.sparsity.value_or(0);
      for (Layer &layer : layers)
        layer.share = layer.isFixed ? layer.share : share;
      return absl::OkStatus();
    }
    if (options.allocation == PruneAllocation::Measured)
      return measureShares();
    std::map<size_t, std::vector<float>> importance;
    if (method != PruneMethod::Magnitude)
      if (absl::Status status = sumSquares(importance); !status.ok())
        return status;
    SparsityBudget budget;
    std::vector<Layer *> open;
    for (Layer &layer : layers) {
      if (layer.isFixed)
        continue;
      absl::StatusOr<WeightMatrix> weights = WeightMatrix::read(editor, layer.weights());
      if (!weights.ok())
        return weights.status();
      llvm::ArrayRef<float> squares;
      if (auto known = layer.inputs ? importance.find(*layer.inputs) : importance.end(); known != importance.end())
        squares = known->second;
      budget.addLayer(unitScores(*weights, unitsOf(layer.weights()), squares), weights->depth * weights->channels);
      open.push_back(&layer);
    }
    if (!open.empty())
      for (auto [layer, share] : llvm::zip_equal(open, budget.shares(*options.sparsity, std::max(*options.sparsity, kMostOfLayer))))
        layer->share = share;
    return absl::OkStatus();
  }

  /// Shares with the least sum of errors. Layers whose inputs are not known have the share that all have together.
  absl::Status measureShares() {
    double most = std::max(*options.sparsity, kMostOfLayer);
    std::vector<ErrorCurve> curves;
    std::vector<Layer *> open;
    absl::Status status = visitLayers([&](Layer &layer, SecondMoments *moments) {
      if (layer.isFixed)
        return absl::OkStatus();
      layer.share = *options.sparsity;
      if (!moments)
        return absl::OkStatus();
      absl::StatusOr<WeightMatrix> original = WeightMatrix::read(editor, layer.weights());
      if (!original.ok())
        return original.status();
      ErrorCurve &curve = curves.emplace_back(ErrorCurve{.weights = original->depth * original->channels, .points = {}});
      open.push_back(&layer);
      for (double part : kTriedShares) {
        WeightMatrix pruned = *original;
        zero(layer, part * most, moments, pruned);
        double error = relativeError(*original, pruned, *moments);
        curve.points.emplace_back(part * most, error * error);
      }
      return absl::OkStatus();
    });
    for (auto [layer, share] : llvm::zip_equal(open, sharesOfLeastError(curves, *options.sparsity)))
      layer->share = share;
    return status;
  }

  /// Sums of squares of the inputs of all layers: the diagonals of their moments.
  absl::Status sumSquares(std::map<size_t, std::vector<float>> &sums) {
    std::vector<size_t> numbers;
    for (const Layer &layer : layers)
      if (layer.inputs && !layer.isFixed && sums.try_emplace(*layer.inputs, layer.weights().depth).second)
        numbers.push_back(*layer.inputs);
    return sampled->visit(numbers, [&](size_t number, llvm::ArrayRef<float> rows) {
      std::vector<float> &sum = sums[number];
      for (size_t at = 0; at + sum.size() <= rows.size(); at += sum.size())
        if (llvm::ArrayRef<float> row = rows.slice(at, sum.size()); llvm::all_of(row, [](float x) { return std::isfinite(x); }))
          for (auto [total, x] : llvm::zip_equal(sum, row))
            total += x * x;
    });
  }

  /// Zeros weights of a layer; with the moments of its inputs, as the method wants it.
  void zero(const Layer &layer, double share, SecondMoments *moments, WeightMatrix &weights) const {
    WeightUnits units = unitsOf(layer.weights());
    bool isTwoFour = pattern.kind == PrunePattern::Kind::TwoFour, isWanda = method == PruneMethod::Wanda && moments;
    if (method == PruneMethod::SparseGpt && moments) {
      pruneWithFeedback(weights, units, share, isTwoFour, *moments);
      return;
    }
    std::vector<float> squares;
    for (int64_t k = 0; isWanda && k < units.depth; ++k)
      squares.push_back(moments->at(k, k));
    std::vector<float> scores = unitScores(weights, units, squares);
    if (isTwoFour)
      clearUnits(weights, units, twoOfEachFour(scores, units));
    else if (isWanda && pattern.kind == PrunePattern::Kind::Unstructured)
      clearUnits(weights, units, leastOfEachOutput(scores, units, share));
    else
      clearUnits(weights, units, leastUnits(scores, std::llround(share * static_cast<double>(units.count()))));
  }

  absl::Status prune(const Layer &layer, SecondMoments *moments) {
    absl::StatusOr<WeightMatrix> weights = WeightMatrix::read(editor, layer.weights());
    if (!weights.ok())
      return weights.status();
    int64_t all = weights->depth * weights->channels, zerosBefore = weights->countZeros();
    if (layer.share > 0)
      zero(layer, layer.share, moments, *weights);
    int64_t zeros = weights->countZeros();
    std::optional<double> error;
    if (moments) {
      absl::StatusOr<WeightMatrix> original = WeightMatrix::read(editor, layer.weights());
      if (!original.ok())
        return original.status();
      error = relativeError(*original, *weights, *moments);
    }
    if (zeros > zerosBefore)
      if (absl::Status status = replace(layer, *weights); !status.ok())
        return status;
    for (const Product &product : layer.products) {
      const onnx::NodeProto &node = editor.node(product.node);
      summary.layers.push_back({node.name(), node.op_type(), all, zeros, weights->channels, weights->channels, error, layer.share});
      uint64_t runs = runsOf(product);
      summary.flopsBefore += 2 * runs * (all - zerosBefore);
      summary.flopsAfter += 2 * runs * (all - zeros);
    }
    return absl::OkStatus();
  }

  absl::Status replace(const Layer &layer, const WeightMatrix &weights) {
    std::string name = editor.newName(layer.weights().name + "_pruned");
    absl::Status status;
    editor.addConstant(name, onnx::TensorProto::FLOAT, layer.weights().dims, bytesOf(weights.stored()), status);
    for (const Product &product : layer.products)
      editor.setInput(product.node, product.weightInput, name);
    return status;
  }

  /// How often each weight is multiplied in a run.
  uint64_t runsOf(const Product &product) const {
    std::optional<std::vector<int64_t>> dims = editor.dims(editor.node(product.node).output(0));
    uint64_t count = 1;
    for (int64_t dim : dims.value_or(std::vector<int64_t>()))
      count *= static_cast<uint64_t>(std::max<int64_t>(dim, 1));
    return std::max<uint64_t>(count / static_cast<uint64_t>(product.weights.channels), 1);
  }

  ModelEditor &editor;
  const PruneOptions &options;
  PruneMethod method;
  PrunePattern pattern;
  PruneSummary &summary;
  std::optional<SampledInputs> sampled;
  std::vector<Layer> layers;
};

} // namespace

absl::Status zeroWeights(ModelEditor &editor, const NodeSelection &selection, const PruneOptions &options, PruneSummary &summary) {
  return SparseWeights(editor, options, summary).run(selection);
}

} // namespace ingot::compress
