// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Distill/LayerFold.h"

#include "compiler/Compress/Edit/Products.h"
#include "llvm/ADT/STLExtras.h"

#include <cmath>
#include <numeric>

namespace ingot::compress {
namespace {

/// The largest code of a bias of i32, with room for what it is added to.
constexpr double kLargestCode = (1U << 31) - 2.0;

bool isFloats(const ModelEditor &editor, llvm::StringRef value) {
  return editor.isConstant(value) && editor.elementType(value) == onnx::TensorProto::FLOAT;
}

int64_t sizeOf(const ModelEditor &editor, llvm::StringRef value) {
  const std::vector<int64_t> dims = *editor.dims(value);
  return std::accumulate(dims.begin(), dims.end(), int64_t(1), std::multiplies<>());
}

bool hasChannels(const ModelEditor &editor, llvm::StringRef value, int64_t channels) {
  return isFloats(editor, value) && sizeOf(editor, value) == channels;
}

/// Its result is that of the product plus the bias.
bool isPlainSum(const onnx::NodeProto &node) {
  return node.op_type() != "Gemm" || (floatAttribute(node, "alpha", 1) == 1 && floatAttribute(node, "beta", 1) == 1);
}

/// Where a product of floats takes a bias: as its third input, or, a MatMul, nowhere.
void findBias(const ModelEditor &editor, LayerFold &fold) {
  const onnx::NodeProto &node = editor.node(fold.product);
  if (node.op_type() == "MatMul")
    return;
  if (node.input_size() < 3 || node.input(2).empty()) {
    fold.mayAddBias = true;
    return;
  }
  int biasBack = editor.producerIndex(node.input(2));
  if (hasChannels(editor, node.input(2), fold.channels())) {
    fold.bias = Use{fold.product, 2};
  } else if (biasBack >= 0 && editor.node(biasBack).op_type() == "DequantizeLinear" && hasOneReader(editor, node.input(2)) &&
             editor.isConstant(editor.node(biasBack).input(0)) && sizeOf(editor, editor.node(biasBack).input(0)) == fold.channels() &&
             editor.elementType(editor.node(biasBack).input(0)) == onnx::TensorProto::INT32 &&
             hasChannels(editor, editor.node(biasBack).input(1), fold.channels())) {
    fold.bias = Use{biasBack, 0};
    fold.biasScaleNode = biasBack;
  } else {
    fold.scale.reset(); // a bias that is not understood would not be scaled
  }
}

/// Products of floats whose weights are dequantised.
bool findDequantized(const ModelEditor &editor, LayerFold &fold) {
  const onnx::NodeProto &node = editor.node(fold.product);
  int back = node.input_size() > 1 ? editor.producerIndex(node.input(1)) : -1;
  if (back < 0 || editor.node(back).op_type() != "DequantizeLinear")
    return false;
  bool isGemm = node.op_type() == "Gemm", isMatMul = node.op_type() == "MatMul";
  if (!isPlainSum(node))
    return false;
  const onnx::NodeProto &weights = editor.node(back);
  if (isFloats(editor, weights.input(1)) && hasOneReader(editor, node.input(1))) {
    const std::vector<int64_t> dims = *editor.dims(weights.input(1));
    fold.scaleAxis = dims.size() == 2 && (isMatMul || (isGemm && integerAttribute(node, "transB", 0) == 0)) ? 1 : 0;
    if (!dims.empty() && dims[fold.scaleAxis] == fold.channels())
      fold.scale = Use{back, 1};
  }
  findBias(editor, fold);
  return true;
}

/// Products of floats with other weights, or less of them, than in the original.
bool findFloat(const ModelEditor &editor, const ModelEditor &original, LayerFold &fold) {
  std::optional<Product> product = findProduct(editor, fold.product);
  const onnx::NodeProto *was = original.producer(fold.layer.value);
  if (!product || !was || !isPlainSum(editor.node(fold.product)) || !original.isConstant(was->input(1)) ||
      areEqual(editor, product->weights.name, original, was->input(1)))
    return false;
  fold.isFloat = true;
  fold.layer.depth = product->weights.depth;
  fold.layer.weights = product->weights.depth * product->weights.channels;
  if (hasOneReader(editor, product->weights.name)) {
    fold.scale = Use{fold.product, 1};
    fold.scaleAxis = product->weights.channelAxis;
  }
  findBias(editor, fold);
  return true;
}

/// Products of integers: their sums times the scales of activation and weights, and perhaps a bias.
bool findInteger(const ModelEditor &editor, LayerFold &fold) {
  int at = fold.product;
  bool hasBias = editor.node(at).op_type() == "Add";
  if (hasBias) {
    const std::string &bias = editor.node(at).input(1);
    int reshaped = editor.producerIndex(bias);
    if (hasChannels(editor, bias, fold.channels()))
      fold.bias = Use{at, 1};
    else if (reshaped >= 0 && editor.node(reshaped).op_type() == "Reshape" && hasOneReader(editor, bias) &&
             hasChannels(editor, editor.node(reshaped).input(0), fold.channels()))
      fold.bias = Use{reshaped, 0};
    at = editor.producerIndex(editor.node(at).input(0));
  }
  if (at < 0 || editor.node(at).op_type() != "Mul" || (hasBias && !fold.bias)) {
    fold.bias.reset();
    return false;
  }
  // Sums as floats, perhaps times the scales of rows, begin with a Cast of the integer product.
  int sums = editor.producerIndex(editor.node(at).input(0));
  if (sums >= 0 && editor.node(sums).op_type() == "Mul")
    sums = editor.producerIndex(editor.node(sums).input(0));
  if (sums < 0 || editor.node(sums).op_type() != "Cast")
    return false;
  const onnx::NodeProto *integers = editor.producer(editor.node(sums).input(0));
  if (!integers || (integers->op_type() != "MatMulInteger" && integers->op_type() != "ConvInteger"))
    return false;
  Use factors{at, 1};
  if (int both = editor.producerIndex(editor.node(at).input(1)); both >= 0 && editor.node(both).op_type() == "Mul")
    factors = Use{both, 1};
  if (int reshaped = editor.producerIndex(editor.node(factors.node).input(factors.input));
      reshaped >= 0 && editor.node(reshaped).op_type() == "Reshape" && hasOneReader(editor, editor.node(reshaped).output(0)))
    factors = Use{reshaped, 0};
  if (hasChannels(editor, editor.node(factors.node).input(factors.input), fold.channels()))
    fold.scale = factors;
  return true;
}

/// MatMulNBits, and perhaps a bias behind it.
bool findMatMulNBits(const ModelEditor &editor, LayerFold &fold) {
  int at = fold.product;
  if (editor.node(at).op_type() == "Add" && hasChannels(editor, editor.node(at).input(1), fold.channels())) {
    fold.bias = Use{at, 1};
    at = editor.producerIndex(editor.node(at).input(0));
  }
  if (at < 0 || editor.node(at).op_type() != "MatMulNBits" || editor.node(at).input_size() > 4) {
    fold.bias.reset();
    return false;
  }
  const std::string &scales = editor.node(at).input(2);
  if (isFloats(editor, scales) && editor.dims(scales)->front() == fold.channels())
    fold.scale = Use{at, 2};
  return true;
}

class Folding {
public:
  explicit Folding(ModelEditor &editor, const LayerFold &fold) : editor(editor), fold(fold) {}

