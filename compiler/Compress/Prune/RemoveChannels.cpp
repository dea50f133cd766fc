// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Prune/RemoveChannels.h"

#include "compiler/Compress/Prune/ChannelFlow.h"
#include "compiler/Driver/UsageError.h"
#include "frontends/onnx/Ingest/ElementType.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"

#include <cmath>
#include <functional>
#include <numeric>

namespace ingot::compress {
namespace {

/// Of the channels of a class, unless more of all is wanted.
constexpr double kMostOfClass = 0.95;
/// What is left of so many channels is a multiple of it: the panels of columns that products are computed in.
constexpr int64_t kPanel = 16;

/// Sets of channels that the same nodes make: the channels of a layer, or of a sum of layers.
struct Class {
  std::vector<int> nodes;
  std::vector<std::pair<double, int32_t>> sets; ///< with their scores
  int64_t members = 0;                          ///< channels of all nodes
  std::optional<double> share = {};
  std::string askedBy = {}; ///< the node whose share the user gave
  int64_t unit = 1;         ///< so many sets are a panel of each of the nodes

  int64_t count() const { return static_cast<int64_t>(sets.size()); }
  /// How many sets stay when `share` of them goes.
  int64_t left(double part) const {
    int64_t rest = count() - std::llround(part * static_cast<double>(count()));
    int64_t step = count() % unit == 0 ? unit : 1;
    return std::clamp<int64_t>((2 * rest + step) / (2 * step) * step, step, count());
  }
};

class ChannelRemoval {
public:
  ChannelRemoval(ModelEditor &editor, const PruneOptions &options, PruneSummary &summary) : editor(editor), options(options), summary(summary) {}

  absl::Status run(const NodeSelection &selection) {
    constexpr llvm::StringRef defaults[] = {"MatMul", "Gemm", "Conv"};
    products = findProducts(editor, selection, defaults, summary.leftAlone);
    flow = ChannelFlow::find(editor, products, summary.leftAlone);
    if (absl::Status status = scoreSets(); !status.ok())
      return status;
    if (absl::Status status = takeShares(); !status.ok())
      return status;
    chooseShares();
    for (Class &one : classes) {
      llvm::sort(one.sets);
      for (auto [score, set] : llvm::ArrayRef(one.sets).drop_back(one.left(*one.share)))
        removed.insert(set);
    }
    describe();
    return rewrite();
  }

private:
  bool isRemoved(int32_t channel) const { return removed.contains(flow.sets.find(channel)); }
  int64_t countLeft(llvm::ArrayRef<int32_t> channels) const {
    return llvm::count_if(channels, [&](int32_t channel) { return !isRemoved(channel); });
  }

  /// The score of a set: the sum of the norms of the weights that make its channels, over the mean of its class (as DepGraph has it).
  absl::Status scoreSets() {
    std::map<int32_t, double> norms;
    std::map<int32_t, std::vector<int>> makers;
    std::map<int32_t, int64_t> members;
    for (const Product &product : products) {
      auto outputs = flow.outputs.find(product.node);
      if (outputs == flow.outputs.end())
        continue;
      absl::StatusOr<ChannelReader> reader = ChannelReader::open(editor, product.weights);
      if (!reader.ok())
        return reader.status();
      std::vector<float> weights(product.weights.depth);
      for (int64_t i = 0; i < product.weights.channels; ++i) {
        int32_t set = flow.sets.find(outputs->second[i]);
        reader->read(i, weights);
        double sum = 0;
        for (float weight : weights)
          sum += static_cast<double>(weight) * weight;
        norms[set] += std::sqrt(sum);
        ++members[set];
        if (std::vector<int> &nodes = makers[set]; nodes.empty() || nodes.back() != product.node)
          nodes.push_back(product.node);
      }
    }
    std::map<std::vector<int>, Class> byNodes;
    for (const auto &[set, nodes] : makers)
      if (flow.sets.reasonToStay(set).empty()) {
        Class &one = byNodes[nodes];
        one.nodes = nodes;
        one.sets.emplace_back(norms[set], set);
        one.members += members[set];
      }
    for (auto &[nodes, one] : byNodes) {
      double mean = 0;
      for (const auto &[score, set] : one.sets)
        mean += score / static_cast<double>(one.sets.size());
      for (auto &[score, set] : one.sets)
        score = mean > 0 ? score / mean : 0;
      for (int node : nodes) { // with groups, each set is a channel of each group
        int64_t copies = llvm::count_if(flow.outputs.at(node), [&](int32_t channel) { return flow.sets.find(channel) == one.sets.front().second; });
        one.unit = std::max(one.unit, kPanel / std::gcd(kPanel, copies));
      }
      classes.push_back(std::move(one));
    }
    return absl::OkStatus();
  }

