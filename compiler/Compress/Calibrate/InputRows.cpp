// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Calibrate/InputRows.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"

#include <functional>
#include <numeric>

namespace ingot::compress {
namespace {

int64_t product(llvm::ArrayRef<int64_t> dims) { return std::accumulate(dims.begin(), dims.end(), int64_t(1), std::multiplies<>()); }

std::vector<int64_t> integers(const onnx::NodeProto &node, llvm::StringRef name, size_t count, int64_t otherwise) {
  for (const onnx::AttributeProto &attribute : node.attribute())
    if (attribute.name() == name && attribute.ints_size() == static_cast<int>(count))
      return {attribute.ints().begin(), attribute.ints().end()};
  return std::vector<int64_t>(count, otherwise);
}

std::string textAttribute(const onnx::NodeProto &node, llvm::StringRef name) {
  for (const onnx::AttributeProto &attribute : node.attribute())
    if (attribute.name() == name)
      return attribute.s();
  return "";
}

/// Numbers below `count` in an order that spreads evenly: multiples of the golden ratio.
int64_t spread(int64_t index, int64_t count) {
  double place = static_cast<double>(index) * 0.6180339887498949;
  return std::min(static_cast<int64_t>((place - std::floor(place)) * static_cast<double>(count)), count - 1);
}

} // namespace

std::vector<InputRows> inputRows(const ModelEditor &editor, const Product &product, std::string &reason) {
  const onnx::NodeProto &node = editor.node(product.node);
  InputRows rows{.value = node.input(0), .depth = product.weights.depth};
  if (node.op_type() != "Conv") {
    if (integerAttribute(node, "transA", 0) == 0)
      return {rows};
    reason = "their activations are transposed (transA)";
    return {};
  }
  const std::vector<int64_t> &filter = product.weights.dims;
  size_t spatial = filter.size() - 2;
  std::optional<std::vector<int64_t>> dims = editor.dims(rows.value);
  std::string padding = textAttribute(node, "auto_pad");
  if (!dims || dims->size() != filter.size() || llvm::count(*dims, -1) > 1 || (*dims)[1] < 0)
    reason = "they are convolutions over images of open sizes";
  else if (!padding.empty() && padding != "NOTSET" && padding != "VALID")
    reason = "they are convolutions with auto_pad=" + padding;
  if (!reason.empty())
    return {};
  rows.dims = std::move(*dims);
  rows.kernel.assign(filter.begin() + 2, filter.end());
  rows.strides = integers(node, "strides", spatial, 1);
  rows.dilations = integers(node, "dilations", spatial, 1);
  rows.pads = padding == "VALID" ? std::vector<int64_t>(2 * spatial) : integers(node, "pads", 2 * spatial, 0);
  std::vector<InputRows> groups(std::max<int64_t>(integerAttribute(node, "group", 1), 1), rows);
  for (size_t i = 0; i < groups.size(); ++i)
    groups[i].firstChannel = static_cast<int64_t>(i) * filter[1];
  return groups;
}

llvm::ArrayRef<float> InputRows::rowsOf(llvm::ArrayRef<float> data, std::vector<float> &storage) const {
  if (kernel.empty())
    return data;
  size_t spatial = kernel.size();
  std::vector<int64_t> sizes = dims;
  if (auto open = llvm::find(sizes, -1); open != sizes.end()) {
    *open = 1;
    *open = static_cast<int64_t>(data.size()) / std::max<int64_t>(product(sizes), 1);
  }
  int64_t channels = sizes[1];
  llvm::ArrayRef<int64_t> image = llvm::ArrayRef(sizes).drop_front(2);
  std::vector<int64_t> outputs = {sizes[0]}; // places of the filter: which image, and where
  for (size_t i = 0; i < spatial; ++i)
    outputs.push_back(std::max<int64_t>((image[i] + pads[i] + pads[spatial + i] - dilations[i] * (kernel[i] - 1) - 1) / strides[i] + 1, 0));
  int64_t places = product(outputs), taken = std::min(places, kMostPatches), area = product(image), taps = product(kernel), own = depth / taps;
  storage.assign(taken * depth, 0);
  for (int64_t row = 0; row < taken; ++row) {
    int64_t rest = taken == places ? row : spread(row, places);
    std::vector<int64_t> corner(spatial);
    for (size_t i = spatial; i-- > 0; rest /= outputs[i + 1])
      corner[i] = rest % outputs[i + 1] * strides[i] - pads[i];
    const float *from = data.data() + (rest * channels + firstChannel) * area;
    for (int64_t tap = 0; tap < taps; ++tap) {
      int64_t left = tap, offset = 0, step = 1;
      bool isInside = true;
      for (size_t i = spatial; i-- > 0; left /= kernel[i], step *= image[i]) {
        int64_t at = corner[i] + left % kernel[i] * dilations[i];
        isInside &= at >= 0 && at < image[i];
        offset += at * step;
      }
      if (!isInside)
        continue; // the pads are zero
      for (int64_t channel = 0; channel < own; ++channel)
        storage[row * depth + tap * own + channel] = from[channel * area + offset];
    }
  }
  return storage;
}

} // namespace ingot::compress
