// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Equalize/EqualizedLayers.h"

#include "compiler/Compress/Edit/Products.h"
#include "llvm/ADT/STLExtras.h"

#include <cmath>
#include <functional>
#include <numeric>

namespace ingot::compress {
namespace {

bool isSelected(const NodeSelection &selection, const onnx::NodeProto &node) {
  return !selection.isExcluded(node) && (!selection.hasList() || selection.isListed(node));
}

bool isFloatConstant(const ModelEditor &editor, llvm::StringRef value) {
  return editor.isConstant(value) && editor.elementType(value) == onnx::TensorProto::FLOAT;
}

/// Reads a constant of as many floats as there are outputs; whether it is one.
absl::StatusOr<bool> readChannels(const ModelEditor &editor, llvm::StringRef value, int64_t outputs, std::vector<double> &into) {
  if (!isFloatConstant(editor, value) || editor.dims(value)->empty() || editor.dims(value)->back() != outputs)
    return false;
  absl::StatusOr<std::vector<float>> floats = readFloats(editor, value);
  if (!floats.ok())
    return floats.status();
  into.assign(floats->begin(), floats->end());
  return into.size() == static_cast<size_t>(outputs) && llvm::all_of(into, [](double one) { return std::isfinite(one); });
}

/// Where the weights lie; false when they are no matrix, or not a constant of this node alone.
bool describe(const ModelEditor &editor, EqualizedLayer &layer) {
  const onnx::NodeProto &node = editor.node(layer.node);
  const std::string &weights = node.input(1);
  if (!isFloatConstant(editor, weights) || editor.uses(weights).size() != 1 || editor.isReadElsewhere(weights))
    return false;
  std::vector<int64_t> dims = *editor.dims(weights);
  bool isConv = node.op_type() == "Conv", rows = isConv || (node.op_type() == "Gemm" && integerAttribute(node, "transB", 0) != 0);
  if (isConv ? dims.size() < 3 : dims.size() != 2)
    return false;
  layer.taps = std::accumulate(dims.begin() + 2, dims.end(), int64_t(1), std::multiplies<>());
  layer.outputsAreSecond = isConv;
  LayerMagnitudes &magnitudes = layer.magnitudes;
  magnitudes.outputs = dims[rows ? 0 : 1];
  magnitudes.groupInputs = dims[rows ? 1 : 0];
  magnitudes.groups = isConv ? integerAttribute(node, "group", 1) : 1;
  layer.inputStride = rows ? layer.taps : magnitudes.outputs;
  layer.outputStride = rows ? magnitudes.groupInputs * layer.taps : 1;
  return magnitudes.groupInputs * layer.taps > 0 && magnitudes.groups > 0 && magnitudes.outputs > 0 && magnitudes.outputs % magnitudes.groups == 0;
}

/// Makes the norm behind a Conv a part of it, where that can be.
absl::Status takeNorm(const ModelEditor &editor, const NodeSelection &selection, EqualizedLayer &layer) {
  llvm::ArrayRef<Use> uses = editor.uses(layer.value);
  if (uses.size() != 1 || editor.isReadElsewhere(layer.value))
    return absl::OkStatus();
  const onnx::NodeProto &norm = editor.node(uses.front().node);
  // A norm that is named has to stay for the name to mean something.
  bool isNorm = norm.op_type() == "BatchNormalization" && norm.domain().empty() && uses.front().input == 0 && norm.input_size() == 5 &&
                integerAttribute(norm, "training_mode", 0) == 0 && !selection.isExcluded(norm) && !selection.isListed(norm) &&
                llvm::all_of(llvm::drop_begin(norm.output()), [](const std::string &output) { return output.empty(); });
  if (!isNorm)
    return absl::OkStatus();
  std::vector<double> parameters[4]; // scale, shift, mean, variance
  for (auto [i, one] : llvm::enumerate(parameters)) {
    absl::StatusOr<bool> fits = readChannels(editor, norm.input(static_cast<int>(i) + 1), layer.magnitudes.outputs, one);
    if (!fits.ok() || !*fits)
      return fits.status();
  }
  std::vector<double> gains(layer.gains.size()), bias(layer.bias.size());
  double epsilon = floatAttribute(norm, "epsilon", 1e-5F);
  for (size_t i = 0; i < gains.size(); ++i) {
    gains[i] = parameters[0][i] / std::sqrt(parameters[3][i] + epsilon);
    bias[i] = (layer.bias[i] - parameters[2][i]) * gains[i] + parameters[1][i];
    if (!std::isfinite(gains[i]) || !std::isfinite(bias[i]))
      return absl::OkStatus();
  }
  layer.gains = std::move(gains);
  layer.bias = std::move(bias);
  layer.hasBias = true;
  layer.norm = uses.front().node;
  layer.value = norm.output(0);
  return absl::OkStatus();
}

/// Makes the bias that an Add behind a MatMul adds a part of it.
absl::Status takeSum(const ModelEditor &editor, EqualizedLayer &layer) {
  llvm::ArrayRef<Use> uses = editor.uses(layer.value);
  if (uses.size() != 1 || editor.isReadElsewhere(layer.value))
    return absl::OkStatus();
  const onnx::NodeProto &sum = editor.node(uses.front().node);
  int other = 1 - uses.front().input;
  if (sum.op_type() != "Add" || !sum.domain().empty() || !editor.isConstant(sum.input(other)) || editor.dims(sum.input(other))->size() != 1)
    return absl::OkStatus();
  std::vector<double> bias;
  absl::StatusOr<bool> fits = readChannels(editor, sum.input(other), layer.magnitudes.outputs, bias);
  if (!fits.ok() || !*fits)
    return fits.status();
  layer.bias = std::move(bias);
  layer.hasBias = true;
  layer.biasNode = uses.front().node;
  layer.biasInput = other;
  layer.value = sum.output(0);
  return absl::OkStatus();
}

/// Calls `visit` with each weight's place in the constant, its output and its number among the inputs of a group.
template <typename Visit> void eachWeight(const EqualizedLayer &layer, Visit visit) {
  for (int64_t output = 0; output < layer.magnitudes.outputs; ++output)
    for (int64_t i = 0; i < layer.magnitudes.groupInputs; ++i)
      for (int64_t tap = 0; tap < layer.taps; ++tap)
        visit(output * layer.outputStride + i * layer.inputStride + tap, output, i);
}

/// Finds the largest weights; whether all are numbers.
absl::StatusOr<bool> measure(const ModelEditor &editor, EqualizedLayer &layer) {
  absl::StatusOr<std::vector<float>> weights = readFloats(editor, editor.node(layer.node).input(1));
  if (!weights.ok())
    return weights.status();
  layer.magnitudes.largest.assign(layer.magnitudes.outputs * layer.magnitudes.groupInputs, 0);
  bool areFinite = true;
  eachWeight(layer, [&](int64_t at, int64_t output, int64_t i) {
    float &most = layer.magnitudes.largest[output * layer.magnitudes.groupInputs + i];
    auto weight = static_cast<float>(std::abs((*weights)[at] * layer.gains[output]));
    areFinite &= std::isfinite(weight);
    most = std::max(most, weight);
  });
  return areFinite;
}

} // namespace

absl::StatusOr<std::vector<EqualizedLayer>> findLayers(const ModelEditor &editor, const NodeSelection &selection) {
  std::vector<EqualizedLayer> layers;
  for (int i = 0; i < editor.nodeCount(); ++i) {
    const onnx::NodeProto &node = editor.node(i);
    bool isProduct = node.domain().empty() && (node.op_type() == "Conv" || node.op_type() == "Gemm" || node.op_type() == "MatMul");
    EqualizedLayer layer;
    layer.node = i;
    if (!isProduct || !isSelected(selection, node) || !describe(editor, layer))
      continue;
    int64_t outputs = layer.magnitudes.outputs;
    layer.biasNode = i;
    layer.value = node.output(0);
    layer.gains.assign(outputs, 1);
    layer.bias.assign(outputs, 0);
    layer.hasBias = node.input_size() > 2 && !node.input(2).empty();
    if (layer.hasBias) {
      absl::StatusOr<bool> fits = readChannels(editor, node.input(2), outputs, layer.bias);
      if (!fits.ok())
        return fits.status();
      if (!*fits)
        continue;
    }
    absl::Status status;
    if (node.op_type() == "Conv")
      status = takeNorm(editor, selection, layer);
    else if (node.op_type() == "MatMul")
      status = takeSum(editor, layer);
    if (!status.ok())
      return status;
    absl::StatusOr<bool> areFinite = measure(editor, layer);
    if (!areFinite.ok())
      return areFinite.status();
    if (*areFinite)
      layers.push_back(std::move(layer));
  }
  return layers;
}

absl::Status rewriteLayer(ModelEditor &editor, const EqualizedLayer &layer, llvm::ArrayRef<double> outputFactors,
                          llvm::ArrayRef<double> inputFactors) {
  const std::string weightName = editor.node(layer.node).input(1);
  const std::vector<int64_t> dims = *editor.dims(weightName);
  absl::StatusOr<std::vector<float>> weights = readFloats(editor, weightName);
  if (!weights.ok())
    return weights.status();
  auto scaleOf = [&](int64_t output) { return outputFactors.empty() ? 1 : 1 / outputFactors[output]; };
  eachWeight(layer, [&](int64_t at, int64_t output, int64_t i) {
    double input = inputFactors.empty() ? 1 : inputFactors[layer.magnitudes.inputOf(output, i) * inputFactors.size() / layer.magnitudes.inputs()];
    (*weights)[at] = static_cast<float>((*weights)[at] * layer.gains[output] * scaleOf(output) * input);
  });
  absl::Status problem;
  std::string equalized = editor.newName(weightName + "_equalized");
  editor.addConstant(equalized, onnx::TensorProto::FLOAT, dims, bytesOf(*weights), problem);
  editor.setInput(layer.node, 1, equalized);
  if (layer.hasBias) {
    std::vector<float> bias;
    for (auto [output, value] : llvm::enumerate(layer.bias))
      bias.push_back(static_cast<float>(value * scaleOf(static_cast<int64_t>(output))));
    std::string name = editor.newName(weightName + "_equalized_bias");
    editor.addConstant(name, onnx::TensorProto::FLOAT, {layer.magnitudes.outputs}, bytesOf(bias), problem);
    onnx::NodeProto &reader = editor.node(layer.biasNode);
    while (reader.input_size() <= layer.biasInput)
      reader.add_input();
    reader.set_input(layer.biasInput, name);
  }
  if (layer.norm >= 0) {
    editor.node(layer.node).set_output(0, layer.value);
    editor.remove(layer.norm);
  }
  return problem;
}

} // namespace ingot::compress