  /// The shares that the user gave for nodes.
  absl::Status takeShares() {
    for (Class &one : classes)
      for (int node : one.nodes) {
        const std::string &name = editor.node(node).name();
        auto given = options.layerSparsity.find(name);
        if (given == options.layerSparsity.end())
          continue;
        if (one.share && *one.share != given->second)
          return usageError("--layer-sparsity: the channels of '" + name + "' and '" + one.askedBy + "' go together, but their shares differ");
        one.share = given->second;
        one.askedBy = name;
      }
    return absl::OkStatus();
  }

  /// The shares of the others: the same, or what lies below one threshold over all scores.
  void chooseShares() {
    double sparsity = options.sparsity.value_or(0), most = std::max(sparsity, kMostOfClass), wanted = 0;
    std::vector<std::pair<double, size_t>> scores;
    std::vector<int64_t> gone(classes.size());
    for (auto [i, one] : llvm::enumerate(classes)) {
      if (one.share || options.uniform || !options.sparsity) {
        one.share = one.share.value_or(sparsity);
        continue;
      }
      wanted += sparsity * static_cast<double>(one.members);
      for (const auto &[score, set] : one.sets)
        scores.emplace_back(score, i);
    }
    llvm::sort(scores);
    for (auto [score, i] : scores) {
      Class &one = classes[i];
      if (static_cast<double>(gone[i] + 1) > most * static_cast<double>(one.count()))
        continue;
      ++gone[i];
      wanted -= static_cast<double>(one.members) / static_cast<double>(one.count());
      if (wanted < 0)
        break;
    }
    for (auto [one, count] : llvm::zip_equal(classes, gone))
      if (!one.share)
        one.share = static_cast<double>(count) / static_cast<double>(one.count());
  }

  /// Fills the summary: all products whose channels or inputs are fewer, and why the channels of the others stay.
  void describe() {
    for (const Product &product : products) {
      const onnx::NodeProto &node = editor.node(product.node);
      const Weights &weights = product.weights;
      auto outputs = flow.outputs.find(product.node);
      int64_t all = weights.channels * weights.depth, left = all, channelsLeft = weights.channels;
      if (auto axes = flow.constants.find({product.node, product.weightInput}); axes != flow.constants.end())
        for (const auto &[axis, channels] : axes->second)
          left = left / static_cast<int64_t>(channels.size()) * countLeft(channels);
      bool mayShrink = false;
      std::string reason = "its channels are those of its input, which stay, or shapes are not known";
      if (outputs != flow.outputs.end()) {
        channelsLeft = countLeft(outputs->second);
        for (int32_t channel : outputs->second) {
          std::string why = flow.sets.reasonToStay(channel);
          mayShrink |= why.empty();
          reason = why.empty() ? reason : why;
        }
      }
      uint64_t runs = runsOf(product);
      summary.flopsBefore += 2 * runs * all;
      summary.flopsAfter += 2 * runs * left;
      if (mayShrink || left < all) {
        PrunedLayer &layer = summary.layers.emplace_back(PrunedLayer{node.name(), node.op_type(), all, all - left, weights.channels, channelsLeft});
        for (int64_t i = 0; channelsLeft < weights.channels && i < weights.channels; ++i)
          if (!isRemoved(outputs->second[i]))
            layer.keptChannels.push_back(i);
      } else {
        summary.leftAlone.push_back({node.name(), node.op_type(), reason});
      }
    }
  }

  uint64_t runsOf(const Product &product) const {
    std::optional<std::vector<int64_t>> dims = editor.dims(editor.node(product.node).output(0));
    uint64_t count = 1;
    for (int64_t dim : dims.value_or(std::vector<int64_t>()))
      count *= static_cast<uint64_t>(std::max<int64_t>(dim, 1));
    return std::max<uint64_t>(count / static_cast<uint64_t>(product.weights.channels), 1);
  }

  absl::Status rewrite() {
    for (const auto &[use, axes] : flow.constants)
      if (absl::Status status = shrink({use.first, use.second}, axes); !status.ok())
        return status;
    for (const auto &[node, channels] : flow.groups)
      if (int64_t left = countLeft(channels); left < static_cast<int64_t>(channels.size()))
        for (onnx::AttributeProto &attribute : *editor.node(node).mutable_attribute())
          if (attribute.name() == "group")
            attribute.set_i(left);
    for (const auto &[node, counts] : flow.sizes)
      if (absl::Status status = setSizes(node, counts); !status.ok())
        return status;
    llvm::StringSet<> changed;
    for (const auto &[name, value] : flow.values)
      if (countLeft(value.channels) < static_cast<int64_t>(value.channels.size()))
        changed.insert(name);
    auto &declared = *editor.model().mutableProto().mutable_graph()->mutable_value_info();
    declared.erase(std::remove_if(declared.begin(), declared.end(), [&](const onnx::ValueInfoProto &info) { return changed.contains(info.name()); }),
                   declared.end());
    editor.reindex();
    return absl::OkStatus();
  }

