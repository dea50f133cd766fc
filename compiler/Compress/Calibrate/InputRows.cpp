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

/// Where a filter lies in an activation.
struct InputRows::Places {
  std::vector<int64_t> sizes;   ///< of the activation
  std::vector<int64_t> outputs; ///< which image, and where
  int64_t count = 0, taken = 0;

  int64_t at(int64_t row) const { return taken == count ? row : spread(row, count); }
};

InputRows::Places InputRows::placesOf(size_t elements) const {
  Places places{.sizes = dims, .outputs = {}};
  if (auto open = llvm::find(places.sizes, -1); open != places.sizes.end()) {
    *open = 1;
    *open = static_cast<int64_t>(elements) / std::max<int64_t>(product(places.sizes), 1);
  }
  size_t spatial = kernel.size();
  llvm::ArrayRef<int64_t> image = llvm::ArrayRef(places.sizes).drop_front(2);
  places.outputs = {places.sizes[0]};
  for (size_t i = 0; i < spatial; ++i)
    places.outputs.push_back(std::max<int64_t>((image[i] + pads[i] + pads[spatial + i] - dilations[i] * (kernel[i] - 1) - 1) / strides[i] + 1, 0));
  places.count = product(places.outputs);
  places.taken = std::min(places.count, kMostPatches);
  return places;
}

llvm::ArrayRef<float> InputRows::resultRowsOf(llvm::ArrayRef<float> result, size_t inputs, std::vector<float> &storage) const {
  if (kernel.empty())
    return result;
  Places places = placesOf(inputs);
  int64_t area = product(llvm::ArrayRef(places.outputs).drop_front());
  int64_t channels = places.count == 0 ? 0 : static_cast<int64_t>(result.size()) / places.count;
  storage.resize(places.taken * channels);
  for (int64_t row = 0; row < places.taken; ++row) {
    int64_t image = places.at(row) / area, place = places.at(row) % area;
    for (int64_t channel = 0; channel < channels; ++channel)
      storage[row * channels + channel] = result[(image * channels + channel) * area + place];
  }
  return storage;
}

llvm::ArrayRef<float> InputRows::rowsOf(llvm::ArrayRef<float> data, std::vector<float> &storage) const {
  if (kernel.empty())
    return data;
  size_t spatial = kernel.size();
  const Places places = placesOf(data.size());
  const std::vector<int64_t> &outputs = places.outputs;
  int64_t channels = places.sizes[1];
  llvm::ArrayRef<int64_t> image = llvm::ArrayRef(places.sizes).drop_front(2);
  int64_t area = product(image), taps = product(kernel), own = depth / taps;
  storage.assign(places.taken * depth, 0);
  for (int64_t row = 0; row < places.taken; ++row) {
    int64_t rest = places.at(row);
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
