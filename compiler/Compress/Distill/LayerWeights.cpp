// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Distill/LayerWeights.h"

#include "compiler/Compress/Prune/WeightMatrix.h"

namespace ingot::compress {
namespace {

/// A scale of a block may become half of what it was, or twice.
constexpr float kLeastFactor = -0.5F, kMostFactor = 1;

/// A matrix [depth, channels] as it is stored, or its transpose.
Weights matrixOf(int64_t depth, int64_t channels, bool isTransposed) {
  Weights layout{
      .name = "", .dims = {depth, channels}, .channels = channels, .depth = depth, .channelStride = 1, .depthStride = channels, .channelAxis = 1};
  if (isTransposed) {
    layout.dims = {channels, depth};
    layout.channelStride = depth;
    layout.depthStride = 1;
    layout.channelAxis = 0;
  }
  return layout;
}

/// Constant codes of 4 or 8 bits, packed from the lowest bit on.
class Codes {
public:
  static absl::StatusOr<Codes> read(const ModelEditor &editor, llvm::StringRef name, int bits, bool isSigned) {
    absl::StatusOr<ingest::Initializer> data = editor.model().tensor(*editor.constant(name));
    if (!data.ok())
      return data.status();
    return Codes(std::vector<uint8_t>(data->bytes().begin(), data->bytes().end()), bits, isSigned);
  }

  int at(int64_t place) const {
    int code = bits == 8 ? bytes[place] : bytes[place / 2] >> place % 2 * 4 & 15;
    return isSigned && code >= 1 << (bits - 1) ? code - (1 << bits) : code;
  }

private:
  Codes(std::vector<uint8_t> bytes, int bits, bool isSigned) : bytes(std::move(bytes)), bits(bits), isSigned(isSigned) {}

