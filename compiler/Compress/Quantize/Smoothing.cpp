// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Quantize/Smoothing.h"

#include "compiler/Compress/Calibrate/CalibrationModel.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"

#include <cmath>

namespace ingot::compress {
namespace {

constexpr double kStrength = 0.5;

/// The largest magnitude of weights that meet each element of the last dim of an activation, in all products that read it.
absl::StatusOr<std::vector<float>> largestWeights(const ModelEditor &editor, llvm::ArrayRef<Product *> products) {
  std::vector<float> largest(products.front()->weights.depth), channel(largest.size());
  for (const Product *product : products) {
    absl::StatusOr<ChannelReader> reader = ChannelReader::open(editor, product->weights);
    if (!reader.ok())
      return reader.status();
    for (int64_t i = 0; i < product->weights.channels; ++i) {
      reader->read(i, channel);
      for (auto [most, weight] : llvm::zip_equal(largest, channel))
        most = std::max(most, std::abs(weight));
    }
  }
  return largest;
}

} // namespace

std::vector<float> smoothingFactors(llvm::ArrayRef<float> activations, llvm::ArrayRef<float> weights, double strength) {
  std::vector<float> factors;
  for (auto [x, w] : llvm::zip_equal(activations, weights)) {
    double factor = x > 0 && w > 0 ? std::pow(x, strength) / std::pow(w, 1 - strength) : 1;
    factors.push_back(static_cast<float>(std::clamp(factor, 1e-5, 1e5)));
  }
  return factors;
}

absl::StatusOr<llvm::StringMap<SmoothedValue>> smoothActivations(ModelEditor &editor, std::vector<Product> &products, const QuantizeOptions &options,
                                                                 QuantizeSummary &summary) {
  llvm::MapVector<llvm::StringRef, std::vector<Product *>> readers;
  for (Product &product : products) {
    const onnx::NodeProto &node = editor.node(product.node);
    if (node.op_type() != "Conv" && integerAttribute(node, "transA", 0) == 0)
      readers[node.input(0)].push_back(&product);
  }
  std::vector<std::string> values;
  std::vector<std::vector<float>> largest;
  for (const auto &[value, nodes] : readers) {
    values.push_back(value.str());
    largest.emplace_back(nodes.front()->weights.depth);
  }
  llvm::StringMap<SmoothedValue> smoothed;
  if (values.empty())
    return smoothed;
  absl::StatusOr<std::vector<std::string>> files = sampleFiles(options.calibration);
  if (!files.ok())
    return files.status();
  absl::StatusOr<std::unique_ptr<CalibrationModel>> model = CalibrationModel::open(options.input, values);
  if (!model.ok())
    return model.status();
  absl::StatusOr<int64_t> samples = runSamples(**model, *files, [&](size_t value, llvm::ArrayRef<float> data) {
    std::vector<float> &most = largest[value];
    for (size_t row = 0; row < data.size(); row += most.size())
      for (size_t i = 0; i < most.size(); ++i)
        if (float size = std::abs(data[row + i]); std::isfinite(size))
          most[i] = std::max(most[i], size);
    return absl::OkStatus();
  });
  if (!samples.ok())
    return samples.status();
  summary.samples = *samples;
  absl::Status problem;
  for (auto [value, most] : llvm::zip_equal(values, largest)) {
    llvm::ArrayRef<Product *> nodes = readers[value];
    absl::StatusOr<std::vector<float>> weights = largestWeights(editor, nodes);
    if (!weights.ok())
      return weights.status();
    std::vector<float> factors = smoothingFactors(most, *weights, kStrength), reciprocals;
    for (float factor : factors)
      reciprocals.push_back(1 / factor);
    std::string name = editor.newName(value + "_smoothed"), constant = editor.newName(value + "_smoothing");
    editor.addConstant(constant, onnx::TensorProto::FLOAT, {static_cast<int64_t>(factors.size())}, bytesOf(reciprocals), problem);
    editor.addNode("Mul", {value, constant}, name);
    editor.setTypeLike(name, value);
    for (Product *product : nodes) {
      editor.setInput(product->node, 0, name);
      product->weights.factors = factors;
    }
    smoothed[name] = {value, std::move(reciprocals)};
  }
  editor.reindex();
  if (!problem.ok())
    return problem;
  return smoothed;
}

} // namespace ingot::compress