  /// Keeps what is left of a constant along its axes, for one reader; others that need the same read the same.
  absl::Status shrink(const Use &use, const std::map<int, Channels> &axes) {
    const std::string name = editor.node(use.node).input(use.input);
    std::string key = name;
    for (const auto &[axis, channels] : axes) {
      key += "/" + std::to_string(axis) + ":";
      for (int32_t channel : channels)
        key += isRemoved(channel) ? '0' : '1';
    }
    if (auto known = shrunk.find(key); known != shrunk.end()) {
      editor.setInput(use.node, use.input, known->second);
      return absl::OkStatus();
    }
    std::vector<int64_t> dims = *editor.dims(name);
    int32_t type = editor.elementType(name);
    absl::StatusOr<ingest::Initializer> data = editor.model().tensor(*editor.constant(name));
    if (!data.ok())
      return data.status();
    std::vector<char> current;
    llvm::ArrayRef<char> bytes(data->bytes().data(), data->bytes().size());
    bool isChanged = false;
    for (const auto &[axis, channels] : axes) {
      int64_t left = countLeft(channels), inner = static_cast<int64_t>(ingest::payloadBytes(type, 1));
      if (left == static_cast<int64_t>(channels.size()))
        continue;
      isChanged = true;
      inner = std::accumulate(dims.begin() + axis + 1, dims.end(), inner, std::multiplies<>());
      std::vector<char> next;
      next.reserve(bytes.size() / channels.size() * left);
      for (size_t at = 0, place = 0; at < bytes.size(); at += inner, ++place)
        if (!isRemoved(channels[place % channels.size()]))
          next.insert(next.end(), bytes.begin() + at, bytes.begin() + at + inner);
      dims[axis] = left;
      current = std::move(next);
      bytes = current;
    }
    if (!isChanged)
      return absl::OkStatus();
    std::string fresh = editor.newName(name + "_pruned");
    absl::Status status;
    editor.addConstant(fresh, type, dims, bytes, status);
    editor.setInput(use.node, use.input, fresh);
    shrunk[key] = fresh;
    return status;
  }

  /// Writes the sizes that a Split or Reshape gives as numbers.
  absl::Status setSizes(int index, const std::map<int, Channels> &counts) {
    if (llvm::all_of(counts, [&](const auto &count) { return countLeft(count.second) == static_cast<int64_t>(count.second.size()); }))
      return absl::OkStatus();
    onnx::NodeProto &node = editor.node(index);
    bool isSplit = node.op_type() == "Split";
    std::vector<int64_t> sizes(isSplit ? counts.size() : 0);
    if (!isSplit) {
      absl::StatusOr<ingest::Initializer> data = editor.model().tensor(*editor.constant(node.input(1)));
      if (!data.ok())
        return data.status();
      sizes.resize(data->bytes().size() / sizeof(int64_t));
      std::memcpy(sizes.data(), data->bytes().data(), data->bytes().size());
    }
    for (const auto &[position, channels] : counts)
      sizes[position] = countLeft(channels);
    auto &attributes = *node.mutable_attribute();
    attributes.erase(std::remove_if(attributes.begin(), attributes.end(),
                                    [&](const onnx::AttributeProto &one) { return one.name() == "split" || one.name() == "num_outputs"; }),
                     attributes.end());
    constexpr int kSplitTakesInputs = 13;
    if (isSplit && editor.opset() < kSplitTakesInputs) {
      onnx::AttributeProto &attribute = *node.add_attribute();
      attribute.set_name("split");
      attribute.set_type(onnx::AttributeProto::INTS);
      attribute.mutable_ints()->Add(sizes.begin(), sizes.end());
      return absl::OkStatus();
    }
    std::string name = editor.newName(node.output(0) + "_sizes");
    absl::Status status;
    editor.addConstant(name, onnx::TensorProto::INT64, {static_cast<int64_t>(sizes.size())}, bytesOf(sizes), status);
    onnx::NodeProto &changed = editor.node(index);
    while (changed.input_size() < 2)
      changed.add_input();
    changed.set_input(1, name);
    return status;
  }

  ModelEditor &editor;
  const PruneOptions &options;
  PruneSummary &summary;
  std::vector<Product> products;
  ChannelFlow flow;
  std::vector<Class> classes;
  std::set<int32_t> removed;                 ///< sets
  std::map<std::string, std::string> shrunk; ///< constants by their original and what is left of it
};

} // namespace

absl::Status removeChannels(ModelEditor &editor, const NodeSelection &selection, const PruneOptions &options, PruneSummary &summary) {
  return ChannelRemoval(editor, options, summary).run(selection);
}

} // namespace ingot::compress
