// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Quantize/DynamicInt8.h"

#include "compiler/Compress/Edit/OpsetUpgrade.h"
#include "compiler/Compress/Quantize/ChannelWeights.h"
#include "compiler/Compress/Quantize/Smoothing.h"
#include "llvm/ADT/STLExtras.h"

#include <limits>

namespace ingot::compress {
namespace {

/// DynamicQuantizeLinear belongs to this version of ONNX.
constexpr int kDynamicOpset = 11;

/// The largest magnitude of a row, in steps.
constexpr int kRowSteps = 127;
/// The axes of a reduction are an input from this version on.
constexpr int kAxesAreInputs = 18;

/// What stands for a value: bytes, one scale or, in the shape [..., 1], one for each row, and a zero point.
struct Activation {
  std::string codes, scale, zeroPoint;
};

/// Names of the constants that quantise a row.
struct RowConstants {
  std::string step, negativeStep, leastScale, one, zeroPoint, axes;
};

class DynamicInt8 {
public:
  DynamicInt8(ModelEditor &editor, const QuantizeOptions &options)
      : editor(editor), bits(options.reduceRange ? kReducedBits : 8), granularity(options.granularity.value_or(Granularity::Row)) {}

  absl::Status quantize(const Product &product) {
    const onnx::NodeProto node = editor.node(product.node);
    bool isConv = node.op_type() == "Conv", isGemm = node.op_type() == "Gemm";
    absl::StatusOr<ChannelWeights> weights = weightsOf(product.weights, product.weights.factors.empty() ? "" : node.input(0),
                                                       /*transposed=*/isGemm && product.weights.channelAxis == 0);
    if (!weights.ok())
      return weights.status();
    // All rows of an image meet in a result of a convolution, so they have one scale.
    bool perRow = !isConv && granularity == Granularity::Row;
    const Activation activation = activationOf(node.input(0), perRow);
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
    if (perRow) // a product of both scales would be as large as the result
      floats = editor.addNode("Mul", {floats, activation.scale}, name("_rows"));
    else
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

  const Activation &activationOf(const std::string &value, bool perRow) {
    Activation &activation = activations[perRow ? value + "/rows" : value];
    if (activation.codes.empty())
      activation = perRow ? rowsOf(value) : tensorOf(value);
    return activation;
  }

  Activation tensorOf(const std::string &value) {
    Activation activation{editor.newName(value + "_quantized"), editor.newName(value + "_scale"), editor.newName(value + "_zero_point")};
    editor.addNode("DynamicQuantizeLinear", {value}, activation.codes);
    editor.lastNode().add_output(activation.scale);
    editor.lastNode().add_output(activation.zeroPoint);
    return activation;
  }

  /// Symmetric: the largest magnitude of a row becomes 127 steps from the zero point 128. A row of zeros has the least scale.
  Activation rowsOf(const std::string &value) {
    const RowConstants &names = rowConstants();
    auto node = [&](const char *op, std::vector<std::string> inputs, const char *suffix) {
      return editor.addNode(op, std::move(inputs), editor.newName(value + suffix));
    };
    auto extreme = [&](const char *op, const char *suffix) { // of x, not of |x|: engines store that
      std::vector<std::string> inputs = {value};
      if (!names.axes.empty())
        inputs.push_back(names.axes);
      std::string result = node(op, inputs, suffix);
      if (names.axes.empty()) {
        onnx::AttributeProto &axes = *editor.lastNode().add_attribute();
        axes.set_name("axes");
        axes.set_type(onnx::AttributeProto::INTS);
        axes.add_ints(-1);
      }
      setAttribute(editor.lastNode(), "keepdims", 1);
      return result;
    };
    std::string above = node("Mul", {extreme("ReduceMax", "_high"), names.step}, "_step_above");
    std::string below = node("Mul", {extreme("ReduceMin", "_low"), names.negativeStep}, "_step_below");
    std::string scale = node("Max", {above, below, names.leastScale}, "_scale");
    std::string steps = node("Mul", {value, node("Reciprocal", {scale}, "_inverse_scale")}, "_steps");
    return {node("QuantizeLinear", {steps, names.one, names.zeroPoint}, "_quantized"), scale, names.zeroPoint};
  }

  const RowConstants &rowConstants() {
    if (!constants.step.empty())
      return constants;
    auto scalar = [&](const char *name, float value) {
      std::string added = editor.newName(name);
      editor.addConstant(added, onnx::TensorProto::FLOAT, {}, bytesOf(llvm::ArrayRef(value)), problem);
      return added;
    };
    constants = {scalar("row_step", 1.0f / kRowSteps),
                 scalar("row_negative_step", -1.0f / kRowSteps),
                 scalar("row_least_scale", std::numeric_limits<float>::min()),
                 scalar("row_one", 1),
                 editor.newName("row_zero_point"),
                 ""};
    const uint8_t zeroPoint = 128;
    editor.addConstant(constants.zeroPoint, onnx::TensorProto::UINT8, {}, bytesOf(llvm::ArrayRef(zeroPoint)), problem);
    if (editor.opset() >= kAxesAreInputs) {
      const int64_t last = -1;
      constants.axes = editor.newName("row_axes");
      editor.addConstant(constants.axes, onnx::TensorProto::INT64, {1}, bytesOf(llvm::ArrayRef(last)), problem);
    }
    return constants;
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
  Granularity granularity;
  RowConstants constants;
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
  std::vector<Product> products = findProducts(editor, selection, defaults, summary.leftAlone);
  llvm::erase_if(products, [&](const Product &product) {
    const onnx::NodeProto &node = editor.node(product.node);
    std::string reason = whyNoIntegers(node);
    if (!reason.empty())
      summary.leftAlone.push_back({node.name(), node.op_type(), reason});
    return !reason.empty();
  });
  if (options.smooth.value_or(false))
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

} // namespace ingot::compress
