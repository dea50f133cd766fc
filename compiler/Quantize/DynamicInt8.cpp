// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Quantize/DynamicInt8.h"

#include "compiler/Quantize/ChannelWeights.h"
#include "compiler/Quantize/OpsetUpgrade.h"
#include "compiler/Quantize/Smoothing.h"
#include "llvm/ADT/STLExtras.h"

namespace ingot::quantize {
namespace {

/// DynamicQuantizeLinear belongs to this version of ONNX.
constexpr int kDynamicOpset = 11;
/// Of bits of weights with --reduce-range.
constexpr int kReducedBits = 7;

/// What DynamicQuantizeLinear makes of a value.
struct Activation {
  std::string codes, scale, zeroPoint;
};

class DynamicInt8 {
public:
  DynamicInt8(ModelEditor &editor, const QuantizeOptions &options) : editor(editor), bits(options.reduceRange ? kReducedBits : 8) {}

  absl::Status quantize(const Product &product) {
    const onnx::NodeProto node = editor.node(product.node);
    bool isConv = node.op_type() == "Conv", isGemm = node.op_type() == "Gemm";
    absl::StatusOr<ChannelWeights> weights = weightsOf(product.weights, product.weights.factors.empty() ? "" : node.input(0),
                                                       /*transposed=*/isGemm && product.weights.channelAxis == 0);
    if (!weights.ok())
      return weights.status();
    const Activation activation = activationOf(node.input(0));
    const std::string &y = node.output(0);
    auto name = [&](const char *suffix) { return editor.newName(y + suffix); };
    std::string product32 =
        editor.addNode(isConv ? "ConvInteger" : "MatMulInteger", {activation.codes, weights->codes, activation.zeroPoint}, name("_integer"));
    if (isConv)
      for (const onnx::AttributeProto &attribute : node.attribute())
        *editor.lastNode().add_attribute() = attribute;
    std::string floats = editor.addNode("Cast", {product32}, name("_float"));
    setAttribute(editor.lastNode(), "to", onnx::TensorProto::FLOAT);
    std::string scales = weights->scales, bias = (isConv || isGemm) && node.input_size() > 2 ? node.input(2) : "";
    if (isConv) {
      scales = perChannel(weights->scales, product.weights);
      bias = bias.empty() ? bias : perChannel(bias, product.weights);
    }
    scales = editor.addNode("Mul", {activation.scale, scales}, name("_scales"));
    editor.addNode("Mul", {floats, scales}, bias.empty() ? y : name("_product"));
    if (!bias.empty())
      editor.addNode("Add", {editor.lastNode().output(0), bias}, y);
    editor.remove(product.node);
    return problem;
  }

private:
  absl::StatusOr<ChannelWeights> weightsOf(const Weights &weights, const std::string &activation, bool transposed) {
    std::string key = weights.name + "/" + activation + (transposed ? "/t" : "") + (weights.channelAxis == 0 ? "/rows" : "/columns");
    if (auto it = stored.find(key); it != stored.end())
      return it->second;
    absl::StatusOr<ChannelWeights> made = storeChannels(editor, weights, bits, transposed);
    if (made.ok())
      stored[key] = *made;
    return made;
  }

  const Activation &activationOf(const std::string &value) {
    Activation &activation = activations[value];
    if (activation.codes.empty()) {
      activation = {editor.newName(value + "_quantized"), editor.newName(value + "_scale"), editor.newName(value + "_zero_point")};
      editor.addNode("DynamicQuantizeLinear", {value}, activation.codes);
      editor.lastNode().add_output(activation.scale);
      editor.lastNode().add_output(activation.zeroPoint);
    }
    return activation;
  }

  /// A vector of channels as it meets a convolution's result [N, channels, ...].
  std::string perChannel(const std::string &vector, const Weights &weights) {
    std::vector<int64_t> shape = {weights.channels};
    shape.resize(weights.dims.size() - 1, 1);
    std::string dims = editor.newName(vector + "_channel_shape");
    editor.addConstant(dims, onnx::TensorProto::INT64, {static_cast<int64_t>(shape.size())}, bytesOf(shape), problem);
    return editor.addNode("Reshape", {vector, dims}, editor.newName(vector + "_channels"));
  }

  ModelEditor &editor;
  int bits;
  llvm::StringMap<ChannelWeights> stored;
  llvm::StringMap<Activation> activations;
  absl::Status problem;
};

/// MatMulInteger is a plain product.
std::string whyNoIntegers(const onnx::NodeProto &node) {
  if (node.op_type() == "Gemm" &&
      (floatAttribute(node, "alpha", 1) != 1 || floatAttribute(node, "beta", 1) != 1 || integerAttribute(node, "transA", 0)))
    return "MatMulInteger has no alpha, beta and transA";
  return "";
}

} // namespace

absl::Status quantizeDynamic(ModelEditor &editor, const NodeSelection &selection, const QuantizeOptions &options, QuantizeSummary &summary) {
  constexpr llvm::StringRef defaults[] = {"MatMul", "Gemm"};
  if (absl::Status status = raiseOpset(editor, kDynamicOpset); !status.ok())
    return status;
  std::vector<Product> products = findProducts(editor, selection, defaults, summary);
  llvm::erase_if(products, [&](const Product &product) {
    const onnx::NodeProto &node = editor.node(product.node);
    std::string reason = whyNoIntegers(node);
    if (!reason.empty())
      summary.leftAlone.push_back({node.name(), node.op_type(), reason});
    return !reason.empty();
  });
  if (options.smooth)
    if (absl::Status status = smoothActivations(editor, products, options, summary).status(); !status.ok())
      return status;
  DynamicInt8 work(editor, options);
  for (const Product &product : products) {
    if (absl::Status status = work.quantize(product); !status.ok())
      return status;
    ++summary.quantized;
  }
  return absl::OkStatus();
}

} // namespace ingot::quantize
