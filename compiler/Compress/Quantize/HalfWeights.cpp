// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Quantize/HalfWeights.h"

#include "compiler/Compress/Edit/OpsetUpgrade.h"

#include <Eigen/Core>
#include <cmath>

namespace ingot::compress {
namespace {

/// Cast knows bfloat16 from this version of ONNX on.
constexpr int kHalfOpset = 13;

/// The bits of a constant's numbers in 16 bits; none when a number becomes infinite.
template <typename Half> std::vector<uint16_t> narrowed(llvm::ArrayRef<char> floats) {
  std::vector<uint16_t> bits;
  bits.reserve(floats.size() / sizeof(float));
  for (size_t at = 0; at < floats.size(); at += sizeof(float)) {
    float value;
    std::memcpy(&value, floats.data() + at, sizeof(value)); // not aligned
    auto half = static_cast<Half>(value);
    if (!std::isfinite(static_cast<float>(half)))
      return {};
    bits.push_back(Eigen::numext::bit_cast<uint16_t>(half));
  }
  return bits;
}

} // namespace

absl::Status storeHalves(ModelEditor &editor, const NodeSelection &selection, HalfType type, QuantizeSummary &summary) {
  constexpr llvm::StringRef defaults[] = {"Conv", "MatMul", "Gemm"};
  std::vector<Product> products = findProducts(editor, selection, defaults, summary.leftAlone);
  if (products.empty())
    return absl::OkStatus();
  if (absl::Status status = raiseOpset(editor, kHalfOpset); !status.ok())
    return status;
  bool isBrain = type == HalfType::Bfloat16;
  llvm::StringMap<std::string> widened; // by names of constants; empty: too large
  absl::Status problem;
  for (const Product &product : products) {
    const std::string &weights = product.weights.name;
    auto [it, isNew] = widened.try_emplace(weights);
    if (isNew) {
      absl::StatusOr<ingest::Initializer> data = editor.model().tensor(*editor.constant(weights));
      if (!data.ok())
        return data.status();
      llvm::ArrayRef<char> bytes(data->bytes().data(), data->bytes().size());
      std::vector<uint16_t> bits = isBrain ? narrowed<Eigen::bfloat16>(bytes) : narrowed<Eigen::half>(bytes);
      if (!bits.empty()) {
        int32_t element = isBrain ? onnx::TensorProto::BFLOAT16 : onnx::TensorProto::FLOAT16;
        std::string stored = editor.newName(weights + (isBrain ? "_bf16" : "_fp16"));
        editor.addConstant(stored, element, product.weights.dims, bytesOf(bits), problem);
        it->second = editor.addNode("Cast", {stored}, editor.newName(stored + "_widened"));
        setAttribute(editor.lastNode(), "to", onnx::TensorProto::FLOAT);
      }
    }
    if (it->second.empty()) {
      const onnx::NodeProto &node = editor.node(product.node);
      summary.leftAlone.push_back(
          {node.name(), node.op_type(), isBrain ? "its weights are too large for bfloat16" : "its weights are too large for float16"});
      continue;
    }
    editor.setInput(product.node, product.weightInput, it->second);
    ++summary.quantized;
  }
  summary.half = type;
  return problem;
}

} // namespace ingot::compress
