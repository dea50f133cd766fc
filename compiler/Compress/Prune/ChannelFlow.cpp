// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Prune/ChannelFlow.h"

#include "frontends/onnx/Ingest/ElementType.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallSet.h"

#include <functional>
#include <numeric>

namespace ingot::compress {
namespace {

using Dims = std::vector<int64_t>;

int64_t product(llvm::ArrayRef<int64_t> dims) { return std::accumulate(dims.begin(), dims.end(), int64_t(1), std::multiplies<>()); }

bool isStatic(llvm::ArrayRef<int64_t> dims) {
  return llvm::all_of(dims, [](int64_t dim) { return dim >= 0; });
}

/// What a constant of int64 holds, or an attribute of that name.
std::optional<Dims> integersOf(const ModelEditor &editor, const onnx::NodeProto &node, int input, llvm::StringRef attribute) {
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

class Analysis {
public:
  Analysis(const ModelEditor &editor, llvm::ArrayRef<Product> products, llvm::ArrayRef<LeftAlone> leftAlone) : editor(editor) {
    for (const Product &product : products)
      chosen.insert(product.node);
    for (const LeftAlone &left : leftAlone)
      reasons[left.node] = left.reason;
  }

  ChannelFlow run() {
    for (int i = 0; i < editor.nodeCount(); ++i) {
      index = i;
      if (!visit(editor.node(i)))
        stop(editor.node(i));
    }
    for (const auto &[name, value] : flow.values)
      if (editor.isReadElsewhere(name))
        flow.sets.pin(value.channels, editor.isOutput(name) ? "its channels are an output of the model" : "its channels are read by an inner graph");
    for (const auto &[name, axes] : flow.constants)
      for (const auto &[axis, channels] : axes)
        if (editor.isReadElsewhere(name) || usesOf[{name.str(), axis}] != editor.uses(name).size())
          flow.sets.pin(channels, "constant '" + name.str() + "' is read elsewhere, too");
    return std::move(flow);
  }

private:
  using Rule = bool (Analysis::*)(const onnx::NodeProto &);

  bool visit(const onnx::NodeProto &node) {
    static const llvm::StringMap<Rule> rules = [] {
      llvm::StringMap<Rule> rules;
      auto add = [&](Rule rule, std::initializer_list<const char *> ops) {
        for (const char *op : ops)
          rules[op] = rule;
      };
      add(&Analysis::convolution, {"Conv"});
      add(&Analysis::transposedConvolution, {"ConvTranspose"});
      add(&Analysis::matrixProduct, {"Gemm", "MatMul"});
      add(&Analysis::normalization, {"BatchNormalization", "InstanceNormalization"});
      add(&Analysis::elementwise, {"Abs",      "Add",         "Cast",
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
      add(&Analysis::pool, {"AveragePool", "GlobalAveragePool", "GlobalMaxPool", "LpPool", "MaxPool", "GlobalLpPool"});
      add(&Analysis::concat, {"Concat"});
      add(&Analysis::split, {"Split"});
      add(&Analysis::reshape, {"Flatten", "Reshape"});
      add(&Analysis::transpose, {"Transpose"});
      add(&Analysis::reduce, {"ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum", "ReduceL2", "ReduceSumSquare"});
      add(&Analysis::squeeze, {"Squeeze", "Unsqueeze"});
      add(&Analysis::resize, {"Resize", "Upsample"});
      add(&Analysis::pad, {"Pad"});
      add(&Analysis::slice, {"Slice"});
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

  /// The channels of all inputs stay.
  void stop(const onnx::NodeProto &node) {
    for (const std::string &input : node.input())
      if (const ChannelValue *value = channelsOf(input))
        flow.sets.pin(value->channels, "an operator behind it needs all of its channels: " + node.op_type());
  }

  const ChannelValue *channelsOf(llvm::StringRef value) const {
    auto it = flow.values.find(value);
    return it == flow.values.end() ? nullptr : &it->second;
  }

  void set(const std::string &value, int axis, Channels channels) { flow.values[value] = {axis, std::move(channels)}; }

  /// A constant becomes smaller with channels.
  void follow(const std::string &constant, int axis, llvm::ArrayRef<int32_t> channels) {
    Channels &known = flow.constants[constant].try_emplace(axis, channels.vec()).first->second;
    flow.sets.unite(known, channels);
    ++usesOf[{constant, axis}];
  }

  /// Whether elements of a constant can be picked, and its dim at an axis is `size`.
  bool canFollow(llvm::StringRef value, int axis, size_t size) const {
    if (!editor.isConstant(value))
      return false;
    int32_t type = editor.elementType(value);
    std::optional<Dims> dims = editor.dims(value);
    return axis < static_cast<int>(dims->size()) && (*dims)[axis] == static_cast<int64_t>(size) && type != onnx::TensorProto::STRING &&
           ingest::payloadBytes(type, 2) == 2 * ingest::payloadBytes(type, 1);
  }

  /// Channels that a product makes.
  void setOutputs(const onnx::NodeProto &node, int axis, Channels channels) {
    if (!chosen.contains(index))
      flow.sets.pin(channels,
                    "node '" + node.name() + "' keeps its channels: it " + (reasons.contains(node.name()) ? reasons[node.name()] : "stays"));
    flow.outputs[index] = channels;
    set(node.output(0), axis, std::move(channels));
  }

  bool convolution(const onnx::NodeProto &node) {
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
        follow(weights, 1, llvm::ArrayRef(x->channels).take_front(inputs));
    }
    follow(weights, 0, made);
    if (!bias.empty())
      follow(bias, 0, made);
    setOutputs(node, 1, std::move(made));
    return true;
  }

  bool transposedConvolution(const onnx::NodeProto &node) {
    const ChannelValue *x = channelsOf(node.input(0));
    if (!x)
      return true;
    if (x->axis != 1 || integerAttribute(node, "group", 1) != 1 || !canFollow(node.input(1), 0, x->channels.size()))
      return false;
    follow(node.input(1), 0, x->channels);
    return true;
  }

  bool matrixProduct(const onnx::NodeProto &node) {
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
      follow(node.input(1), 1 - outputAxis, x->channels);
    follow(node.input(1), outputAxis, made);
    if (biasAxis >= 0)
      follow(node.input(2), biasAxis, made);
    setOutputs(node, last, std::move(made));
    return true;
  }

  bool normalization(const onnx::NodeProto &node) {
    const ChannelValue *x = channelsOf(node.input(0));
    if (!x)
      return true;
    if (x->axis != 1 || integerAttribute(node, "training_mode", 0) != 0)
      return false;
    for (const std::string &input : llvm::drop_begin(node.input()))
      if (!canFollow(input, 0, x->channels.size()))
        return false;
    for (const std::string &input : llvm::drop_begin(node.input()))
      follow(input, 0, x->channels);
    set(node.output(0), 1, x->channels);
    return true;
  }

  /// Inputs are broadcast against each other; those with channels have them at the same axis.
  bool elementwise(const onnx::NodeProto &node) {
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
      for (const std::string &input : node.input()) {
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
          follow(input, at, all->channels);
      }
    set(node.output(0), axis, all->channels);
    return true;
  }

  bool pool(const onnx::NodeProto &node) {
    const ChannelValue *x = channelsOf(node.input(0));
    if (x && x->axis == 1)
      set(node.output(0), 1, x->channels);
    return !x || x->axis == 1;
  }

  bool concat(const onnx::NodeProto &node) {
    std::optional<Dims> result = editor.dims(node.output(0));
    const ChannelValue *first = nullptr;
    for (const std::string &input : node.input())
      first = first ? first : channelsOf(input);
    if (!first)
      return true;
    if (!result)
      return false;
    int64_t rank = static_cast<int64_t>(result->size()), axis = (integerAttribute(node, "axis", 0) + rank) % rank;
    int at = first->axis;
    if (axis != at || llvm::any_of(node.input(), [&](const std::string &input) { return channelsOf(input) && channelsOf(input)->axis != at; }))
      return false;
    Channels joined;
    for (const std::string &input : node.input()) {
      std::optional<Dims> dims = editor.dims(input);
      const ChannelValue *value = channelsOf(input);
      if (!value && (!dims || (*dims)[at] < 0))
        return false;
      Channels rest;
      if (!value) {
        rest = flow.sets.add((*dims)[at]);
        flow.sets.pin(rest, "they are no outputs of a product");
      }
      llvm::append_range(joined, value ? value->channels : rest);
    }
    set(node.output(0), at, std::move(joined));
    return true;
  }

  bool split(const onnx::NodeProto &node) {
    const ChannelValue *x = channelsOf(node.input(0));
    if (!x)
      return true;
    std::optional<Dims> dims = editor.dims(node.input(0));
    if (!dims)
      return false;
    int64_t rank = static_cast<int64_t>(dims->size()), axis = (integerAttribute(node, "axis", 0) + rank) % rank;
    const ChannelValue whole = *x;
    if (axis != whole.axis) {
      for (const std::string &output : node.output())
        set(output, whole.axis, whole.channels);
      return true;
    }
    size_t from = 0;
    std::map<int, Channels> parts;
    for (const std::string &output : node.output()) {
      std::optional<Dims> part = editor.dims(output);
      if (!part || (*part)[axis] < 0 || from + (*part)[axis] > whole.channels.size())
        return false;
      parts[static_cast<int>(parts.size())] = llvm::ArrayRef(whole.channels).slice(from, (*part)[axis]).vec();
      from += (*part)[axis];
    }
    if (from != whole.channels.size())
      return false;
    for (const auto &[i, part] : parts)
      set(node.output(i), whole.axis, part);
    flow.sizes[index] = std::move(parts);
    return true;
  }

  /// The axis of channels stays, or is joined with those around it: each channel then has as many places as elements.
  bool reshape(const onnx::NodeProto &node) {
    const ChannelValue *x = channelsOf(node.input(0));
    if (!x)
      return true;
    std::optional<Dims> from = editor.dims(node.input(0)), to = editor.dims(node.output(0)), shape;
    bool isFlatten = node.op_type() == "Flatten";
    if (!from || !to || (!isFlatten && !(shape = integersOf(editor, node, 1, "shape"))))
      return false;
    size_t axis = x->axis;
    for (size_t at = 0; at < to->size(); ++at)
      for (size_t begin = 0; begin <= axis; ++begin)
        for (size_t end = axis + 1; end <= from->size(); ++end) {
          llvm::ArrayRef<int64_t> all(*from), joined = all.slice(begin, end - begin), head = all.take_front(begin), tail = all.drop_front(end);
          llvm::ArrayRef<int64_t> newHead = llvm::ArrayRef(*to).take_front(at), newTail = llvm::ArrayRef(*to).drop_front(at + 1);
          if (!isStatic(joined) || product(joined) != (*to)[at] || !isSame(head, newHead, shape) || !isSame(tail, newTail, std::nullopt))
            continue;
          Channels channels;
          for (int64_t outer = product(all.slice(begin, axis - begin)); outer > 0; --outer)
            for (int32_t channel : x->channels)
              channels.insert(channels.end(), product(all.slice(axis + 1, end - axis - 1)), channel);
          if (shape && (*shape)[at] > 0)
            flow.sizes[index][static_cast<int>(at)] = channels;
          if (shape && (*shape)[at] == 0 && (at != axis || joined.size() > 1))
            return false;
          set(node.output(0), static_cast<int>(at), std::move(channels));
          return true;
        }
    return false;
  }

  /// Whether dims in front of an axis, or behind it, hold as many elements before and after a Reshape. Open ones have to be copied or the first.
  static bool isSame(llvm::ArrayRef<int64_t> before, llvm::ArrayRef<int64_t> after, const std::optional<Dims> &shape) {
    if (isStatic(before) && isStatic(after))
      return product(before) == product(after);
    if (before.size() != after.size())
      return false;
    for (size_t i = 0; i < before.size(); ++i)
      if (before[i] != after[i] || (before[i] < 0 && i > 0 && !(shape && (*shape)[i] == 0)))
        return false;
    return true;
  }

  bool transpose(const onnx::NodeProto &node) {
    const ChannelValue *x = channelsOf(node.input(0));
    if (!x)
      return true;
    std::optional<Dims> dims = editor.dims(node.input(0)), order = integersOf(editor, node, node.input_size(), "perm");
    if (!dims)
      return false;
    int axis = static_cast<int>(dims->size()) - 1 - x->axis;
    if (order)
      axis = static_cast<int>(llvm::find(*order, x->axis) - order->begin());
    set(node.output(0), axis, Channels(x->channels));
    return true;
  }

  /// The axes of a node, all from 0 on, of values of `rank`.
  std::optional<llvm::SmallSet<int, 8>> axesOf(const onnx::NodeProto &node, size_t rank, int input = 1) const {
    std::optional<Dims> axes = integersOf(editor, node, input, "axes");
    if (!axes)
      return std::nullopt;
    llvm::SmallSet<int, 8> result;
    for (int64_t axis : *axes)
      result.insert(static_cast<int>(axis < 0 ? axis + static_cast<int64_t>(rank) : axis));
    return result;
  }

  bool reduce(const onnx::NodeProto &node) {
    const ChannelValue *x = channelsOf(node.input(0));
    if (!x)
      return true;
    std::optional<Dims> dims = editor.dims(node.input(0));
    std::optional<llvm::SmallSet<int, 8>> axes = dims ? axesOf(node, dims->size()) : std::nullopt;
    if (!axes || axes->contains(x->axis))
      return false;
    bool keeps = integerAttribute(node, "keepdims", 1) != 0;
    int before = static_cast<int>(llvm::count_if(*axes, [&](int axis) { return axis < x->axis; }));
    set(node.output(0), keeps ? x->axis : x->axis - before, Channels(x->channels));
    return true;
  }

  bool squeeze(const onnx::NodeProto &node) {
    const ChannelValue *x = channelsOf(node.input(0));
    if (!x)
      return true;
    bool removes = node.op_type() == "Squeeze";
    std::optional<Dims> dims = editor.dims(removes ? node.input(0) : node.output(0));
    std::optional<llvm::SmallSet<int, 8>> axes = dims ? axesOf(node, dims->size()) : std::nullopt;
    if (!axes || (removes && axes->contains(x->axis)))
      return false;
    int axis = x->axis;
    if (removes)
      axis -= static_cast<int>(llvm::count_if(*axes, [&](int one) { return one < x->axis; }));
    for (int one = 0; !removes && one <= axis; ++one)
      axis += axes->contains(one);
    set(node.output(0), axis, Channels(x->channels));
    return true;
  }

  /// Of images: the sizes of channels stay. Sizes that are given as numbers would have to follow.
  bool resize(const onnx::NodeProto &node) {
    const ChannelValue *x = channelsOf(node.input(0));
    if (!x)
      return true;
    std::string scales = node.op_type() == "Upsample" ? (node.input_size() > 1 ? node.input(1) : "") : node.input_size() > 2 ? node.input(2) : "";
    if (scales.empty() || !editor.isConstant(scales) || editor.elementType(scales) != onnx::TensorProto::FLOAT ||
        integersOf(editor, node, 99, "axes"))
      return false;
    absl::StatusOr<std::vector<float>> factors = readFloats(editor, scales);
    if (!factors.ok() || static_cast<int>(factors->size()) <= x->axis || (*factors)[x->axis] != 1)
      return false;
    set(node.output(0), x->axis, Channels(x->channels));
    return true;
  }

  bool pad(const onnx::NodeProto &node) {
    const ChannelValue *x = channelsOf(node.input(0));
    if (!x)
      return true;
    std::optional<Dims> pads = integersOf(editor, node, 1, "pads");
    if (!pads || (node.input_size() > 3 && !node.input(3).empty()))
      return false;
    size_t rank = pads->size() / 2, axis = x->axis;
    if (axis >= rank || (*pads)[axis] != 0 || (*pads)[rank + axis] != 0)
      return false;
    set(node.output(0), x->axis, Channels(x->channels));
    return true;
  }

  bool slice(const onnx::NodeProto &node) {
    const ChannelValue *x = channelsOf(node.input(0));
    if (!x)
      return true;
    std::optional<Dims> dims = editor.dims(node.input(0));
    std::optional<llvm::SmallSet<int, 8>> axes = dims ? axesOf(node, dims->size(), 3) : std::nullopt;
    if (!axes || axes->contains(x->axis))
      return false;
    set(node.output(0), x->axis, Channels(x->channels));
    return true;
  }

  const ModelEditor &editor;
  std::set<int> chosen;
  std::map<std::string, std::string> reasons;
  std::map<std::pair<std::string, int>, size_t> usesOf; ///< of an axis of a constant: how many readers know about it
  ChannelFlow flow;
  int index = 0;
};

} // namespace

ChannelFlow ChannelFlow::find(const ModelEditor &editor, llvm::ArrayRef<Product> products, llvm::ArrayRef<LeftAlone> leftAlone) {
  return Analysis(editor, products, leftAlone).run();
}

} // namespace ingot::compress
