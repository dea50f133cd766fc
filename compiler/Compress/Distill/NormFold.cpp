// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Distill/NormFold.h"

namespace ingot::compress {
namespace {

/// The element count of a constant vector of floats; 0 for other values.
int64_t vectorLength(const ModelEditor &editor, llvm::StringRef value) {
  if (!editor.isConstant(value) || editor.elementType(value) != onnx::TensorProto::FLOAT)
    return 0;
  const std::vector<int64_t> dims = *editor.dims(value);
  return dims.size() == 1 ? dims[0] : 0;
}

/// Whether both models have the same numbers under this name.
bool isAsBefore(const ModelEditor &editor, const ModelEditor &original, llvm::StringRef value) {
  return editor.isConstant(value) && original.isConstant(value) && areEqual(editor, value, original, value);
}

/// The input of a node with two of them that is a constant vector; -1: none.
int vectorInput(const ModelEditor &editor, const onnx::NodeProto &node) {
  for (int i : {0, 1})
    if (vectorLength(editor, node.input(i)) > 1)
      return i;
  return -1;
}

bool isAlongLastDim(const ModelEditor &editor, const onnx::NodeProto &node) {
  int64_t axis = integerAttribute(node, "axis", -1);
  std::optional<std::vector<int64_t>> dims = editor.dims(node.input(0));
  return axis == -1 || (dims && axis == static_cast<int64_t>(dims->size()) - 1);
}

/// Where gain and bias are, by the node's operator.
bool findConstants(const ModelEditor &editor, int index, LayerFold &fold) {
  const onnx::NodeProto &node = editor.node(index);
  const std::string &op = node.op_type();
  if (op == "Add") {
    int bias = vectorInput(editor, node), scaled = bias < 0 ? -1 : editor.producerIndex(node.input(1 - bias));
    if (scaled < 0 || editor.node(scaled).op_type() != "Mul" || !hasOneReader(editor, node.input(1 - bias)))
      return false;
    int gain = vectorInput(editor, editor.node(scaled));
    fold.scale = Use{scaled, gain};
    fold.bias = Use{index, bias};
    return gain >= 0;
  }
  fold.scale = Use{index, 1};
  bool hasBias = node.input_size() > 2 && !node.input(2).empty();
  if (hasBias)
    fold.bias = Use{index, 2};
  if (op == "LayerNormalization") {
    fold.mayAddBias = !hasBias;
    return isAlongLastDim(editor, node);
  }
  if (op == "RMSNormalization") {
    fold.mayShift = false;
    return isAlongLastDim(editor, node);
  }
  std::optional<std::vector<int64_t>> dims = editor.dims(node.input(0));
  fold.layer.spatialDims = dims ? static_cast<int64_t>(dims->size()) - 2 : 0;
  return op == "BatchNormalization" && hasBias && dims && dims->size() >= 2 && node.output_size() == 1;
}

} // namespace

std::optional<LayerFold> findNorm(const ModelEditor &editor, const ModelEditor &original, int index) {
  const onnx::NodeProto &node = editor.node(index);
  LayerFold fold;
  if (!node.domain().empty() || node.output_size() == 0 || !original.producer(node.output(0)) || !findConstants(editor, index, fold))
    return std::nullopt;
  auto constantAt = [&](const Use &use) -> llvm::StringRef { return editor.node(use.node).input(use.input); };
  int64_t channels = vectorLength(editor, constantAt(*fold.scale));
  if (channels < 2 || (fold.bias && vectorLength(editor, constantAt(*fold.bias)) != channels))
    return std::nullopt;
  if (!isAsBefore(editor, original, constantAt(*fold.scale)) || (fold.bias && !isAsBefore(editor, original, constantAt(*fold.bias))))
    return std::nullopt;
  fold.isNorm = true;
  fold.product = index;
  fold.layer.node = node.name();
  fold.layer.op = node.op_type();
  fold.layer.value = node.output(0);
  fold.layer.weights = channels;
  fold.layer.depth = 1;
  return fold;
}

} // namespace ingot::compress
