// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Edit/Products.h"

#include "frontends/onnx/Ingest/ElementType.h"
#include "llvm/ADT/STLExtras.h"

#include <cmath>
#include <functional>
#include <numeric>

namespace ingot::compress {
namespace {

constexpr llvm::StringLiteral kProducts[] = {"Conv", "Gemm", "MatMul"};
/// Nodes whose work is already done by integers.
constexpr llvm::StringLiteral kQuantizedOps[] = {
    "ConvInteger",
    "DequantizeLinear",
    "DynamicQuantizeLSTM",
    "DynamicQuantizeLinear",
    "DynamicQuantizeMatMul",
    "GatherBlockQuantized",
    "MatMulInteger",
    "MatMulIntegerToFloat",
    "MatMulNBits",
    "QAttention",
    "QGemm",
    "QLinearConv",
    "QLinearMatMul",
    "QuantizeLinear",
};

bool isDequantized(const ModelEditor &editor, llvm::StringRef value) {
  const onnx::NodeProto *producer = editor.producer(value);
  return producer && producer->op_type() == "DequantizeLinear";
}

std::vector<int64_t> integersAttribute(const onnx::NodeProto &node, llvm::StringRef name, std::vector<int64_t> otherwise) {
  for (const onnx::AttributeProto &attribute : node.attribute())
    if (attribute.name() == name)
      return {attribute.ints().begin(), attribute.ints().end()};
  return otherwise;
}

/// Whether each pixel that a ConvTranspose reads makes a window of its own, which is a product.
bool haveAbuttingWindows(const onnx::NodeProto &node, llvm::ArrayRef<int64_t> weights) {
  size_t spatial = weights.size() - 2;
  std::vector<int64_t> ones(spatial, 1), none(spatial, 0);
  auto isZero = [](int64_t value) { return value == 0; };
  llvm::StringRef pads = stringAttribute(node, "auto_pad", "NOTSET");
  return spatial <= 2 && integerAttribute(node, "group", 1) == 1 && (pads == "NOTSET" || pads == "VALID") &&
         weights.drop_front(2) == llvm::ArrayRef(integersAttribute(node, "strides", ones)) && integersAttribute(node, "dilations", ones) == ones &&
         llvm::all_of(integersAttribute(node, "pads", {}), isZero) && llvm::all_of(integersAttribute(node, "output_padding", {}), isZero) &&
         integersAttribute(node, "output_shape", {}).empty();
}

/// Why the weights of a node cannot be changed, or nothing when `product` is filled.
std::string describe(const ModelEditor &editor, int index, Product &product) {
  const onnx::NodeProto &node = editor.node(index);
  for (const std::string &input : node.input())
    if (isDequantized(editor, input))
      return "is quantised already";
  bool isConv = node.op_type() == "Conv", isGemm = node.op_type() == "Gemm", isTransposed = node.op_type() == "ConvTranspose";
  product.node = index;
  if (!editor.isConstant(node.input(1)))
    return editor.isConstant(node.input(0)) && node.op_type() == "MatMul" ? "its constant is on the left" : "its weights are no constant";
  Weights &weights = product.weights;
  weights.name = node.input(1);
  if (editor.elementType(weights.name) != onnx::TensorProto::FLOAT)
    return "its weights are of type " + ingest::elementTypeName(editor.elementType(weights.name)) + ", not float32";
  weights.dims = *editor.dims(weights.name);
  if (isConv || isTransposed ? weights.dims.size() < 3 : weights.dims.size() != 2)
    return "its weights have the shape " + ingest::printedDims(weights.dims);
  int64_t count = std::accumulate(weights.dims.begin(), weights.dims.end(), int64_t(1), std::multiplies<>());
  if (count == 0)
    return "its weights are empty";
  bool rows = isConv || (isGemm && integerAttribute(node, "transB", 0) != 0);
  weights.channelAxis = rows ? 0 : 1;
  weights.channels = weights.dims[weights.channelAxis];
  weights.depth = count / weights.channels;
  weights.channelStride = rows ? weights.depth : 1;
  weights.depthStride = rows ? 1 : weights.channels;
  if (isTransposed) { // [inputs, outputs, kernel...]
    if (!haveAbuttingWindows(node, weights.dims))
      return "its windows overlap, leave gaps or are cropped, or it has groups: there is no kernel of bytes for it";
    weights.depthRun = weights.channelStride = count / weights.dims[0] / weights.channels;
    weights.depthStride = weights.channels * weights.depthRun;
  }
  absl::StatusOr<ChannelReader> reader = ChannelReader::open(editor, weights);
  if (!reader.ok())
    return std::string(reader.status().message());
  return reader->allFinite() ? "" : "its weights hold NaN or infinities";
}

} // namespace

std::vector<Product> findProducts(const ModelEditor &editor, const NodeSelection &selection, llvm::ArrayRef<llvm::StringRef> defaults,
                                  std::vector<LeftAlone> &leftAlone) {
  std::vector<Product> products;
  auto leave = [&](const onnx::NodeProto &node, std::string reason) { leftAlone.push_back({node.name(), node.op_type(), std::move(reason)}); };
  for (int i = 0; i < editor.nodeCount(); ++i) {
    const onnx::NodeProto &node = editor.node(i);
    if (llvm::is_contained(kQuantizedOps, node.op_type())) {
      if (node.op_type() != "QuantizeLinear" && node.op_type() != "DequantizeLinear")
        leave(node, "is quantised already");
      continue;
    }
    bool isKnown = (llvm::is_contained(kProducts, node.op_type()) || llvm::is_contained(defaults, node.op_type())) && node.domain().empty();
    if (!isKnown) {
      if (selection.isListed(node) && !selection.isExcluded(node))
        leave(node, "has no weights of a product");
      continue;
    }
    if (selection.hasList() ? !selection.isListed(node) : !llvm::is_contained(defaults, node.op_type())) {
      leave(node, selection.hasList() ? "is not in the list of --include" : "needs --include in this mode");
      continue;
    }
    if (selection.isExcluded(node)) {
      leave(node, "is excluded");
      continue;
    }
    Product product;
    if (std::string reason = describe(editor, i, product); reason.empty())
      products.push_back(std::move(product));
    else
      leave(node, std::move(reason));
  }
  return products;
}

std::optional<Product> findProduct(const ModelEditor &editor, int node) {
  Product product;
  bool isKnown = llvm::is_contained(kProducts, editor.node(node).op_type()) && editor.node(node).domain().empty();
  return isKnown && describe(editor, node, product).empty() ? std::optional(std::move(product)) : std::nullopt;
}

absl::StatusOr<ChannelReader> ChannelReader::open(const ModelEditor &editor, const Weights &weights) {
  absl::StatusOr<ingest::Initializer> data = editor.model().tensor(*editor.constant(weights.name));
  if (!data.ok())
    return data.status();
  return ChannelReader(std::move(*data), weights);
}

void ChannelReader::read(int64_t channel, llvm::MutableArrayRef<float> into) const {
  for (int64_t i = 0; i < weights.depth; ++i) // not aligned
    std::memcpy(&into[i], data.bytes().data() + weights.placeOf(channel, i) * sizeof(float), sizeof(float));
  for (auto [weight, factor] : llvm::zip(into, weights.factors))
    weight *= factor;
}

bool ChannelReader::allFinite() const {
  const char *from = data.bytes().data();
  for (size_t at = 0; at < data.bytes().size(); at += sizeof(float)) {
    float value;
    std::memcpy(&value, from + at, sizeof(float));
    if (!std::isfinite(value))
      return false;
  }
  return true;
}

absl::StatusOr<std::vector<float>> readFloats(const ModelEditor &editor, llvm::StringRef name) {
  absl::StatusOr<ingest::Initializer> data = editor.model().tensor(*editor.constant(name));
  if (!data.ok())
    return data.status();
  std::vector<float> values(data->bytes().size() / sizeof(float));
  std::memcpy(values.data(), data->bytes().data(), values.size() * sizeof(float));
  return values;
}

} // namespace ingot::compress
