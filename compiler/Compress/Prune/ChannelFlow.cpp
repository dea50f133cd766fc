// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Prune/ChannelFlow.h"

#include "compiler/Compress/Prune/ChannelAnalysis.h"
#include "frontends/onnx/Ingest/ElementType.h"
#include "llvm/ADT/STLExtras.h"

namespace ingot::compress {

ChannelAnalysis::ChannelAnalysis(const ModelEditor &editor, llvm::ArrayRef<Product> products, llvm::ArrayRef<LeftAlone> leftAlone) : editor(editor) {
  for (const Product &product : products)
    chosen.insert(product.node);
  for (const LeftAlone &left : leftAlone)
    reasons[left.node] = left.reason;
}

ChannelFlow ChannelAnalysis::run() {
  for (int i = 0; i < editor.nodeCount(); ++i) {
    index = i;
    if (!visit(editor.node(i)))
      stop(editor.node(i));
  }
  for (const auto &[name, value] : flow.values)
    if (editor.isReadElsewhere(name))
      flow.sets.pin(value.channels, editor.isOutput(name) ? "its channels are an output of the model" : "its channels are read by an inner graph");
  return std::move(flow);
}

bool ChannelAnalysis::visit(const onnx::NodeProto &node) {
  static const llvm::StringMap<Rule> rules = [] {
    llvm::StringMap<Rule> rules;
    auto add = [&](Rule rule, std::initializer_list<const char *> ops) {
      for (const char *op : ops)
        rules[op] = rule;
    };
    add(&ChannelAnalysis::convolution, {"Conv"});
    add(&ChannelAnalysis::transposedConvolution, {"ConvTranspose"});
    add(&ChannelAnalysis::matrixProduct, {"Gemm", "MatMul"});
    add(&ChannelAnalysis::normalization, {"BatchNormalization", "InstanceNormalization"});
    add(&ChannelAnalysis::elementwise, {"Abs",      "Add",         "Cast",
                                        "Ceil",     "Celu",        "Clip",
                                        "Div",      "Dropout",     "Elu",
                                        "Erf",      "Exp",         "Floor",
                                        "Gelu",     "HardSigmoid", "HardSwish",
                                        "Identity", "LeakyRelu",   "Log",
                                        "Max",      "Mean",        "Min",
                                        "Mish",     "Mul",         "Neg",
                                        "PRelu",    "Pow",         "Reciprocal",
                                        "Relu",     "Round",       "Selu",
                                        "Sigmoid",  "Sign",        "Softplus",
                                        "Softsign", "Sqrt",        "Sub",
                                        "Sum",      "Tanh",        "ThresholdedRelu",
                                        "Where"});
    add(&ChannelAnalysis::pool, {"AveragePool", "GlobalAveragePool", "GlobalMaxPool", "LpPool", "MaxPool", "GlobalLpPool"});
    add(&ChannelAnalysis::alongAxis, {"LayerNormalization", "LogSoftmax", "Softmax"});
    add(&ChannelAnalysis::concat, {"Concat"});
    add(&ChannelAnalysis::split, {"Split"});
    add(&ChannelAnalysis::reshape, {"Flatten", "Reshape"});
    add(&ChannelAnalysis::transpose, {"Transpose"});
    add(&ChannelAnalysis::reduce, {"ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum", "ReduceL2", "ReduceSumSquare"});
    add(&ChannelAnalysis::squeeze, {"Squeeze", "Unsqueeze"});
    add(&ChannelAnalysis::resize, {"Resize", "Upsample"});
    add(&ChannelAnalysis::pad, {"Pad"});
    add(&ChannelAnalysis::slice, {"Slice"});
    return rules;
  }();
  auto rule = rules.find(node.op_type());
  if (rule == rules.end() || !node.domain().empty())
    return false;
  for (const std::string &output : llvm::drop_begin(node.output(), rule->first() == "Split" ? node.output_size() : 1))
    if (!output.empty() && (!editor.uses(output).empty() || editor.isReadElsewhere(output)))
      return false;
  return (this->*rule->second)(node);
}

void ChannelAnalysis::stop(const onnx::NodeProto &node) {
  for (const std::string &input : node.input())
    if (const ChannelValue *value = channelsOf(input))
      flow.sets.pin(value->channels, "an operator behind it needs all of its channels: " + node.op_type());
}

const ChannelValue *ChannelAnalysis::channelsOf(llvm::StringRef value) const {
  auto it = flow.values.find(value);
  return it == flow.values.end() ? nullptr : &it->second;
}

bool ChannelAnalysis::canFollow(llvm::StringRef value, int axis, size_t size) const {
  if (!editor.isConstant(value))
    return false;
  int32_t type = editor.elementType(value);
  std::optional<Dims> dims = editor.dims(value);
  return axis < static_cast<int>(dims->size()) && (*dims)[axis] == static_cast<int64_t>(size) && type != onnx::TensorProto::STRING &&
         ingest::payloadBytes(type, 2) == 2 * ingest::payloadBytes(type, 1);
}

void ChannelAnalysis::setOutputs(const onnx::NodeProto &node, int axis, Channels channels) {
  if (!chosen.contains(index))
    flow.sets.pin(channels, "node '" + node.name() + "' keeps its channels: it " + (reasons.contains(node.name()) ? reasons[node.name()] : "stays"));
  flow.outputs[index] = channels;
  set(node.output(0), axis, std::move(channels));
}

std::optional<ChannelAnalysis::Dims> ChannelAnalysis::integersOf(const onnx::NodeProto &node, int input, llvm::StringRef attribute) const {
  for (const onnx::AttributeProto &one : node.attribute())
    if (one.name() == attribute)
      return Dims(one.ints().begin(), one.ints().end());
  if (node.input_size() <= input || node.input(input).empty() || editor.elementType(node.input(input)) != onnx::TensorProto::INT64 ||
      !editor.isConstant(node.input(input)))
    return std::nullopt;
  absl::StatusOr<ingest::Initializer> data = editor.model().tensor(*editor.constant(node.input(input)));
  if (!data.ok())
    return std::nullopt;
  Dims values(data->bytes().size() / sizeof(int64_t));
  std::memcpy(values.data(), data->bytes().data(), values.size() * sizeof(int64_t));
  return values;
}

bool ChannelAnalysis::convolution(const onnx::NodeProto &node) {
  const ChannelValue *x = channelsOf(node.input(0));
  const std::string weights = node.input(1), bias = node.input_size() > 2 ? node.input(2) : "";
  std::optional<Dims> dims = editor.dims(weights);
  if (!editor.isConstant(weights) || !dims || (x && x->axis != 1))
    return false;
  int64_t groups = integerAttribute(node, "group", 1), outputs = (*dims)[0], inputs = (*dims)[1];
  if (!canFollow(weights, 0, outputs) || (!bias.empty() && !canFollow(bias, 0, outputs)) ||
      (x && static_cast<int64_t>(x->channels.size()) != groups * inputs))
    return false;
  Channels made;
  if (groups > 1 && inputs == 1) { // each output belongs to an input
    if (!x)
      return true;
    for (int64_t i = 0; i < outputs; ++i)
      made.push_back(x->channels[i / (outputs / groups)]);
    flow.groups[index] = x->channels;
  } else {
    made = flow.sets.add(outputs);
    llvm::ArrayRef<int32_t> each = llvm::ArrayRef(made).take_front(outputs / groups);
    for (int64_t group = 1; group < groups; ++group) { // all groups lose the same
      flow.sets.unite(each, llvm::ArrayRef(made).slice(group * each.size(), each.size()));
      if (x)
        flow.sets.unite(llvm::ArrayRef(x->channels).take_front(inputs), llvm::ArrayRef(x->channels).slice(group * inputs, inputs));
    }
    if (x)
      follow(1, 1, llvm::ArrayRef(x->channels).take_front(inputs));
  }
  follow(1, 0, made);
  if (!bias.empty())
    follow(2, 0, made);
  setOutputs(node, 1, std::move(made));
  return true;
}

bool ChannelAnalysis::transposedConvolution(const onnx::NodeProto &node) {
  const ChannelValue *x = channelsOf(node.input(0));
  if (!x)
    return true;
  if (x->axis != 1 || integerAttribute(node, "group", 1) != 1 || !canFollow(node.input(1), 0, x->channels.size()))
    return false;
  follow(1, 0, x->channels);
  return true;
}

bool ChannelAnalysis::matrixProduct(const onnx::NodeProto &node) {
  if (node.op_type() == "MatMul" && !editor.isConstant(node.input(1)))
    return batchedProduct(node);
  const ChannelValue *x = channelsOf(node.input(0));
  std::optional<Dims> dims = editor.dims(node.input(1)), result = editor.dims(node.output(0));
  bool isGemm = node.op_type() == "Gemm";
  if (!editor.isConstant(node.input(1)) || !dims || dims->size() != 2 || !result || result->size() < 2 || integerAttribute(node, "transA", 0) != 0)
    return false;
  int last = static_cast<int>(result->size()) - 1, outputAxis = isGemm && integerAttribute(node, "transB", 0) != 0 ? 0 : 1;
  int64_t outputs = (*dims)[outputAxis];
  if (!canFollow(node.input(1), outputAxis, outputs) ||
      (x && (x->axis != last || static_cast<int64_t>(x->channels.size()) != (*dims)[1 - outputAxis])))
    return false;
  int biasAxis = -1; // it has one number for each output
  if (isGemm && node.input_size() > 2 && !node.input(2).empty()) {
    std::optional<Dims> bias = editor.dims(node.input(2));
    if (!editor.isConstant(node.input(2)))
      return false;
    biasAxis = static_cast<int>(bias->size()) - 1;
    if (biasAxis >= 0 && (*bias)[biasAxis] == 1 && outputs > 1)
      biasAxis = -1;
    if (biasAxis >= 0 && !canFollow(node.input(2), biasAxis, outputs))
      return false;
  }
  Channels made = flow.sets.add(outputs);
  if (x)
    follow(1, 1 - outputAxis, x->channels);
  follow(1, outputAxis, made);
  if (biasAxis >= 0)
    follow(2, biasAxis, made);
  setOutputs(node, last, std::move(made));
  return true;
}

/// The products of attention: heads are channels, and a batch to both sides.
bool ChannelAnalysis::batchedProduct(const onnx::NodeProto &node) {
  for (const std::string &input : node.input())
    if (const ChannelValue *value = channelsOf(input)) {
      std::optional<Dims> dims = editor.dims(input);
      if (!dims || static_cast<int>(dims->size()) - value->axis < 3)
        return false;
    }
  return elementwise(node);
}

bool ChannelAnalysis::normalization(const onnx::NodeProto &node) {
  const ChannelValue *x = channelsOf(node.input(0));
  if (!x)
    return true;
  if (x->axis != 1 || integerAttribute(node, "training_mode", 0) != 0)
    return false;
  for (const std::string &input : llvm::drop_begin(node.input()))
    if (!canFollow(input, 0, x->channels.size()))
      return false;
  for (int input = 1; input < node.input_size(); ++input)
    follow(input, 0, x->channels);
  set(node.output(0), 1, x->channels);
  return true;
}

bool ChannelAnalysis::elementwise(const onnx::NodeProto &node) {
  std::optional<Dims> result = editor.dims(node.output(0));
  std::optional<ChannelValue> all; // axis: counted from the end
  if (llvm::none_of(node.input(), [&](const std::string &input) { return channelsOf(input); }))
    return true;
  if (!result)
    return false;
  for (const std::string &input : node.input()) {
    const ChannelValue *value = channelsOf(input);
    std::optional<Dims> dims = editor.dims(input);
    if (value && !dims)
      return false;
    if (value && !all)
      all = {static_cast<int>(dims->size()) - value->axis, value->channels};
    if (value && (static_cast<int>(dims->size()) - value->axis != all->axis || value->channels.size() != all->channels.size()))
      return false;
  }
  int64_t size = static_cast<int64_t>(all->channels.size());
  int axis = static_cast<int>(result->size()) - all->axis;
  if ((*result)[axis] != size)
    return false;
  for (int step : {0, 1}) // first look whether all can follow
    for (auto [position, input] : llvm::enumerate(node.input())) {
      if (input.empty())
        continue;
      if (const ChannelValue *value = channelsOf(input)) {
        if (step == 1)
          flow.sets.unite(all->channels, value->channels);
        continue;
      }
      std::optional<Dims> dims = editor.dims(input);
      if (!dims)
        return false;
      int at = static_cast<int>(dims->size()) - all->axis;
      if (at < 0 || ((*dims)[at] == 1 && size != 1))
        continue;
      if (step == 0 && !canFollow(input, at, size))
        return false;
      if (step == 1)
        follow(static_cast<int>(position), at, all->channels);
    }
  set(node.output(0), axis, all->channels);
  return true;
}

bool ChannelAnalysis::pool(const onnx::NodeProto &node) {
  const ChannelValue *x = channelsOf(node.input(0));
  if (x && x->axis == 1)
    set(node.output(0), 1, x->channels);
  return !x || x->axis == 1;
}

ChannelFlow ChannelFlow::find(const ModelEditor &editor, llvm::ArrayRef<Product> products, llvm::ArrayRef<LeftAlone> leftAlone) {
  return ChannelAnalysis(editor, products, leftAlone).run();
}

} // namespace ingot::compress
