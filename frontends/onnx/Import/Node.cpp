// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Import/Node.h"

#include "frontends/onnx/Import/GraphImporter.h"
#include "frontends/onnx/Import/NarrowTypes.h"

using namespace mlir;

namespace ingot::importer {

std::string Node::inputName(unsigned index) const {
  const auto &formals = schema.inputs();
  if (formals.empty())
    return std::to_string(index);
  return formals[std::min<size_t>(index, formals.size() - 1)].GetName();
}

namespace {

/// How many dims of one shape a run may compute, and how large each may be then: their product stays far from overflowing.
constexpr int64_t kMaxComputedDims = 6, kLargestComputed[] = {0, 1 << 24, 1 << 14, 1 << 12, 1 << 10, 1 << 8, 1 << 7};

template <typename T> std::optional<T> reportNotConstant(Node &n, unsigned index) {
  if (Value value = n[index]; value && getPlaceholderDims(value)) {
    n.graph.reportSymbolic(n.loc, *getPlaceholderDims(value));
    return std::nullopt;
  }
  n.error() << "input '" << n.inputName(index) << "' of " << n.proto.op_type() << " node '" << n.proto.name()
            << "' must be a constant; it is computed at run time";
  return std::nullopt;
}

} // namespace

Node::Node(GraphImporter &graph, OpBuilder &b, Location loc, WeightStore &weights, const onnx::NodeProto &proto, const onnx::OpSchema &schema,
           ArrayRef<Value> inputs)
    : TensorBuilder(b, loc, weights, &graph.getSymbols()), graph(graph), proto(proto), schema(schema), inputs(inputs), outputs(proto.output_size()) {}

int32_t Node::narrowType(unsigned index) const { return graph.narrowType(proto.input(static_cast<int>(index))); }

void Node::yieldAs(int32_t onnxType, Value value) {
  firstType = isNarrow(onnxType) ? onnxType : 0;
  yield(value);
}

std::optional<Ints> Node::ints(unsigned index) {
  if (std::optional<Ints> values = readInts((*this)[index]))
    return values;
  return reportNotConstant<Ints>(*this, index);
}

std::optional<int64_t> Node::integer(unsigned index) {
  std::optional<Ints> values = ints(index);
  if (!values)
    return std::nullopt;
  if (values->size() == 1)
    return values->front();
  error() << "input '" << inputName(index) << "' must have one element, it has " << values->size();
  return std::nullopt;
}

std::optional<SmallVector<double>> Node::floats(unsigned index) {
  if (std::optional<SmallVector<double>> values = readFloats((*this)[index]))
    return values;
  return reportNotConstant<SmallVector<double>>(*this, index);
}

std::optional<Dims> Node::dims(unsigned index) {
  Value tensor = (*this)[index];
  if (std::optional<Dims> values = readDims(tensor))
    return values;
  RankedTensorType type = typeOf(tensor);
  if (!symbols->isDynamic() || !type.hasStaticShape() || type.getRank() > 1 || type.getNumElements() > kMaxComputedDims)
    return reportNotConstant<Dims>(*this, index);
  return bindDims(tensor, inputName(index));
}

std::optional<Dims> Node::bindDims(Value tensor, StringRef what) {
  RankedTensorType type = typeOf(tensor);
  if (type.getNumElements() > kMaxComputedDims) {
    error() << "computes a shape of more than " << kMaxComputedDims << " dims when the model runs";
    return std::nullopt;
  }
  Dims dims;
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    Value element = type.getRank() == 0 ? tensor : sliceAxis(tensor, 0, i, 1);
    dims.push_back(bindGrowing(element, (proto.name() + "." + what + std::to_string(i)).str(), kLargestComputed[type.getNumElements()]));
  }
  return dims;
}

std::optional<Ints> Node::fixedShape(Value value) {
  RankedTensorType type = typeOf(value);
  if (type.hasStaticShape())
    return Ints(type.getShape());
  graph.reportSymbolic(loc, getDims(type));
  return std::nullopt;
}

std::optional<int64_t> Node::fixedDim(Value value, int64_t axis) {
  AffineExpr dim = getDims(typeOf(value))[axis];
  if (std::optional<int64_t> size = getConstant(dim))
    return size;
  graph.reportSymbolic(loc, {dim});
  return std::nullopt;
}

const onnx::AttributeProto *Node::attribute(StringRef name) const { return schema::attributeOrDefault(proto, schema, name); }

int64_t Node::integer(StringRef name, int64_t otherwise) const {
  const onnx::AttributeProto *found = attribute(name);
  return found ? found->i() : otherwise;
}

double Node::real(StringRef name, double otherwise) const {
  const onnx::AttributeProto *found = attribute(name);
  return found ? found->f() : otherwise;
}

StringRef Node::string(StringRef name) const {
  const onnx::AttributeProto *found = attribute(name);
  return found ? StringRef(found->s()) : StringRef();
}

Ints Node::integers(StringRef name) const {
  const onnx::AttributeProto *found = attribute(name);
  return found ? Ints(found->ints().begin(), found->ints().end()) : Ints();
}

SmallVector<double> Node::reals(StringRef name) const {
  const onnx::AttributeProto *found = attribute(name);
  return found ? SmallVector<double>(found->floats().begin(), found->floats().end()) : SmallVector<double>();
}

std::optional<int64_t> Node::normalize(int64_t axis, int64_t rank) {
  if (axis >= -rank && axis < rank)
    return axis < 0 ? axis + rank : axis;
  error() << "axis " << axis << " is not a dim of a tensor of rank " << rank;
  return std::nullopt;
}

std::optional<Ints> Node::normalize(Ints axes, int64_t rank) {
  for (int64_t &axis : axes) {
    std::optional<int64_t> normal = normalize(axis, rank);
    if (!normal)
      return std::nullopt;
    axis = *normal;
  }
  return axes;
}

std::optional<Ints> Node::listOf(StringRef attributeName, unsigned index) {
  if (hasAttribute(attributeName))
    return integers(attributeName);
  return has(index) ? ints(index) : Ints();
}

std::optional<Dims> Node::declaredDims(unsigned output) { return graph.declaredDims(proto.output(output)); }

} // namespace ingot::importer
