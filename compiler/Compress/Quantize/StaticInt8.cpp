// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Quantize/StaticInt8.h"

#include "compiler/Compress/Calibrate/CalibrationModel.h"
#include "compiler/Compress/Calibrate/Histogram.h"
#include "compiler/Compress/Edit/OpsetUpgrade.h"
#include "compiler/Compress/Quantize/ActivationPlaces.h"
#include "compiler/Compress/Quantize/ChannelWeights.h"
#include "compiler/Compress/Quantize/Smoothing.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"

#include <cmath>
#include <limits>

namespace ingot::compress {
namespace {

/// Scales per channel belong to this version of ONNX.
constexpr int kChannelOpset = 13;
constexpr double kPercentile = 99.999;
/// A member of a group that fills less of the group's range than this keeps its own.
constexpr double kLeastShare = 0.25;
/// The largest code of a bias: what it is added to must fit, too.
constexpr double kLargestBias = 1 << 30;

/// x is about (code - zeroPoint) * scale.
struct ActivationScale {
  float scale = 1;
  int zeroPoint = 0;
};

ActivationScale scaleOf(const ValueRange &range, bool isSigned) {
  double scale = std::max((range.high - range.low) / 255, static_cast<double>(std::numeric_limits<float>::min()));
  if (range.high == range.low)
    scale = 1;
  int zero = static_cast<int>(std::lround(-range.low / scale));
  return {static_cast<float>(scale), std::clamp(zero, 0, 255) - (isSigned ? 128 : 0)};
}

/// Runs the samples and finds the range of each place.
absl::StatusOr<std::vector<ValueRange>> calibrate(llvm::ArrayRef<ActivationPlace> places, const llvm::StringMap<SmoothedValue> &smoothed,
                                                  const QuantizeOptions &options, QuantizeSummary &summary) {
  absl::StatusOr<SampleFiles> files = SampleFiles::open(options.calibration, options.sampleFormat);
  if (!files.ok())
    return files.status();
  // What the model as it is knows: the places that are such values, or made of them.
  llvm::MapVector<llvm::StringRef, std::vector<size_t>> sources;
  for (auto [i, place] : llvm::enumerate(places)) {
    auto it = smoothed.find(place.value);
    sources[it == smoothed.end() ? llvm::StringRef(place.value) : llvm::StringRef(it->second.original)].push_back(i);
  }
  std::vector<std::string> values;
  for (const auto &[value, readers] : sources)
    values.push_back(value.str());
  absl::StatusOr<std::unique_ptr<CalibrationModel>> model = CalibrationModel::open(options.input, values);
  if (!model.ok())
    return model.status();
  std::vector<Histogram> histograms(places.size());
  std::vector<int64_t> others(places.size());
  absl::StatusOr<int64_t> samples = runSamples(**model, *files, [&](size_t value, llvm::ArrayRef<float> data) {
    for (size_t place : (sources.begin() + value)->second) {
      auto it = smoothed.find(places[place].value);
      if (it == smoothed.end()) {
        others[place] += histograms[place].add(data);
        continue;
      }
      llvm::ArrayRef<float> reciprocals = it->second.reciprocals;
      std::vector<float> scaled(data.size());
      for (size_t i = 0; i < data.size(); ++i)
        scaled[i] = data[i] * reciprocals[i % reciprocals.size()];
      others[place] += histograms[place].add(scaled);
    }
    return absl::OkStatus();
  });
  if (!samples.ok())
    return samples.status();
  summary.samples = *samples;
  for (auto [place, count] : llvm::zip_equal(places, others))
    if (count > 0)
      summary.notes.push_back("value '" + place.value + "' is NaN or infinite " + std::to_string(count) +
                              " times in the samples; these are left out");
  std::vector<ValueRange> ranges;
  ranges.reserve(histograms.size());
  RangeMethod method = options.rangeMethod.value_or(options.percentile ? RangeMethod::Percentile : RangeMethod::Mse);
  for (const Histogram &histogram : histograms)
    ranges.push_back(histogram.range(method, options.percentile.value_or(kPercentile)));
  return ranges;
}

/// Gives the members of each group the range of all of them.
void shareRanges(llvm::ArrayRef<ActivationPlace> places, std::vector<ValueRange> &ranges) {
  std::map<int, ValueRange> groups;
  for (auto [place, range] : llvm::zip_equal(places, ranges)) {
    ValueRange &group = groups[place.group];
    group = {std::min(group.low, range.low), std::max(group.high, range.high)};
  }
  for (auto [place, range] : llvm::zip_equal(places, ranges)) {
    const ValueRange &group = groups[place.group];
    if (!place.mayDiffer || range.high - range.low >= kLeastShare * (group.high - group.low))
      range = group;
  }
}

class StaticInt8 {
public:
  StaticInt8(ModelEditor &editor, const QuantizeOptions &options)
      : editor(editor), isSigned(options.signedActivations.value_or(false)), bits(options.reduceRange ? kReducedBits : 8) {}