  absl::Status apply(llvm::ArrayRef<float> scales, llvm::ArrayRef<float> shifts) {
    if (fold.scale && llvm::any_of(scales, [](float scale) { return scale != 1; }))
      multiply(*fold.scale, scales);
    std::vector<float> bias = shifts.vec();
    if (!fold.mayShift)
      return problem;
    if (!fold.bias) {
      if (fold.mayAddBias)
        addInput(bias);
      else if (fold.sum)
        add(*fold.sum, bias);
      else
        addSum(bias);
      return problem;
    }
    if (fold.biasScaleNode >= 0) {
      shiftCodes(scales, bias);
      return problem;
    }
    std::vector<float> before = floats(*fold.bias);
    for (size_t i = 0; i < before.size(); ++i)
      bias[i] += scales[i] * before[i];
    replace(*fold.bias, bias);
    return problem;
  }

private:
  const std::string &nameOf(const Use &use) const { return editor.node(use.node).input(use.input); }

  std::vector<float> floats(const Use &use) {
    absl::StatusOr<std::vector<float>> values = readFloats(editor, nameOf(use));
    problem.Update(values.status());
    return values.ok() ? *values : std::vector<float>(sizeOf(editor, nameOf(use)));
  }

  void replace(const Use &use, const std::vector<float> &values) {
    std::string name = editor.newName(nameOf(use) + "_fitted");
    editor.addConstant(name, onnx::TensorProto::FLOAT, *editor.dims(nameOf(use)), bytesOf(values), problem);
    editor.setInput(use.node, use.input, name);
  }

  void multiply(const Use &use, llvm::ArrayRef<float> scales) {
    std::vector<float> values = floats(use);
    std::vector<int64_t> dims = *editor.dims(nameOf(use));
    int64_t inner = 1;
    for (size_t i = fold.scaleAxis + 1; i < dims.size(); ++i)
      inner *= dims[i];
    for (size_t i = 0; i < values.size(); ++i)
      values[i] *= scales[static_cast<int64_t>(i) / inner % fold.channels()];
    replace(use, values);
  }

