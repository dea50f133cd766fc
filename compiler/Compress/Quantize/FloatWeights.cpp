// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Quantize/FloatWeights.h"

#include "compiler/Compress/Edit/OpsetUpgrade.h"
#include "frontends/onnx/Import/NarrowTypes.h"

#include <Eigen/Core>
#include <bit>
#include <cmath>

namespace ingot::compress {
namespace {

/// From these versions of ONNX on Cast knows bfloat16, DequantizeLinear floats of 8 bits, and blocks.
constexpr int kHalfOpset = 13, kByteOpset = 19, kBlockedOpset = 21;

int32_t elementOf(FloatType type) {
  switch (type) {
  case FloatType::Float16:
    return onnx::TensorProto::FLOAT16;
  case FloatType::Bfloat16:
    return onnx::TensorProto::BFLOAT16;
  case FloatType::Float8E4M3:
    return onnx::TensorProto::FLOAT8E4M3FN;
  case FloatType::Float8E5M2:
    return onnx::TensorProto::FLOAT8E5M2;
  }
  return onnx::TensorProto::UNDEFINED;
}

/// The bits of a constant's numbers in 16 bits; none when a number becomes infinite.
template <typename Half> std::vector<uint16_t> narrowed(llvm::ArrayRef<float> values) {
  std::vector<uint16_t> bits;
  bits.reserve(values.size());
  for (float value : values) {
    auto half = static_cast<Half>(value);
    if (!std::isfinite(static_cast<float>(half)))
      return {};
    bits.push_back(Eigen::numext::bit_cast<uint16_t>(half));
  }
  return bits;
}

/// Writes weights of products as floats of one type. A constant that several products read is written once.
class FloatWriter {
public:
  FloatWriter(ModelEditor &editor, FloatType type, std::optional<int64_t> blockSize) : editor(editor), type(type), blockSize(blockSize) {
    if (isByte(type))
      bytes.emplace(type);
  }

  /// The value that stands for the weights; empty when they are too large for the type.
  absl::StatusOr<std::string> widened(const Weights &weights) {
    std::string key = weights.name + (bytes && weights.channelAxis == 0 ? "/rows" : "");
    auto [it, isNew] = values.try_emplace(key);
    if (isNew) {
      absl::StatusOr<std::string> value = bytes ? writeBytes(weights) : writeHalves(weights);
      if (!value.ok())
        return value;
      it->second = std::move(*value);
    }
    return it->second;
  }

private:
  absl::StatusOr<std::string> writeHalves(const Weights &weights) {
    absl::StatusOr<std::vector<float>> floats = readFloats(editor, weights.name);
    if (!floats.ok())
      return floats.status();
    bool isBrain = type == FloatType::Bfloat16;
    std::vector<uint16_t> bits = isBrain ? narrowed<Eigen::bfloat16>(*floats) : narrowed<Eigen::half>(*floats);
    if (bits.empty())
      return std::string();
    std::string stored = editor.newName(weights.name + "_" + nameOf(type).str());
    absl::Status problem;
    editor.addConstant(stored, elementOf(type), weights.dims, bytesOf(bits), problem);
    if (!problem.ok())
      return problem;
    std::string value = editor.addNode("Cast", {stored}, editor.newName(stored + "_widened"));
    setAttribute(editor.lastNode(), "to", onnx::TensorProto::FLOAT);
    return value;
  }