  absl::Status addPair(const ActivationPlace &place, const ValueRange &range) {
    ActivationScale scale = scaleOf(range, isSigned);
    scales[place.value] = scale;
    std::string scaleName = editor.newName(place.value + "_scale"), zeroName = editor.newName(place.value + "_zero_point");
    editor.addConstant(scaleName, onnx::TensorProto::FLOAT, {}, bytesOf(llvm::ArrayRef(scale.scale)), problem);
    const char zero = static_cast<char>(scale.zeroPoint);
    editor.addConstant(zeroName, isSigned ? onnx::TensorProto::INT8 : onnx::TensorProto::UINT8, {}, llvm::ArrayRef(zero), problem);
    std::string codes = editor.addNode("QuantizeLinear", {place.value, scaleName, zeroName}, editor.newName(place.value + "_quantized"));
    std::string back = editor.addNode("DequantizeLinear", {codes, scaleName, zeroName}, editor.newName(place.value + "_dequantized"));
    for (const Use &use : place.readers)
      editor.setInput(use.node, use.input, back);
    return problem;
  }

  /// `input` is the activation that the product reads in the model as it was.
  absl::Status quantize(const Product &product, llvm::StringRef input) {
    const Weights &weights = product.weights;
    double inputScale = scales[input].scale;
    std::string bias = biasOf(product);
    std::vector<float> biases, leastScales;
    if (!bias.empty()) {
      absl::StatusOr<std::vector<float>> values = readFloats(editor, bias);
      if (!values.ok())
        return values.status();
      biases = std::move(*values);
      for (float b : biases)
        leastScales.push_back(static_cast<float>(std::abs(b) / (inputScale * kLargestBias)));
    }
    auto [it, isNew] =
        stored.try_emplace(weights.name + "/" + (weights.factors.empty() ? "" : input.str()) + (weights.channelAxis == 0 ? "/rows" : "/columns"));
    if (isNew) {
      absl::StatusOr<ChannelWeights> made = storeChannels(editor, weights, bits, /*transposed=*/false, leastScales);
      if (!made.ok())
        return made.status();
      it->second.weights = std::move(*made);
      it->second.value = dequantized(it->second.weights.codes, it->second.weights.scales, weights.channelAxis);
    }
    editor.setInput(product.node, product.weightInput, it->second.value);
    if (!bias.empty())
      quantizeBias(product, bias, biases, inputScale, it->second.weights.scaleValues);
    return problem;
  }

private:
  struct Stored {
    ChannelWeights weights;
    std::string value; ///< the dequantised one
  };

  std::string dequantized(const std::string &codes, const std::string &scales, int axis) {
    std::string value = editor.addNode("DequantizeLinear", {codes, scales}, editor.newName(codes + "_dequantized"));
    setAttribute(editor.lastNode(), "axis", axis);
    return value;
  }

  /// A constant with an element per channel that is added to the product as it is; empty if there is none.
  std::string biasOf(const Product &product) const {
    const onnx::NodeProto &node = editor.node(product.node);
    if (node.op_type() == "MatMul" || node.input_size() < 3 || !editor.isConstant(node.input(2)) ||
        editor.elementType(node.input(2)) != onnx::TensorProto::FLOAT || floatAttribute(node, "alpha", 1) != 1 ||
        floatAttribute(node, "beta", 1) != 1)
      return "";
    return *editor.dims(node.input(2)) == std::vector<int64_t>{product.weights.channels} ? node.input(2) : "";
  }

