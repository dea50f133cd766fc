// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Quantize/WeightOnly.h"

#include "compiler/Compress/Edit/OpsetUpgrade.h"
#include "compiler/Compress/Quantize/BlockedWeights.h"
#include "compiler/Compress/Quantize/ErrorFeedback.h"
#include "compiler/Compress/Quantize/InputMoments.h"
#include "compiler/Compress/Quantize/Smoothing.h"
#include "llvm/ADT/STLExtras.h"

namespace ingot::compress {
namespace {

/// Blocks and types of 4 bits belong to this version of ONNX.
constexpr int kBlockedOpset = 21;
constexpr llvm::StringLiteral kMicrosoft = "com.microsoft";
/// Channels whose weights are floats in memory together while they are rounded with error feedback.
constexpr int64_t kChannelsAtATime = 512;

/// Of what the groups of a product multiply by their weights; empty: they are not known.
using Moments = llvm::ArrayRef<SecondMoments *>;

/// Names of what stands for a constant of weights.
struct Stored {
  std::string codes, scales, zeroPoints; ///< no name of zero points when they are 0
};

class WeightOnly {
public:
  WeightOnly(ModelEditor &editor, const QuantizeOptions &options)
      : editor(editor), grid{options.weightBits.value_or(4), options.symmetric.value_or(true)},
        block(options.blockSize.value_or(grid.bits == 4 ? 32 : 128)), format(options.format.value_or(WeightFormat::Qdq)),
        method(options.method.value_or(WeightMethod::Rtn)) {}

  const WeightGrid &gridOf() const { return grid; }
  int64_t blockSize() const { return block; }

  /// With the moments of what it multiplies, a product is rounded with error feedback; weights that are shared, as their first product wants it.
  absl::Status quantize(const Product &product, Moments moments) {
    const Weights &weights = product.weights;
    auto [it, isNew] = done.try_emplace(weights.name + (weights.channelAxis == 0 ? "/rows" : "/columns"));
    if (isNew) {
      absl::StatusOr<BlockedWeights> blocked = round(weights, moments);
      if (!blocked.ok())
        return blocked.status();
      it->second = format == WeightFormat::Qdq ? storeAsTensors(weights, *blocked) : storePacked(weights, *blocked);
    }
    if (format == WeightFormat::Qdq)
      editor.setInput(product.node, product.weightInput, dequantized(it->second, weights));
    else
      replaceByMatMulNBits(product, it->second);
    return problem;
  }

  /// A lookup of rows of a constant [rows, depth].
  absl::Status quantizeGather(int index, const Weights &weights) {
    auto [it, isNew] = done.try_emplace(weights.name + "/rows");
    if (isNew) {
      absl::StatusOr<BlockedWeights> blocked = round(weights);
      if (!blocked.ok())
        return blocked.status();
      it->second = storeAsTensors(weights, *blocked);
    }
    const Stored stored = it->second;
    const std::string output = editor.node(index).output(0), indices = editor.node(index).input(1);
    if (format == WeightFormat::MatMulNBits) {
      std::vector<std::string> inputs = {stored.codes, indices, stored.scales};
      if (!stored.zeroPoints.empty())
        inputs.push_back(stored.zeroPoints);
      editor.addNode("GatherBlockQuantized", inputs, output, kMicrosoft);
      for (auto [name, value] :
           {std::pair<const char *, int64_t>("gather_axis", 0), {"quantize_axis", 1}, {"block_size", block}, {"bits", grid.bits}})
        setAttribute(editor.lastNode(), name, value);
      editor.remove(index);
    } else if (grid.bits == 4) { // ONNX's Gather knows no elements of 4 bits
      editor.setInput(index, 0, dequantized(stored, weights));
    } else {
      auto gathered = [&](const std::string &table) {
        return table.empty() ? table : editor.addNode("Gather", {table, indices}, editor.newName(output + "_" + table));
      };
      std::string codes = gathered(stored.codes), scales = gathered(stored.scales), points = gathered(stored.zeroPoints);
      addDequantize({codes, scales, points}, -1, output);
      setAttribute(editor.lastNode(), "block_size", block);
      editor.remove(index);
    }
    return problem;
  }

private:
  /// Blocks lie along a dim of a matrix; filters of convolutions are a block each.
  int64_t blockOf(const Weights &weights) const { return weights.dims.size() == 2 ? block : weights.depth; }