  void add(const Use &use, llvm::ArrayRef<float> shifts) {
    std::vector<float> values = floats(use);
    for (auto [value, shift] : llvm::zip_equal(values, shifts))
      value += shift;
    replace(use, values);
  }

  void addInput(const std::vector<float> &bias) {
    std::string name = editor.newName(fold.layer.value + "_bias");
    editor.addConstant(name, onnx::TensorProto::FLOAT, {fold.channels()}, bytesOf(bias), problem);
    onnx::NodeProto &node = editor.node(fold.product);
    while (node.input_size() < 3)
      node.add_input();
    node.set_input(2, name);
  }

  /// A node behind the product.
  void addSum(const std::vector<float> &shifts) {
    std::string name = editor.newName(fold.layer.value + "_shift"), before = editor.newName(fold.layer.value + "_unshifted");
    std::vector<int64_t> dims = {fold.channels()};
    dims.resize(1 + fold.layer.spatialDims, 1);
    editor.addConstant(name, onnx::TensorProto::FLOAT, dims, bytesOf(shifts), problem);
    for (std::string &output : *editor.node(fold.product).mutable_output())
      if (output == fold.layer.value)
        output = before;
    editor.addNode("Add", {before, name}, fold.layer.value);
  }

  /// A bias of i32 has the scale of the products, which was scaled.
  void shiftCodes(llvm::ArrayRef<float> scales, llvm::ArrayRef<float> shifts) {
    Use scaleUse{fold.biasScaleNode, 1};
    std::vector<float> units = floats(scaleUse);
    absl::StatusOr<ingest::Initializer> data = editor.model().tensor(*editor.constant(nameOf(*fold.bias)));
    if (!data.ok()) {
      problem.Update(data.status());
      return;
    }
    std::vector<int32_t> codes(units.size());
    std::memcpy(codes.data(), data->bytes().data(), codes.size() * sizeof(int32_t));
    for (size_t i = 0; i < codes.size(); ++i) {
      double value = static_cast<double>(codes[i]) * units[i] * scales[i] + shifts[i];
      units[i] *= scales[i];
      codes[i] = static_cast<int32_t>(std::clamp(std::nearbyint(value / units[i]), -kLargestCode, kLargestCode));
    }
    std::string name = editor.newName(nameOf(*fold.bias) + "_fitted");
    editor.addConstant(name, onnx::TensorProto::INT32, {fold.channels()}, bytesOf(codes), problem);
    editor.setInput(fold.bias->node, fold.bias->input, name);
    replace(scaleUse, units);
  }

  ModelEditor &editor;
  const LayerFold &fold;
  absl::Status problem;
};

} // namespace

bool hasOneReader(const ModelEditor &editor, llvm::StringRef value) {
  return editor.uses(value).size() == 1 && !editor.isReadElsewhere(value) && !editor.isOutput(value);
}

bool areEqual(const ModelEditor &editor, llvm::StringRef value, const ModelEditor &original, llvm::StringRef was) {
  absl::StatusOr<ingest::Initializer> after = editor.model().tensor(*editor.constant(value));
  absl::StatusOr<ingest::Initializer> before = original.model().tensor(*original.constant(was));
  return after.ok() && before.ok() && after->bytes() == before->bytes();
}

std::optional<LayerFold> findFold(const ModelEditor &editor, const ModelEditor &original, const Layer &layer) {
  LayerFold fold;
  fold.layer = layer;
  fold.product = editor.producerIndex(layer.value);
  if (fold.product < 0 ||
      !(findFloat(editor, original, fold) || findDequantized(editor, fold) || findInteger(editor, fold) || findMatMulNBits(editor, fold)))
    return std::nullopt;
  if (fold.bias || fold.mayAddBias || !hasOneReader(editor, layer.value) || layer.spatialDims > 0)
    return fold;
  const Use reader = editor.uses(layer.value).front();
  const onnx::NodeProto &node = editor.node(reader.node);
  if (node.op_type() == "Add" && hasChannels(editor, node.input(1 - reader.input), fold.channels()) &&
      editor.dims(node.input(1 - reader.input))->size() == 1)
    fold.sum = Use{reader.node, 1 - reader.input};
  return fold;
}

absl::Status applyFold(ModelEditor &editor, const LayerFold &fold, llvm::ArrayRef<float> scales, llvm::ArrayRef<float> shifts) {
  return Folding(editor, fold).apply(scales, shifts);
}

} // namespace ingot::compress