  void quantizeBias(const Product &product, const std::string &bias, llvm::ArrayRef<float> values, double inputScale,
                    llvm::ArrayRef<float> weightScales) {
    std::vector<int32_t> codes;
    std::vector<float> biasScales;
    for (auto [value, weightScale] : llvm::zip_equal(values, weightScales)) {
      auto scale = static_cast<float>(inputScale * weightScale);
      double code = std::nearbyint(value / static_cast<double>(scale));
      if (!(std::abs(code) <= 2 * kLargestBias - 1) || scale < std::numeric_limits<float>::min())
        return; // weights that other products share may have scales too small for this bias: it stays as it is
      codes.push_back(static_cast<int32_t>(code));
      biasScales.push_back(scale);
    }
    std::string codeName = editor.newName(bias + "_quantized"), scaleName = editor.newName(bias + "_scale");
    editor.addConstant(codeName, onnx::TensorProto::INT32, {product.weights.channels}, bytesOf(codes), problem);
    editor.addConstant(scaleName, onnx::TensorProto::FLOAT, {product.weights.channels}, bytesOf(biasScales), problem);
    editor.setInput(product.node, 2, dequantized(codeName, scaleName, 0));
  }

  ModelEditor &editor;
  bool isSigned;
  int bits;
  llvm::StringMap<ActivationScale> scales;
  llvm::StringMap<Stored> stored;
  absl::Status problem;
};

} // namespace

absl::Status quantizeStatic(ModelEditor &editor, const NodeSelection &selection, const QuantizeOptions &options, QuantizeSummary &summary) {
  constexpr llvm::StringRef defaults[] = {"Conv", "ConvTranspose", "MatMul", "Gemm"};
  std::vector<Product> products = findProducts(editor, selection, defaults, summary.leftAlone);
  llvm::erase_if(products, [&](const Product &product) {
    const onnx::NodeProto &node = editor.node(product.node);
    bool isFloat = editor.elementType(node.input(0)) == onnx::TensorProto::FLOAT && !editor.isConstant(node.input(0));
    if (!isFloat)
      summary.leftAlone.push_back({node.name(), node.op_type(), "its input is no float32 activation"});
    return !isFloat;
  });
  if (products.empty())
    return absl::OkStatus();
  if (absl::Status status = raiseOpset(editor, kChannelOpset); !status.ok())
    return status;
  llvm::StringMap<SmoothedValue> smoothed;
  if (options.smooth.value_or(options.placement != Placement::Every && !options.randomCalibration)) {
    absl::StatusOr<llvm::StringMap<SmoothedValue>> values = smoothActivations(editor, products, options, summary);
    if (!values.ok())
      return values.status();
    smoothed = std::move(*values);
  }
  std::vector<ActivationPlace> places = chooseActivations(editor, products, options.placement.value_or(Placement::Fused));
  absl::StatusOr<std::vector<ValueRange>> ranges = calibrate(places, smoothed, options, summary);
  if (!ranges.ok())
    return ranges.status();
  shareRanges(places, *ranges);
  std::vector<std::string> inputs;
  inputs.reserve(products.size());
  for (const Product &product : products)
    inputs.push_back(editor.node(product.node).input(0));
  StaticInt8 work(editor, options);
  for (auto [place, range] : llvm::zip_equal(places, *ranges))
    if (absl::Status status = work.addPair(place, range); !status.ok())
      return status;
  for (auto [product, input] : llvm::zip_equal(products, inputs))
    if (absl::Status status = work.quantize(product, input); !status.ok())
      return status;
  summary.quantized = static_cast<int64_t>(products.size());
  summary.tensors = static_cast<int64_t>(places.size());
  if (options.randomCalibration)
    summary.notes.push_back("the samples were random numbers (--random-calibration): they do not represent what the model will see, and its results "
                            "may be far from those of the original. Use --calibration with real inputs for anything but measuring time");
  return absl::OkStatus();
}

} // namespace ingot::compress