  absl::StatusOr<BlockedWeights> round(const Weights &weights, Moments moments = {}) {
    absl::StatusOr<ChannelReader> reader = ChannelReader::open(editor, weights);
    if (!reader.ok())
      return reader.status();
    int64_t block = blockOf(weights);
    BlockedWeights blocked(weights.channels, weights.depth, block, grid);
    std::vector<float> channel(weights.depth);
    if (!moments.empty()) {
      roundGroups(weights, *reader, moments, blocked);
      return blocked;
    }
    std::vector<BlockScale> scales(blocked.blocks);
    for (int64_t i = 0; i < weights.channels; ++i) {
      reader->read(i, channel);
      for (int64_t b = 0; b < blocked.blocks; ++b) {
        llvm::ArrayRef<float> part = llvm::ArrayRef(channel).slice(b * block, std::min(block, weights.depth - b * block));
        scales[b] = method == WeightMethod::Hqq ? halfQuadratic(part, grid) : roundToNearest(part, grid);
      }
      blocked.setChannel(i, channel, scales);
    }
    return blocked;
  }

  /// With error feedback, each group by its own moments. The weights of a filter go the way of its patches: through the channels of a tap, then to
  /// the next tap.
  static void roundGroups(const Weights &weights, const ChannelReader &reader, Moments moments, BlockedWeights &blocked) {
    int64_t depth = weights.depth, inputs = weights.dims.size() > 2 ? weights.dims[1] : depth, taps = depth / inputs;
    auto placeOf = [&](int64_t k) { return k % inputs * taps + k / inputs; };
    int64_t channels = weights.channels / static_cast<int64_t>(moments.size());
    std::vector<float> channel(depth), some(std::min(channels, kChannelsAtATime) * depth);
    for (auto [number, own] : llvm::enumerate(moments)) {
      int64_t end = (static_cast<int64_t>(number) + 1) * channels;
      for (int64_t first = end - channels, count; first < end; first += count) {
        count = std::min(end - first, kChannelsAtATime);
        for (int64_t i = 0; i < count; ++i) {
          reader.read(first + i, channel);
          for (int64_t k = 0; k < depth; ++k)
            some[i * depth + k] = channel[placeOf(k)];
        }
        BlockedWeights part(count, depth, blocked.block, blocked.grid);
        roundWithFeedback(llvm::ArrayRef(some).take_front(count * depth), *own, part);
        std::copy(part.scales.begin(), part.scales.end(), blocked.scales.begin() + first * blocked.blocks);
        for (int64_t i = 0; i < count; ++i)
          for (int64_t k = 0; k < depth; ++k)
            blocked.codes[(first + i) * depth + placeOf(k)] = part.codes[i * depth + k];
      }
    }
  }

  int32_t codeType() const {
    using onnx::TensorProto;
    return grid.bits == 4 ? (grid.symmetric ? TensorProto::INT4 : TensorProto::UINT4) : (grid.symmetric ? TensorProto::INT8 : TensorProto::UINT8);
  }

  /// In the layout of the weights.
  Stored storeAsTensors(const Weights &weights, const BlockedWeights &blocked) {
    bool rows = weights.channelAxis == 0;
    int64_t channels = weights.channels, depth = weights.depth, blocks = blocked.blocks;
    auto place = [rows](int64_t at, int64_t inner, int64_t count) { // channel and position in it of an element that lies at `at`
      return rows ? std::pair(at / inner, at % inner) : std::pair(at % count, at / count);
    };
    std::vector<int64_t> blockDims = rows ? std::vector<int64_t>{channels, blocks} : std::vector<int64_t>{blocks, channels};
    if (weights.dims.size() != 2)
      blockDims = {channels};
    auto scaleAt = [&](int64_t at) {
      auto [channel, b] = place(at, blocks, channels);
      return blocked.scales[channel * blocks + b];
    };
    Stored stored{editor.newName(weights.name + "_quantized"), editor.newName(weights.name + "_scale"), ""};
    editor.addConstant(stored.codes, codeType(), weights.dims,
                       packed(grid.bits, channels * depth,
                              [&](int64_t at) {
                                auto [channel, k] = place(at, depth, channels);
                                return blocked.codeAt(channel, k);
                              }),
                       problem);
    std::vector<float> scales(channels * blocks);
    for (int64_t i = 0; i < channels * blocks; ++i)
      scales[i] = scaleAt(i).scale;
    editor.addConstant(stored.scales, onnx::TensorProto::FLOAT, blockDims, bytesOf(scales), problem);
    if (!grid.symmetric) {
      stored.zeroPoints = editor.newName(weights.name + "_zero_point");
      editor.addConstant(stored.zeroPoints, codeType(), blockDims,
                         packed(grid.bits, channels * blocks, [&](int64_t at) { return scaleAt(at).zeroPoint; }), problem);
    }
    return stored;
  }

