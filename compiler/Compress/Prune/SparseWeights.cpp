// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Prune/SparseWeights.h"

#include "compiler/Compress/Prune/SparsityBudget.h"
#include "compiler/Compress/Prune/WeightUnits.h"
#include "llvm/ADT/STLExtras.h"

#include <cmath>

namespace ingot::compress {
namespace {

/// Of a layer, unless more of all layers is wanted: without any weights nothing of what was before a layer matters any more.
constexpr double kMostOfLayer = 0.95;

/// A constant of weights, and the nodes that multiply by it in the same way.
struct Layer {
  std::vector<Product> products;
  double share = 0;
  bool isFixed = false; ///< the user gave its share
  const Product &first() const { return products.front(); }
};

class SparseWeights {
public:
  SparseWeights(ModelEditor &editor, const PruneOptions &options, PruneSummary &summary)
      : editor(editor), options(options), pattern(options.pattern.value_or(PrunePattern())), summary(summary) {}

  absl::Status run(const NodeSelection &selection) {
    constexpr llvm::StringRef defaults[] = {"MatMul", "Gemm", "Conv"};
    for (Product &product : findProducts(editor, selection, defaults, summary.leftAlone))
      addProduct(std::move(product));
    if (absl::Status status = chooseShares(); !status.ok())
      return status;
    for (const Layer &layer : layers)
      if (absl::Status status = prune(layer); !status.ok())
        return status;
    editor.reindex();
    return absl::OkStatus();
  }

private:
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
    auto isSame = [&](const Layer &layer) {
      return layer.first().weights.name == product.weights.name && layer.first().weights.channelAxis == product.weights.channelAxis;
    };
    auto it = llvm::find_if(layers, isSame);
    if (it == layers.end())
      it = layers.insert(layers.end(), Layer());
    if (auto given = options.layerSparsity.find(node.name()); given != options.layerSparsity.end()) {
      it->share = given->second;
      it->isFixed = true;
    }
    it->products.push_back(std::move(product));
  }

  /// Decides how much of each layer goes.
  absl::Status chooseShares() {
    if (pattern.kind == PrunePattern::Kind::TwoFour || options.uniform || !options.sparsity) {
      double share = pattern.kind == PrunePattern::Kind::TwoFour ? 0.5 : options.sparsity.value_or(0);
      for (Layer &layer : layers)
        layer.share = layer.isFixed ? layer.share : share;
      return absl::OkStatus();
    }
    SparsityBudget budget;
    std::vector<Layer *> open;
    for (Layer &layer : layers) {
      if (layer.isFixed)
        continue;
      absl::StatusOr<WeightMatrix> weights = WeightMatrix::read(editor, layer.first().weights);
      if (!weights.ok())
        return weights.status();
      budget.addLayer(unitScores(*weights, unitsOf(layer.first().weights)), weights->depth * weights->channels);
      open.push_back(&layer);
    }
    if (!open.empty())
      for (auto [layer, share] : llvm::zip_equal(open, budget.shares(*options.sparsity, std::max(*options.sparsity, kMostOfLayer))))
        layer->share = share;
    return absl::OkStatus();
  }

  std::vector<bool> choose(const Layer &layer, llvm::ArrayRef<float> scores, const WeightUnits &units) const {
    if (pattern.kind == PrunePattern::Kind::TwoFour)
      return layer.share > 0 ? twoOfEachFour(scores, units) : std::vector<bool>(scores.size());
    return leastUnits(scores, std::llround(layer.share * static_cast<double>(units.count())));
  }

  absl::Status prune(const Layer &layer) {
    const Weights &shape = layer.first().weights;
    absl::StatusOr<WeightMatrix> weights = WeightMatrix::read(editor, shape);
    if (!weights.ok())
      return weights.status();
    int64_t all = weights->depth * weights->channels, zerosBefore = weights->countZeros();
    WeightUnits units = unitsOf(shape);
    clearUnits(*weights, units, choose(layer, unitScores(*weights, units), units));
    int64_t zeros = weights->countZeros();
    if (zeros > zerosBefore)
      if (absl::Status status = replace(layer, *weights); !status.ok())
        return status;
    for (const Product &product : layer.products) {
      const onnx::NodeProto &node = editor.node(product.node);
      summary.layers.push_back({node.name(), node.op_type(), all, zeros, weights->channels, weights->channels});
      uint64_t runs = runsOf(product);
      summary.flopsBefore += 2 * runs * (all - zerosBefore);
      summary.flopsAfter += 2 * runs * (all - zeros);
    }
    return absl::OkStatus();
  }

  absl::Status replace(const Layer &layer, const WeightMatrix &weights) {
    const Weights &shape = layer.first().weights;
    std::string name = editor.newName(shape.name + "_pruned");
    absl::Status status;
    editor.addConstant(name, onnx::TensorProto::FLOAT, shape.dims, bytesOf(weights.stored()), status);
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
  PrunePattern pattern;
  PruneSummary &summary;
  std::vector<Layer> layers;
};

} // namespace

absl::Status zeroWeights(ModelEditor &editor, const NodeSelection &selection, const PruneOptions &options, PruneSummary &summary) {
  return SparseWeights(editor, options, summary).run(selection);
}

} // namespace ingot::compress
