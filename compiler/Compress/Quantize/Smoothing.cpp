// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Quantize/Smoothing.h"

#include "compiler/Compress/Calibrate/CalibrationModel.h"
#include "compiler/Compress/Quantize/ActivationAwareSearch.h"
#include "compiler/Compress/Quantize/ActivationPlaces.h"
#include "compiler/Compress/Quantize/SmoothingSearch.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"

#include <cmath>
#include <limits>

namespace ingot::compress {
namespace {

/// Factors are worth a multiplication at run time when this or less is left of the expected squared error.
constexpr double kWorthwhile = 0.65;
/// The same for weights alone, where a multiplication is little beside a product that is not made faster.
constexpr double kWorthwhileForWeights = 0.9;
/// Channels of results of each product that are rounded to try factors.
constexpr int64_t kTriedChannels = 64;

/// Calls `take` with the weights of each channel of the products, or of about `most` of each product, without factors.
absl::Status eachChannel(const ModelEditor &editor, llvm::ArrayRef<Product *> products, llvm::function_ref<void(llvm::ArrayRef<float>)> take,
                         int64_t most = std::numeric_limits<int64_t>::max()) {
  std::vector<float> channel(products.front()->weights.depth);
  for (const Product *product : products) {
    absl::StatusOr<ChannelReader> reader = ChannelReader::open(editor, product->weights);
    if (!reader.ok())
      return reader.status();
    for (int64_t i = 0, step = std::max<int64_t>(product->weights.channels / most, 1); i < product->weights.channels; i += step) {
      reader->read(i, channel);
      take(channel);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<SmoothingSearch::Found> searchForBytes(const ModelEditor &editor, llvm::ArrayRef<Product *> products,
                                                      const ActivationChannels &activation) {
  std::vector<float> largest(products.front()->weights.depth);
  absl::Status status = eachChannel(editor, products, [&](llvm::ArrayRef<float> channel) {
    for (auto [most, weight] : llvm::zip_equal(largest, channel))
      most = std::max(most, std::abs(weight));
  });
  SmoothingSearch search(activation, largest);
  status.Update(eachChannel(editor, products, [&](llvm::ArrayRef<float> channel) { search.addWeights(channel); }));
  if (!status.ok())
    return status;
  return search.best();
}

/// The inputs of a node that its result is proportional to, channel by channel, when all of them are constants; else none.
std::vector<int> gainsOf(const ModelEditor &editor, const onnx::NodeProto &node, int64_t depth) {
  std::vector<int> gains;
  if (node.op_type() == "LayerNormalization" || node.op_type() == "RMSNormalization" || node.op_type() == "SimplifiedLayerNormalization")
    for (int i = 1; i < node.input_size(); ++i)
      gains.push_back(i);
  else if (node.op_type() == "Mul")
    gains = {editor.isConstant(node.input(0)) ? 0 : 1};
  auto fits = [&](int input) {
    return editor.elementType(node.input(input)) == onnx::TensorProto::FLOAT && editor.isConstant(node.input(input)) &&
           *editor.dims(node.input(input)) == std::vector<int64_t>{depth};
  };
  return llvm::all_of(gains, fits) ? gains : std::vector<int>();
}

/// Makes a new value that is `value` times `reciprocals`: by the gain of the norm that makes it, if nobody else reads it, or by a Mul.
absl::StatusOr<std::string> scaled(ModelEditor &editor, const std::string &value, size_t readers, llvm::ArrayRef<float> reciprocals) {
  std::string name = editor.newName(value + "_smoothed");
  auto depth = static_cast<int64_t>(reciprocals.size());
  int producer = editor.producerIndex(value);
  bool isOwn = producer >= 0 && editor.uses(value).size() == readers && !editor.isReadElsewhere(value) && !editor.isOutput(value);
  std::vector<int> gains = isOwn ? gainsOf(editor, editor.node(producer), depth) : std::vector<int>();
  absl::Status problem;
  for (int input : gains) {
    const std::string old = editor.node(producer).input(input);
    absl::StatusOr<std::vector<float>> gain = readFloats(editor, old);
    if (!gain.ok())
      return gain.status();
    for (auto [one, reciprocal] : llvm::zip_equal(*gain, reciprocals))
      one *= reciprocal;
    std::string constant = editor.newName(old + "_smoothed");
    editor.addConstant(constant, onnx::TensorProto::FLOAT, {depth}, bytesOf(*gain), problem);
    editor.setInput(producer, input, constant);
  }
  if (!gains.empty()) {
    editor.node(producer).set_output(0, name);
  } else {
    std::string constant = editor.newName(value + "_smoothing");
    editor.addConstant(constant, onnx::TensorProto::FLOAT, {depth}, bytesOf(reciprocals), problem);
    editor.addNode("Mul", {value, constant}, name);
  }
  editor.setTypeLike(name, value);
  if (!problem.ok())
    return problem;
  return name;
}

using Readers = llvm::MapVector<llvm::StringRef, std::vector<Product *>>;
using Search = llvm::function_ref<absl::StatusOr<SmoothingSearch::Found>(llvm::ArrayRef<Product *> products, const ActivationChannels &activation)>;

/// Divides the activations that `readers` read by the factors that are found, where they leave `worthwhile` or less of the error.
absl::StatusOr<llvm::StringMap<SmoothedValue>> divideActivations(ModelEditor &editor, const Readers &readers, double worthwhile, Search search,
                                                                 const QuantizeOptions &options, QuantizeSummary &summary) {
  std::vector<std::string> values;
  std::vector<std::vector<Product *>> nodes;
  std::vector<ActivationChannels> channels;
  for (const auto &[value, readersOfValue] : readers) {
    values.push_back(value.str()); // the map's keys lie in nodes, which change
    nodes.push_back(readersOfValue);
    channels.emplace_back(readersOfValue.front()->weights.depth);
  }
  llvm::StringMap<SmoothedValue> smoothed;
  if (values.empty())
    return smoothed;
  absl::StatusOr<SampleFiles> files = SampleFiles::open(options.calibration, options.sampleFormat);
  if (!files.ok())
    return files.status();
  absl::StatusOr<std::unique_ptr<CalibrationModel>> model = CalibrationModel::open(options.input, values);
  if (!model.ok())
    return model.status();
  absl::StatusOr<int64_t> samples = runSamples(**model, *files, [&](size_t value, llvm::ArrayRef<float> data) {
    channels[value].add(data);
    return absl::OkStatus();
  });
  if (!samples.ok())
    return samples.status();
  summary.samples = *samples;
  for (auto [value, products, activation] : llvm::zip_equal(values, nodes, channels)) {
    absl::StatusOr<SmoothingSearch::Found> found = search(products, activation);
    if (!found.ok())
      return found.status();
    if (found->gain > worthwhile)
      continue;
    std::vector<float> reciprocals;
    for (float factor : found->factors)
      reciprocals.push_back(1 / factor);
    absl::StatusOr<std::string> name = scaled(editor, value, products.size(), reciprocals);
    if (!name.ok())
      return name.status();
    for (Product *product : products) {
      editor.setInput(product->node, 0, *name);
      product->weights.factors = found->factors;
    }
    smoothed[*name] = {value, std::move(reciprocals)};
  }
  summary.smoothed = static_cast<int64_t>(smoothed.size());
  editor.reindex();
  return smoothed;
}

/// Whether the rows of its activation are multiplied, so that factors belong to elements of its last dim.
bool multipliesRows(const onnx::NodeProto &node) {
  return node.op_type() != "Conv" && node.op_type() != "ConvTranspose" && integerAttribute(node, "transA", 0) == 0;
}

} // namespace

absl::StatusOr<llvm::StringMap<SmoothedValue>> smoothActivations(ModelEditor &editor, std::vector<Product> &products, const QuantizeOptions &options,
                                                                 QuantizeSummary &summary) {
  Readers readers;
  for (Product &product : products) {
    const onnx::NodeProto &node = editor.node(product.node), *producer = editor.producer(node.input(0));
    // Unless it is asked for, nothing gets between bytes and a product.
    bool breaksFlow = !options.smooth && producer && passesBytes(producer->op_type());
    if (multipliesRows(node) && !breaksFlow)
      readers[node.input(0)].push_back(&product);
  }
  auto search = [&](llvm::ArrayRef<Product *> products, const ActivationChannels &activation) {
    return searchForBytes(editor, products, activation);
  };
  return divideActivations(editor, readers, kWorthwhile, search, options, summary);
}

absl::Status scaleForRounding(ModelEditor &editor, std::vector<Product> &products, const WeightGrid &grid, int64_t block,
                              const QuantizeOptions &options, QuantizeSummary &summary) {
  Readers readers;
  for (Product &product : products)
    if (const onnx::NodeProto &node = editor.node(product.node); multipliesRows(node) && editor.uses(product.weights.name).size() == 1)
      readers[node.input(0)].push_back(&product);
  auto search = [&](llvm::ArrayRef<Product *> products, const ActivationChannels &activation) -> absl::StatusOr<SmoothingSearch::Found> {
    ActivationAwareSearch search(activation, grid, block);
    absl::Status status = eachChannel(editor, products, [&](llvm::ArrayRef<float> channel) { search.addWeights(channel); }, kTriedChannels);
    if (!status.ok())
      return status;
    return search.best();
  };
  return divideActivations(editor, readers, kWorthwhileForWeights, search, options, summary).status();
}

} // namespace ingot::compress