  absl::StatusOr<std::string> writeBytes(const Weights &weights) {
    absl::StatusOr<ChannelReader> reader = ChannelReader::open(editor, weights);
    if (!reader.ok())
      return reader.status();
    bool isBlocked = blockSize && weights.dims.size() == 2; // a filter of a convolution is one block
    int64_t block = isBlocked ? *blockSize : weights.depth, blocks = (weights.depth + block - 1) / block;
    bool isRows = weights.channelAxis == 0;
    std::vector<uint8_t> codes(weights.channels * weights.depth);
    std::vector<float> scales(weights.channels * blocks), channel(weights.depth);
    for (int64_t i = 0; i < weights.channels; ++i) {
      reader->read(i, channel);
      for (int64_t number = 0; number < blocks; ++number) {
        int64_t from = number * block, to = std::min(from + block, weights.depth);
        float most = 0;
        for (int64_t k = from; k < to; ++k)
          most = std::max(most, std::abs(channel[k]));
        float scale = std::max(most / bytes->largest(), std::numeric_limits<float>::min()); // of zeros, too, a number that can divide
        scales[isRows ? i * blocks + number : number * weights.channels + i] = scale;
        for (int64_t k = from; k < to; ++k)
          codes[weights.placeOf(i, k)] = (*bytes)(channel[k] / scale);
      }
    }
    std::string stored = editor.newName(weights.name + "_" + nameOf(type).str()), scale = editor.newName(weights.name + "_scale");
    std::vector<int64_t> dims = {weights.channels};
    if (isBlocked)
      dims.insert(isRows ? dims.end() : dims.begin(), blocks);
    absl::Status problem;
    editor.addConstant(stored, elementOf(type), weights.dims, bytesOf(codes), problem);
    editor.addConstant(scale, onnx::TensorProto::FLOAT, dims, bytesOf(scales), problem);
    if (!problem.ok())
      return problem;
    std::string value = editor.addNode("DequantizeLinear", {stored, scale}, editor.newName(stored + "_dequantized"));
    setAttribute(editor.lastNode(), "axis", isBlocked ? 1 - weights.channelAxis : weights.channelAxis);
    if (isBlocked)
      setAttribute(editor.lastNode(), "block_size", block);
    return value;
  }

  ModelEditor &editor;
  FloatType type;
  std::optional<int64_t> blockSize;
  std::optional<ByteFloats> bytes;     ///< none: floats of 16 bits
  llvm::StringMap<std::string> values; ///< by names of constants, and whether their channels are rows
};

} // namespace

llvm::StringRef nameOf(FloatType type) {
  switch (type) {
  case FloatType::Float16:
    return "fp16";
  case FloatType::Bfloat16:
    return "bf16";
  case FloatType::Float8E4M3:
    return "fp8";
  case FloatType::Float8E5M2:
    return "fp8-e5m2";
  }
  return "";
}

bool isByte(FloatType type) { return type == FloatType::Float8E4M3 || type == FloatType::Float8E5M2; }

ByteFloats::ByteFloats(FloatType type) : most(type == FloatType::Float8E4M3 ? 448.0F : 57344.0F), codes(1 << 16) {
  for (uint32_t i = 0; i < codes.size(); ++i)
    codes[i] = importer::encodeNarrow(elementOf(type), std::bit_cast<float>(i << 16), {.saturate = true});
}

uint8_t ByteFloats::operator()(float value) const {
  auto bits = std::bit_cast<uint32_t>(value);
  return codes[bits >> 16 | ((bits & 0xffff) != 0)];
}

absl::Status storeFloats(ModelEditor &editor, const NodeSelection &selection, FloatType type, std::optional<int64_t> blockSize,
                         QuantizeSummary &summary) {
  constexpr llvm::StringRef defaults[] = {"Conv", "MatMul", "Gemm"};
  std::vector<Product> products = findProducts(editor, selection, defaults, summary.leftAlone);
  if (products.empty())
    return absl::OkStatus();
  if (absl::Status status = raiseOpset(editor, blockSize ? kBlockedOpset : isByte(type) ? kByteOpset : kHalfOpset); !status.ok())
    return status;
  FloatWriter writer(editor, type, blockSize);
  for (const Product &product : products) {
    absl::StatusOr<std::string> value = writer.widened(product.weights);
    if (!value.ok())
      return value.status();
    if (value->empty()) {
      const onnx::NodeProto &node = editor.node(product.node);
      bool isBrain = type == FloatType::Bfloat16;
      summary.leftAlone.push_back(
          {node.name(), node.op_type(), isBrain ? "its weights are too large for bfloat16" : "its weights are too large for float16"});
      continue;
    }
    editor.setInput(product.node, product.weightInput, *value);
    ++summary.quantized;
  }
  summary.floats = type;
  return absl::OkStatus();
}

} // namespace ingot::compress
