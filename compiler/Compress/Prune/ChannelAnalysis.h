// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How ChannelFlow is found: a rule for each operator that goes channel by channel. A rule sets the channels of the first output, or says that the
// node needs all channels of its inputs; it changes nothing before it knows which.
#ifndef COMPILER_COMPRESS_PRUNE_CHANNELANALYSIS_H
#define COMPILER_COMPRESS_PRUNE_CHANNELANALYSIS_H

#include "compiler/Compress/Prune/ChannelFlow.h"
#include "llvm/ADT/SmallSet.h"

namespace ingot::compress {

class ChannelAnalysis {
public:
  ChannelAnalysis(const ModelEditor &editor, llvm::ArrayRef<Product> products, llvm::ArrayRef<LeftAlone> leftAlone);
  ChannelFlow run();

private:
  using Dims = std::vector<int64_t>;
  using Rule = bool (ChannelAnalysis::*)(const onnx::NodeProto &);

  bool visit(const onnx::NodeProto &node);
  /// The channels of all inputs stay.
  void stop(const onnx::NodeProto &node);

  // Products, and what computes element by element.
  bool convolution(const onnx::NodeProto &node);
  bool transposedConvolution(const onnx::NodeProto &node);
  bool matrixProduct(const onnx::NodeProto &node);
  bool batchedProduct(const onnx::NodeProto &node);
  bool normalization(const onnx::NodeProto &node);
  bool elementwise(const onnx::NodeProto &node);
  bool pool(const onnx::NodeProto &node);

  // What moves elements, or works along other axes.
  bool alongAxis(const onnx::NodeProto &node);
  bool concat(const onnx::NodeProto &node);
  bool split(const onnx::NodeProto &node);
  bool reshape(const onnx::NodeProto &node);
  bool joinAxes(const onnx::NodeProto &node, const ChannelValue &x, const Dims &from, const Dims &to, const std::optional<Dims> &shape);
  bool splitAxis(const onnx::NodeProto &node, const ChannelValue &x, const Dims &from, const Dims &to, const Dims &shape);
  bool transpose(const onnx::NodeProto &node);
  bool reduce(const onnx::NodeProto &node);
  bool squeeze(const onnx::NodeProto &node);
  bool resize(const onnx::NodeProto &node);
  bool pad(const onnx::NodeProto &node);
  bool slice(const onnx::NodeProto &node);

  const ChannelValue *channelsOf(llvm::StringRef value) const;
  void set(const std::string &value, int axis, Channels channels) { flow.values[value] = {axis, std::move(channels)}; }
  /// A constant becomes smaller with channels, for this reader.
  void follow(int input, int axis, llvm::ArrayRef<int32_t> channels) { flow.constants[{index, input}][axis] = channels.vec(); }
  /// Whether elements of a constant can be picked, and its dim at an axis is `size`.
  bool canFollow(llvm::StringRef value, int axis, size_t size) const;
  /// Channels that a product makes.
  void setOutputs(const onnx::NodeProto &node, int axis, Channels channels);
  /// What a constant of int64 holds, or an attribute of that name.
  std::optional<Dims> integersOf(const onnx::NodeProto &node, int input, llvm::StringRef attribute) const;
  /// The axes of a node, all from 0 on, of values of `rank`.
  std::optional<llvm::SmallSet<int, 8>> axesOf(const onnx::NodeProto &node, size_t rank, int input = 1) const;

  const ModelEditor &editor;
  std::set<int> chosen;
  std::map<std::string, std::string> reasons;
  ChannelFlow flow;
  int index = 0; ///< of the node in question
};

} // namespace ingot::compress

#endif
