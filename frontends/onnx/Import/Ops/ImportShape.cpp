// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Constants, and tensors that are made from shapes and numbers instead of data.
#include "dialects/Ingot/SymbolicDims.h"
#include "frontends/onnx/Import/ElementTypes.h"
#include "frontends/onnx/Import/GraphImporter.h"
#include "frontends/onnx/Import/Node.h"
#include "frontends/onnx/Import/Registry.h"

#include <cmath>

using namespace mlir;

namespace ingot::importer {
namespace {

void importConstant(Node &n) {
  MLIRContext *context = n.b.getContext();
  auto vectorType = [&](size_t size, Type element) { return RankedTensorType::get({static_cast<int64_t>(size)}, element); };
  if (n.proto.attribute_size() != 1) {
    n.error() << "Constant node '" << n.proto.name() << "' must have exactly one attribute";
    return;
  }
  const onnx::AttributeProto &value = n.proto.attribute(0);
  if (value.name() == "value")
    return n.yieldAs(value.t().data_type(), n.graph.importTensor(value.t(), n.proto.output(0), n.loc));
  if (value.name() == "value_float")
    return n.yield(n.scalar(value.f(), Float32Type::get(context)));
  if (value.name() == "value_int")
    return n.yield(n.dimsTensor({getAffineConstantExpr(value.i(), context)}, RankedTensorType::get({}, n.b.getI64Type())));
  if (value.name() == "value_ints")
    return n.yield(n.ints(Ints(value.ints().begin(), value.ints().end())));
  if (value.name() == "value_floats") {
    auto owner = std::make_shared<const std::vector<float>>(value.floats().begin(), value.floats().end());
    ArrayRef<char> bytes(reinterpret_cast<const char *>(owner->data()), owner->size() * sizeof(float));
    return n.yield(n.constant(vectorType(owner->size(), Float32Type::get(context)), bytes, n.proto.output(0), owner));
  }
  n.error() << "Constant node '" << n.proto.name() << "' holds '" << value.name() << "', which is not supported";
}

void importShape(Node &n) {
  Dims dims = getDims(typeOf(n[0]));
  int64_t rank = dims.size();
  auto bound = [&](StringRef name, int64_t otherwise) {
    int64_t index = n.integer(name, otherwise);
    return std::clamp<int64_t>(index < 0 ? index + rank : index, 0, rank);
  };
  int64_t start = bound("start", 0), end = std::max(bound("end", rank), start);
  n.yield(n.dimsTensor(ArrayRef(dims).slice(start, end - start)));
}

void importSize(Node &n) {
  AffineExpr size = productOf(getDims(typeOf(n[0])), n.b.getContext());
  n.yield(n.dimsTensor({size}, RankedTensorType::get({}, n.b.getI64Type())));
}

void importConstantOfShape(Node &n) {
  std::optional<Dims> dims = n.dims(0);
  if (!dims)
    return;
  const onnx::AttributeProto *value = n.attribute("value");
  Value element = value ? n.graph.importTensor(value->t(), n.proto.output(0), n.loc) : n.scalar(0.0, n.b.getF32Type());
  n.yieldAs(value ? value->t().data_type() : 0, n.full(*dims, n.reshape(element, ArrayRef<int64_t>{})));
}

/// Ones where column - row = k.
void importEyeLike(Node &n) {
  Dims dims = getDims(typeOf(n[0]));
  Type element = n.hasAttribute("dtype") ? getElementType(n.b.getContext(), n.integer("dtype")) : elementOf(n[0]);
  if (!element) {
    n.error() << "EyeLike node '" << n.proto.name() << "' makes an element type that is not supported";
    return;
  }
  Value distance = n.sub(n.iota(dims[1], 2, 1), n.iota(dims[0], 2, 0));
  n.yield(n.cast(n.compare(Predicate::Eq, distance, n.scalar(n.integer("k"), n.b.getI64Type())), element));
}

/// Of a OneHot whose depth a run computes.
constexpr int64_t kMaxDepth = 1 << 20;

void importOneHot(Node &n) {
  // A real depth is cut to a whole number.
  Value given = n.cast(n.reshape(n[1], ArrayRef<int64_t>{}), n.b.getI64Type());
  if (!given)
    return;
  if (!n.readDims(given) && !n.symbols->isDynamic()) {
    n.ints(1); // reports
    return;
  }
  AffineExpr depth = n.bindGrowing(given, n.proto.name() + ".depth", kMaxDepth);
  int64_t rank = rankOf(n[0]) + 1;
  std::optional<int64_t> axis = n.axis(rank);
  if (!axis)
    return;
  Value indices = n.cast(n[0], n.b.getI64Type()), size = n.dimsTensor({depth}, RankedTensorType::get({}, n.b.getI64Type()));
  indices = n.select(n.compare(Predicate::Lt, indices, n.scalar(0.0, n.b.getI64Type())), n.add(indices, size), indices);
  Value hot = n.compare(Predicate::Eq, n.unsqueeze(indices, *axis), n.iota(depth, rank, *axis));
  auto value = [&](int64_t index) { return n.reshape(n.sliceAxis(n[2], 0, index, 1), ArrayRef<int64_t>{}); };
  n.yield(n.select(hot, value(1), value(0)));
}

constexpr OpRow kShapeOps[] = {
    {"Constant", importConstant}, {"ConstantOfShape", importConstantOfShape},
    {"EyeLike", importEyeLike},   {"OneHot", importOneHot},
    {"Shape", importShape},       {"Size", importSize},
};

} // namespace

ArrayRef<OpRow> shapeOps() { return kShapeOps; }

} // namespace ingot::importer
