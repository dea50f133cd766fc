// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Equalize/Equalization.h"

#include "compiler/Compress/Equalize/EqualizedLayers.h"
#include "llvm/ADT/STLExtras.h"

namespace ingot::compress {
namespace {

/// f(s * x) = s * f(x) for each channel and s > 0, whatever lies in the other dims.
constexpr llvm::StringLiteral kPassing[] = {"AveragePool", "GlobalAveragePool", "GlobalMaxPool", "Identity", "LeakyRelu", "MaxPool", "Relu"};

bool passesFactors(const ModelEditor &editor, const onnx::NodeProto &node) {
  if (llvm::is_contained(kPassing, node.op_type()))
    return true;
  if (node.op_type() != "PRelu" || !editor.isConstant(node.input(1)))
    return false;
  std::vector<int64_t> slopes = *editor.dims(node.input(1));
  return llvm::all_of(slopes, [](int64_t dim) { return dim == 1; });
}

/// The way from a layer to the next one.
struct Way {
  int second = -1; ///< -1: there is none
  bool isClipped = false;
};

Way follow(const ModelEditor &editor, llvm::ArrayRef<EqualizedLayer> layers, const EqualizedLayer &first) {
  Way way;
  bool areSecond = first.outputsAreSecond;
  for (llvm::StringRef value = first.value; editor.uses(value).size() == 1 && !editor.isReadElsewhere(value);) {
    const Use &use = editor.uses(value).front();
    const onnx::NodeProto &node = editor.node(use.node);
    if (use.input != 0 || !node.domain().empty())
      return {};
    const auto *layer = llvm::find_if(layers, [&](const EqualizedLayer &one) { return one.node == use.node; });
    if (layer != layers.end()) {
      bool fits = layer->outputsAreSecond == areSecond && layer->magnitudes.inputs() % first.magnitudes.outputs == 0 &&
                  integerAttribute(node, "transA", 0) == 0;
      way.second = fits ? static_cast<int>(layer - layers.begin()) : -1;
      return way;
    }
    if (node.op_type() == "Clip")
      way.isClipped = true;
    else if (node.op_type() == "Flatten" && areSecond && integerAttribute(node, "axis", 1) == 1)
      areSecond = false; // each channel becomes as many columns as it has pixels
    else if (!passesFactors(editor, node))
      return {};
    if (llvm::any_of(llvm::drop_begin(node.output()), [](const std::string &output) { return !output.empty(); }))
      return {};
    value = node.output(0);
  }
  return {};
}

} // namespace

absl::StatusOr<EqualizeSummary> equalize(ModelEditor &editor, const NodeSelection &selection) {
  absl::StatusOr<std::vector<EqualizedLayer>> layers = findLayers(editor, selection);
  if (!layers.ok())
    return layers.status();
  EqualizeSummary summary;
  std::vector<LayerLink> links;
  for (auto [i, layer] : llvm::enumerate(*layers)) {
    Way way = follow(editor, *layers, layer);
    if (way.second >= 0 && !way.isClipped)
      links.push_back({static_cast<int>(i), way.second});
    summary.clipped += way.second >= 0 && way.isClipped;
    summary.norms += layer.norm >= 0;
  }
  summary.pairs = static_cast<int64_t>(links.size());
  std::vector<LayerMagnitudes> magnitudes;
  for (EqualizedLayer &layer : *layers)
    magnitudes.push_back(layer.magnitudes);
  std::vector<std::vector<double>> factors = equalizationFactors(std::move(magnitudes), links);
  std::vector<llvm::ArrayRef<double>> ofOutputs(layers->size()), ofInputs(layers->size());
  for (auto [link, own] : llvm::zip_equal(links, factors)) {
    ofOutputs[link.first] = own;
    ofInputs[link.second] = own;
  }
  for (auto [layer, outputs, inputs] : llvm::zip_equal(*layers, ofOutputs, ofInputs))
    if (layer.norm >= 0 || !outputs.empty() || !inputs.empty())
      if (absl::Status status = rewriteLayer(editor, layer, outputs, inputs); !status.ok())
        return status;
  return summary;
}

} // namespace ingot::compress