  /// As MatMulNBits takes them: unsigned codes, channel by channel, whole blocks.
  Stored storePacked(const Weights &weights, const BlockedWeights &blocked) {
    int64_t channels = weights.channels, blocks = blocked.blocks, zero = grid.symmetric ? -grid.low() : 0;
    Stored stored{editor.newName(weights.name + "_Q" + std::to_string(grid.bits)), editor.newName(weights.name + "_scales"), ""};
    editor.addConstant(stored.codes, onnx::TensorProto::UINT8, {channels, blocks, block * grid.bits / 8},
                       packed(grid.bits, channels * blocks * block,
                              [&](int64_t at) {
                                int64_t channel = at / (blocks * block), k = at % (blocks * block);
                                return k < weights.depth ? static_cast<int>(blocked.codeAt(channel, k) + zero) : 0;
                              }),
                       problem);
    std::vector<float> scales;
    scales.reserve(blocked.scales.size());
    for (const BlockScale &scale : blocked.scales)
      scales.push_back(scale.scale);
    editor.addConstant(stored.scales, onnx::TensorProto::FLOAT, {channels, blocks}, bytesOf(scales), problem);
    if (!grid.symmetric) {
      stored.zeroPoints = editor.newName(weights.name + "_zero_points");
      std::vector<char> points; // each channel begins with a byte of its own
      for (int64_t channel = 0; channel < channels; ++channel)
        llvm::append_range(points, packed(grid.bits, blocks, [&](int64_t b) { return blocked.scales[channel * blocks + b].zeroPoint; }));
      editor.addConstant(stored.zeroPoints, onnx::TensorProto::UINT8, {channels, static_cast<int64_t>(points.size()) / channels}, points, problem);
    }
    return stored;
  }

  void addDequantize(const Stored &stored, int64_t axis, const std::string &output) {
    std::vector<std::string> inputs = {stored.codes, stored.scales};
    if (!stored.zeroPoints.empty())
      inputs.push_back(stored.zeroPoints);
    editor.addNode("DequantizeLinear", inputs, output);
    setAttribute(editor.lastNode(), "axis", axis);
  }

  /// The value that stands for the weights, made once for all that read it.
  std::string dequantized(const Stored &stored, const Weights &weights) {
    std::string &value = dequantizedValues[stored.codes];
    if (value.empty()) {
      value = editor.newName(stored.codes + "_dequantized");
      bool isMatrix = weights.dims.size() == 2;
      addDequantize(stored, isMatrix ? 1 - weights.channelAxis : 0, value);
      if (isMatrix)
        setAttribute(editor.lastNode(), "block_size", block);
    }
    return value;
  }

  void replaceByMatMulNBits(const Product &product, const Stored &stored) {
    const onnx::NodeProto node = editor.node(product.node);
    bool hasBias = node.op_type() == "Gemm" && node.input_size() > 2 && !node.input(2).empty();
    std::string output = hasBias ? editor.newName(node.output(0) + "_product") : node.output(0);
    std::vector<std::string> inputs = {node.input(0), stored.codes, stored.scales};
    if (!stored.zeroPoints.empty())
      inputs.push_back(stored.zeroPoints);
    editor.addNode("MatMulNBits", inputs, output, kMicrosoft);
    for (auto [name, value] :
         {std::pair<const char *, int64_t>("K", product.weights.depth), {"N", product.weights.channels}, {"bits", grid.bits}, {"block_size", block}})
      setAttribute(editor.lastNode(), name, value);
    if (hasBias)
      editor.addNode("Add", {output, node.input(2)}, node.output(0));
    editor.remove(product.node);
  }