  std::vector<uint8_t> bytes;
  int bits;
  bool isSigned;
};

/// Free weights, but for zeros.
absl::StatusOr<std::optional<LayerWeights>> readFloatWeights(const ModelEditor &editor, int node) {
  std::optional<Product> product = findProduct(editor, node);
  if (!product || !hasOneReader(editor, product->weights.name))
    return std::nullopt;
  std::string reason;
  std::vector<InputRows> groups = inputRows(editor, *product, reason);
  if (groups.empty())
    return std::nullopt;
  absl::StatusOr<std::vector<float>> values = readFloats(editor, product->weights.name);
  if (!values.ok())
    return values.status();
  LayerWeights result{.product = node, .groups = std::move(groups), .layout = product->weights, .values = std::move(*values)};
  WeightMatrix matrix(result.layout, result.values);
  result.basis.directions.resize(matrix.depth, matrix.channels);
  for (int64_t k = 0; k < matrix.depth; ++k)
    for (int64_t channel = 0; channel < matrix.channels; ++channel)
      result.basis.directions(k, channel) = matrix.at(k, channel) == 0 ? 0 : 1;
  return result;
}

/// Fills weights from their codes; `codeAt` and `scaleAt` (the place of a scale) are asked with channel and depth, or block.
absl::Status takeCodes(const ModelEditor &editor, Use scales, int64_t block, llvm::function_ref<int(int64_t, int64_t)> codeAt, LayerWeights &result) {
  absl::StatusOr<std::vector<float>> stored = readFloats(editor, editor.node(scales.node).input(scales.input));
  if (!stored.ok())
    return stored.status();
  result.scales = scales;
  result.storedScales = std::move(*stored);
  result.basis.block = block;
  result.basis.least = kLeastFactor;
  result.basis.most = kMostFactor;
  int64_t depth = result.layout.depth, channels = result.layout.channels;
  result.basis.directions.resize(depth, channels);
  int64_t blocks = result.basis.blocks();
  for (int64_t k = 0; k < depth; ++k)
    for (int64_t channel = 0; channel < channels; ++channel) {
      float scale = result.storedScales[result.scalesByDepth ? k / block * channels + channel : channel * blocks + k / block];
      result.basis.directions(k, channel) = static_cast<float>(codeAt(channel, k)) * scale;
    }
  result.values.resize(depth * channels);
  for (int64_t k = 0; k < depth; ++k)
    for (int64_t channel = 0; channel < channels; ++channel)
      result.values[k * result.layout.depthStride + channel * result.layout.channelStride] = result.basis.directions(k, channel);
  return absl::OkStatus();
}

/// DequantizeLinear with blocks along the depth.
absl::StatusOr<std::optional<LayerWeights>> readDequantized(const ModelEditor &editor, int node, int back) {
  using onnx::TensorProto;
  const onnx::NodeProto &product = editor.node(node), &weights = editor.node(back);
  int64_t block = integerAttribute(weights, "block_size", 0);
  int32_t type = editor.elementType(weights.input(0));
  bool isConstant = editor.isConstant(weights.input(0)) && editor.isConstant(weights.input(1)) &&
                    editor.elementType(weights.input(1)) == TensorProto::FLOAT && (weights.input_size() < 3 || editor.isConstant(weights.input(2)));
  bool isKnown = type == TensorProto::INT4 || type == TensorProto::UINT4 || type == TensorProto::INT8 || type == TensorProto::UINT8;
  if (block < 1 || !isConstant || !isKnown || !hasOneReader(editor, product.input(1)) || integerAttribute(product, "transA", 0) != 0)
    return std::nullopt;
  const std::vector<int64_t> dims = *editor.dims(weights.input(0));
  bool isTransposed = integerAttribute(product, "transB", 0) != 0;
  if (dims.size() != 2 || integerAttribute(weights, "axis", 1) != (isTransposed ? 1 : 0))
    return std::nullopt;
  LayerWeights result{.product = node, .layout = matrixOf(dims[isTransposed ? 1 : 0], dims[isTransposed ? 0 : 1], isTransposed)};
  result.groups = {{.value = product.input(0), .depth = result.layout.depth}};
  result.scalesByDepth = !isTransposed;
  int bits = type == TensorProto::INT4 || type == TensorProto::UINT4 ? 4 : 8;
  bool isSigned = type == TensorProto::INT4 || type == TensorProto::INT8;
  absl::StatusOr<Codes> codes = Codes::read(editor, weights.input(0), bits, isSigned), zeros = codes;
  if (weights.input_size() > 2)
    zeros = Codes::read(editor, weights.input(2), bits, isSigned);
  if (!codes.ok() || !zeros.ok())
    return codes.ok() ? zeros.status() : codes.status();
  int64_t channels = result.layout.channels, blocks = (result.layout.depth + block - 1) / block;
  auto codeAt = [&](int64_t channel, int64_t k) {
    int64_t zeroPlace = isTransposed ? channel * blocks + k / block : k / block * channels + channel;
    return codes->at(k * result.layout.depthStride + channel * result.layout.channelStride) - (weights.input_size() > 2 ? zeros->at(zeroPlace) : 0);
  };
  absl::Status status = takeCodes(editor, {back, 1}, block, codeAt, result);
  return status.ok() ? absl::StatusOr<std::optional<LayerWeights>>(std::move(result)) : status;
}

absl::StatusOr<std::optional<LayerWeights>> readMatMulNBits(const ModelEditor &editor, int index) {
  const onnx::NodeProto &node = editor.node(index);
  auto bits = static_cast<int>(integerAttribute(node, "bits", 4));
  int64_t block = integerAttribute(node, "block_size", 0), depth = integerAttribute(node, "K", 0), channels = integerAttribute(node, "N", 0);
  bool hasZeros = node.input_size() > 3 && !node.input(3).empty();
  if ((bits != 4 && bits != 8) || block < 1 || node.input_size() > 4 || !editor.isConstant(node.input(1)) || !editor.isConstant(node.input(2)) ||
      editor.elementType(node.input(2)) != onnx::TensorProto::FLOAT ||
      (hasZeros && !(editor.isConstant(node.input(3)) && editor.elementType(node.input(3)) == onnx::TensorProto::UINT8)))
    return std::nullopt;
  LayerWeights result{.product = index, .layout = matrixOf(depth, channels, /*isTransposed=*/false)};
  result.groups = {{.value = node.input(0), .depth = depth}};
  absl::StatusOr<Codes> codes = Codes::read(editor, node.input(1), bits, /*isSigned=*/false), zeros = codes;
  if (hasZeros)
    zeros = Codes::read(editor, node.input(3), bits, /*isSigned=*/false);
  if (!codes.ok() || !zeros.ok())
    return codes.ok() ? zeros.status() : codes.status();
  int64_t blocks = (depth + block - 1) / block, zeroRow = (blocks * bits + 7) / 8 * 8 / bits; // each channel's zero points begin with a byte
  auto codeAt = [&](int64_t channel, int64_t k) {
    int zero = hasZeros ? zeros->at(channel * zeroRow + k / block) : 1 << (bits - 1);
    return codes->at(channel * blocks * block + k) - zero;
  };
  absl::Status status = takeCodes(editor, {index, 2}, block, codeAt, result);
  return status.ok() ? absl::StatusOr<std::optional<LayerWeights>>(std::move(result)) : status;
}

} // namespace

absl::StatusOr<std::optional<LayerWeights>> readLayerWeights(const ModelEditor &editor, const LayerFold &fold) {
  const onnx::NodeProto &node = editor.node(fold.product);
  if (fold.isFloat)
    return readFloatWeights(editor, fold.product);
  if (int back = node.input_size() > 1 ? editor.producerIndex(node.input(1)) : -1; back >= 0 && editor.node(back).op_type() == "DequantizeLinear")
    return node.op_type() == "Conv" ? absl::StatusOr<std::optional<LayerWeights>>(std::nullopt) : readDequantized(editor, fold.product, back);
  int at = node.op_type() == "Add" ? editor.producerIndex(node.input(0)) : fold.product;
  if (at >= 0 && editor.node(at).op_type() == "MatMulNBits")
    return readMatMulNBits(editor, at);
  return std::nullopt;
}

std::vector<float> fittedWeights(const LayerWeights &weights, const WeightFit &fit) {
  WeightMatrix matrix(weights.layout, weights.values);
  FloatMatrix change = weights.basis.change(fit.factors);
  for (int64_t k = 0; k < matrix.depth; ++k)
    for (int64_t channel = 0; channel < matrix.channels; ++channel)
      matrix.at(k, channel) += change(k, channel);
  return matrix.stored();
}

absl::Status storeFittedWeights(ModelEditor &editor, const LayerWeights &weights, const WeightFit &fit) {
  Use use = weights.scales.value_or(Use{weights.product, 1});
  const std::string old = editor.node(use.node).input(use.input), name = editor.newName(old + "_fitted");
  std::vector<float> values = weights.scales ? weights.storedScales : fittedWeights(weights, fit);
  if (weights.scales)
    for (int64_t b = 0; b < fit.factors.rows(); ++b)
      for (int64_t channel = 0; channel < fit.factors.cols(); ++channel)
        values[weights.scalesByDepth ? b * fit.factors.cols() + channel : channel * fit.factors.rows() + b] *= 1 + fit.factors(b, channel);
  absl::Status status;
  editor.addConstant(name, onnx::TensorProto::FLOAT, *editor.dims(old), bytesOf(values), status);
  editor.setInput(use.node, use.input, name);
  return status;
}

} // namespace ingot::compress
