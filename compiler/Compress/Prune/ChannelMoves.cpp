// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Prune/ChannelAnalysis.h"
#include "llvm/ADT/STLExtras.h"

#include <functional>
#include <numeric>

namespace ingot::compress {
namespace {

using Dims = std::vector<int64_t>;

int64_t product(llvm::ArrayRef<int64_t> dims) { return std::accumulate(dims.begin(), dims.end(), int64_t(1), std::multiplies<>()); }

bool isStatic(llvm::ArrayRef<int64_t> dims) {
  return llvm::all_of(dims, [](int64_t dim) { return dim >= 0; });
}

/// Whether dims in front of an axis, or behind it, hold as many elements before and after a Reshape. Open ones have to be copied or the first.
bool isSame(llvm::ArrayRef<int64_t> before, llvm::ArrayRef<int64_t> after, const std::optional<Dims> &shape) {
  if (isStatic(before) && isStatic(after))
    return product(before) == product(after);
  if (before.size() != after.size())
    return false;
  for (size_t i = 0; i < before.size(); ++i)
    if (before[i] != after[i] || (before[i] < 0 && i > 0 && !(shape && (*shape)[i] == 0)))
      return false;
  return true;
}

} // namespace

std::optional<llvm::SmallSet<int, 8>> ChannelAnalysis::axesOf(const onnx::NodeProto &node, size_t rank, int input) const {
  std::optional<Dims> axes = integersOf(node, input, "axes");
  if (!axes || axes->empty()) // none may mean all
    return std::nullopt;
  llvm::SmallSet<int, 8> result;
  for (int64_t axis : *axes)
    result.insert(static_cast<int>(axis < 0 ? axis + static_cast<int64_t>(rank) : axis));
  return result;
}

bool ChannelAnalysis::concat(const onnx::NodeProto &node) {
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

bool ChannelAnalysis::split(const onnx::NodeProto &node) {
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

bool ChannelAnalysis::reshape(const onnx::NodeProto &node) {
  const ChannelValue *x = channelsOf(node.input(0));
  if (!x)
    return true;
  std::optional<Dims> from = editor.dims(node.input(0)), to = editor.dims(node.output(0)), shape;
  if (node.op_type() == "Reshape")
    shape = integersOf(node, 1, "shape");
  if (!from || !to || (node.op_type() == "Reshape" && (!shape || shape->size() != to->size())))
    return false;
  return joinAxes(node, *x, *from, *to, shape) || (shape && splitAxis(node, *x, *from, *to, *shape));
}

/// The axis of channels stays, or is joined with those around it: each channel then has as many places as elements.
bool ChannelAnalysis::joinAxes(const onnx::NodeProto &node, const ChannelValue &x, const Dims &from, const Dims &to,
                               const std::optional<Dims> &shape) {
  llvm::ArrayRef<int64_t> all(from);
  size_t axis = x.axis;
  for (size_t at = 0; at < to.size(); ++at)
    for (size_t begin = 0; begin <= axis; ++begin)
      for (size_t end = axis + 1; end <= from.size(); ++end) {
        llvm::ArrayRef<int64_t> joined = all.slice(begin, end - begin);
        bool copies = shape && (*shape)[at] == 0;
        if (!isStatic(joined) || product(joined) != to[at] || (copies && (at != axis || joined.size() > 1)) ||
            !isSame(all.take_front(begin), llvm::ArrayRef(to).take_front(at), shape) ||
            !isSame(all.drop_front(end), llvm::ArrayRef(to).drop_front(at + 1), std::nullopt))
          continue;
        Channels channels;
        for (int64_t outer = product(all.slice(begin, axis - begin)); outer > 0; --outer)
          for (int32_t channel : x.channels)
            channels.insert(channels.end(), product(all.slice(axis + 1, end - axis - 1)), channel);
        if (shape && (*shape)[at] > 0)
          flow.sizes[index][static_cast<int>(at)] = channels;
        set(node.output(0), static_cast<int>(at), std::move(channels));
        return true;
      }
  return false;
}

/// The axis of channels is split, as that of neurons into heads: those of a head can only go together.
bool ChannelAnalysis::splitAxis(const onnx::NodeProto &node, const ChannelValue &x, const Dims &from, const Dims &to, const Dims &shape) {
  int64_t count = static_cast<int64_t>(x.channels.size());
  for (size_t at = 0; at < to.size(); ++at)
    for (size_t end = at + 2; end <= to.size(); ++end) {
      llvm::ArrayRef<int64_t> parts = llvm::ArrayRef(to).slice(at, end - at);
      if (!isStatic(parts) || product(parts) != count || parts[0] == 1 || shape[at] == 0 ||
          !isSame(llvm::ArrayRef(from).take_front(x.axis), llvm::ArrayRef(to).take_front(at), shape) ||
          !isSame(llvm::ArrayRef(from).drop_front(x.axis + 1), llvm::ArrayRef(to).drop_front(end), std::nullopt))
        continue;
      Channels heads;
      for (int64_t head = 0, size = count / parts[0]; head < parts[0]; ++head) {
        for (int64_t i = 1; i < size; ++i)
          flow.sets.unite(x.channels[head * size], x.channels[head * size + i]);
        heads.push_back(x.channels[head * size]);
      }
      if (shape[at] > 0)
        flow.sizes[index][static_cast<int>(at)] = heads;
      set(node.output(0), static_cast<int>(at), std::move(heads));
      return true;
    }
  return false;
}

/// Operators that work along an axis, or from one on: channels along the others go through.
bool ChannelAnalysis::alongAxis(const onnx::NodeProto &node) {
  constexpr int kSoftmaxOfOneAxis = 13;
  const ChannelValue *x = channelsOf(node.input(0));
  if (!x)
    return true;
  std::optional<Dims> dims = editor.dims(node.input(0));
  if (!dims)
    return false;
  bool isOneAxis = node.op_type() != "LayerNormalization" && editor.opset() >= kSoftmaxOfOneAxis;
  int64_t rank = static_cast<int64_t>(dims->size()), otherwise = node.op_type() == "LayerNormalization" || isOneAxis ? -1 : 1;
  int64_t axis = (integerAttribute(node, "axis", otherwise) + rank) % rank;
  if (isOneAxis ? axis == x->axis : axis <= x->axis)
    return false;
  set(node.output(0), x->axis, Channels(x->channels));
  return true;
}

bool ChannelAnalysis::transpose(const onnx::NodeProto &node) {
  const ChannelValue *x = channelsOf(node.input(0));
  if (!x)
    return true;
  std::optional<Dims> dims = editor.dims(node.input(0)), order = integersOf(node, node.input_size(), "perm");
  if (!dims)
    return false;
  int axis = static_cast<int>(dims->size()) - 1 - x->axis;
  if (order)
    axis = static_cast<int>(llvm::find(*order, x->axis) - order->begin());
  set(node.output(0), axis, Channels(x->channels));
  return true;
}

bool ChannelAnalysis::reduce(const onnx::NodeProto &node) {
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

bool ChannelAnalysis::squeeze(const onnx::NodeProto &node) {
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

bool ChannelAnalysis::resize(const onnx::NodeProto &node) {
  const ChannelValue *x = channelsOf(node.input(0));
  if (!x)
    return true;
  std::string scales = node.op_type() == "Upsample" ? (node.input_size() > 1 ? node.input(1) : "") : node.input_size() > 2 ? node.input(2) : "";
  if (scales.empty() || !editor.isConstant(scales) || editor.elementType(scales) != onnx::TensorProto::FLOAT || integersOf(node, 99, "axes"))
    return false;
  absl::StatusOr<std::vector<float>> factors = readFloats(editor, scales);
  if (!factors.ok() || static_cast<int>(factors->size()) <= x->axis || (*factors)[x->axis] != 1)
    return false;
  set(node.output(0), x->axis, Channels(x->channels));
  return true;
}

bool ChannelAnalysis::pad(const onnx::NodeProto &node) {
  const ChannelValue *x = channelsOf(node.input(0));
  if (!x)
    return true;
  std::optional<Dims> pads = integersOf(node, 1, "pads");
  if (!pads || (node.input_size() > 3 && !node.input(3).empty()))
    return false;
  size_t rank = pads->size() / 2, axis = x->axis;
  if (axis >= rank || (*pads)[axis] != 0 || (*pads)[rank + axis] != 0)
    return false;
  set(node.output(0), x->axis, Channels(x->channels));
  return true;
}

bool ChannelAnalysis::slice(const onnx::NodeProto &node) {
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

} // namespace ingot::compress