  ModelEditor &editor;
  WeightGrid grid;
  int64_t block;
  WeightFormat format;
  WeightMethod method;
  llvm::StringMap<Stored> done;
  llvm::StringMap<std::string> dequantizedValues;
  absl::Status problem;
};

/// MatMulNBits is a plain product.
std::string whyNoPlainProduct(const onnx::NodeProto &node) {
  if (node.op_type() == "Conv")
    return "MatMulNBits is no convolution: use --format=qdq";
  if (node.op_type() == "Gemm" &&
      (floatAttribute(node, "alpha", 1) != 1 || floatAttribute(node, "beta", 1) != 1 || integerAttribute(node, "transA", 0)))
    return "MatMulNBits has no alpha, beta and transA: use --format=qdq";
  return "";
}

/// The table of a Gather that can be quantised row by row.
std::optional<Weights> tableOf(const ModelEditor &editor, const onnx::NodeProto &node) {
  std::optional<std::vector<int64_t>> dims = editor.dims(node.input(0));
  if (node.op_type() != "Gather" || !editor.isConstant(node.input(0)) || editor.elementType(node.input(0)) != onnx::TensorProto::FLOAT ||
      dims->size() != 2 || integerAttribute(node, "axis", 0) != 0 || (*dims)[0] * (*dims)[1] == 0)
    return std::nullopt;
  Weights table{.name = node.input(0), .dims = *dims, .channels = (*dims)[0], .depth = (*dims)[1]};
  table.channelStride = table.depth;
  table.depthStride = 1;
  return table;
}

} // namespace

absl::Status quantizeWeightsOnly(ModelEditor &editor, const NodeSelection &selection, const QuantizeOptions &options, QuantizeSummary &summary) {
  constexpr llvm::StringRef defaults[] = {"MatMul", "Gemm"};
  bool isQdq = options.format.value_or(WeightFormat::Qdq) == WeightFormat::Qdq;
  std::vector<std::pair<int, Weights>> tables;
  for (int i = 0; i < editor.nodeCount(); ++i)
    if (selection.isListed(editor.node(i)) && !selection.isExcluded(editor.node(i)))
      if (std::optional<Weights> table = tableOf(editor, editor.node(i)))
        tables.emplace_back(i, std::move(*table));
  std::vector<Product> products = findProducts(editor, selection, defaults, summary.leftAlone);
  llvm::erase_if(summary.leftAlone, [&](const LeftAlone &left) {
    return llvm::any_of(tables, [&](const auto &table) { return editor.node(table.first).name() == left.node; });
  });
  if (!isQdq)
    llvm::erase_if(products, [&](const Product &product) {
      const onnx::NodeProto &node = editor.node(product.node);
      std::string reason = whyNoPlainProduct(node);
      if (!reason.empty())
        summary.leftAlone.push_back({node.name(), node.op_type(), reason});
      return !reason.empty();
    });
  if (products.empty() && tables.empty())
    return absl::OkStatus();
  if (isQdq) {
    if (absl::Status status = raiseOpset(editor, kBlockedOpset); !status.ok())
      return status;
  } else {
    editor.importDomain(kMicrosoft.str(), 1);
    if (!tables.empty())
      if (absl::Status status = raiseOpset(editor, kBlockedOpset); !status.ok())
        return status;
  }
  WeightOnly work(editor, options);
  if (options.method == WeightMethod::Awq)
    if (absl::Status status = scaleForRounding(editor, products, work.gridOf(), work.blockSize(), options, summary); !status.ok())
      return status;
  std::optional<InputMoments> moments;
  if (options.method == WeightMethod::Gptq) {
    absl::StatusOr<SampledInputs> inputs = SampledInputs::open(options.input, options.calibration, options.sampleFormat);
    if (!inputs.ok())
      return inputs.status();
    moments.emplace(std::move(*inputs));
  }
  for (llvm::ArrayRef<Product> rest = products; !rest.empty();) {
    absl::StatusOr<size_t> count = moments ? moments->measure(editor, rest) : rest.size();
    if (!count.ok())
      return count.status();
    for (const Product &product : rest.take_front(*count))
      if (absl::Status status = work.quantize(product, moments ? moments->of(product) : std::vector<SecondMoments *>()); !status.ok())
        return status;
    rest = rest.drop_front(*count);
  }
  if (moments) {
    summary.samples = moments->samples();
    for (const auto &[reason, nodes] : moments->unknown())
      summary.notes.push_back((nodes.size() == 1 ? "node '" : std::to_string(nodes.size()) + " nodes, the first '") + nodes.front() +
                              "', went by rounding alone: " + reason);
  }
  for (const auto &[index, table] : tables)
    if (absl::Status status = work.quantizeGather(index, table); !status.ok())
      return status;
  summary.quantized = static_cast<int64_t>(products.size() + tables.size());
  summary.weightBits = options.weightBits.value_or(4);
  return absl::OkStatus();
}

} // namespace ingot::compress
