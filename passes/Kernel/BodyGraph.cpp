// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/BodyGraph.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

namespace ingot {
namespace {

constexpr size_t kMaxBoxes = 64; ///< more would be code without end: such a body is not a map

Linear plus(Linear a, const Linear &b, int64_t factor) {
  a.offset += b.offset * factor;
  for (auto [x, y] : llvm::zip_equal(a.coefficients, b.coefficients))
    x += y * factor;
  return a;
}

Linear shifted(Linear a, int64_t delta) {
  a.offset += delta;
  return a;
}

int64_t floorDiv(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

/// Integers are signless as SSA values; the tensor operation knows their sign.
Type signless(Type element) {
  auto integer = dyn_cast<IntegerType>(element);
  return integer ? IntegerType::get(element.getContext(), integer.getWidth()) : element;
}

SmallVector<int64_t> shapeOf(Value value) { return SmallVector<int64_t>(cast<RankedTensorType>(value.getType()).getShape()); }

} // namespace

Linear BodyGraph::dim(unsigned i) const {
  Linear linear = zero();
  linear.coefficients[i] = 1;
  return linear;
}

std::pair<int64_t, int64_t> BodyGraph::rangeOf(const Linear &linear) const {
  int64_t low = linear.offset, high = linear.offset;
  for (auto [size, coefficient] : llvm::zip_equal(sizes, linear.coefficients))
    (coefficient < 0 ? low : high) += coefficient * (size - 1);
  return {low, high};
}

FailureOr<bool> BodyGraph::isBelow(const Linear &linear, int64_t boundary, Operation *blame) {
  auto [low, high] = rangeOf(linear);
  if (high < boundary)
    return true;
  if (low >= boundary)
    return false;
  // Cut the dim that moves the index most; what still straddles the boundary is cut along the next one.
  unsigned widest = 0;
  int64_t reach = -1;
  for (auto [i, coefficient] : llvm::enumerate(linear.coefficients))
    if (sizes[i] > 1 && std::abs(coefficient) > reach)
      widest = i, reach = std::abs(coefficient);
  assert(reach > 0 && "an index that straddles a boundary moves");
  int64_t coefficient = linear.coefficients[widest];
  int64_t rest = coefficient > 0 ? high - coefficient * (sizes[widest] - 1) : low - coefficient * (sizes[widest] - 1); // the extreme at position 0
  int64_t at = coefficient > 0 ? floorDiv(boundary - 1 - rest, coefficient) + 1 : floorDiv(rest - boundary, -coefficient) + 1;
  division = {Division::Cut, widest, std::clamp<int64_t>(at, 1, sizes[widest] - 1), blame};
  return failure();
}

FailureOr<Linear> BodyGraph::accessOf(Type buffer, ArrayRef<Linear> indices) {
  SmallVector<int64_t> strides;
  int64_t offset = 0;
  if (auto memref = dyn_cast<MemRefType>(buffer)) {
    if (failed(memref.getStridesAndOffset(strides, offset)) || ShapedType::isDynamic(offset) || llvm::any_of(strides, ShapedType::isDynamic))
      return failure();
  } else {
    auto shaped = cast<ShapedType>(buffer);
    if (!shaped.hasStaticShape())
      return failure();
    strides = computeStrides(shaped.getShape());
  }
  Linear access = zero();
  access.offset = offset;
  for (auto [index, stride] : llvm::zip_equal(indices, strides))
    access = plus(access, index, stride);
  return access;
}

FailureOr<unsigned> BodyGraph::addConstant(BodyNode node, TypedAttr value) {
  node.kind = BodyNode::Constant;
  if (auto integer = dyn_cast<IntegerAttr>(value))
    value = IntegerAttr::get(node.element, integer.getValue());
  node.constant = value;
  nodes.push_back(std::move(node));
  return nodes.size() - 1;
}

FailureOr<unsigned> BodyGraph::add(Value value, ArrayRef<Linear> indices) {
  division = {Division::Impossible, 0, 0, value.getDefiningOp()};
  for (auto [i, node] : llvm::enumerate(nodes))
    if (node.value == value && ArrayRef<Linear>(node.indices) == indices)
      return i;
  auto type = cast<RankedTensorType>(value.getType());
  assert(static_cast<int64_t>(indices.size()) == type.getRank() && "one index per dim");
  BodyNode node;
  node.value = value;
  node.element = signless(type.getElementType());
  node.indices.assign(indices.begin(), indices.end());
  if (value == bound) {
    node.kind = BodyNode::Bound;
    nodes.push_back(std::move(node));
    return nodes.size() - 1;
  }
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    node.kind = BodyNode::Load;
    node.argument = argument.getArgNumber();
    FailureOr<Linear> access = accessOf(region.getInputs()[node.argument].getType(), indices);
    if (failed(access))
      return failure();
    node.access = *access;
    nodes.push_back(std::move(node));
    return nodes.size() - 1;
  }
  return addOperation(value.getDefiningOp(), indices, std::move(node));
}

FailureOr<unsigned> BodyGraph::addOperation(Operation *op, ArrayRef<Linear> indices, BodyNode node) {
  if (auto constant = dyn_cast<ConstantOp>(op)) {
    auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
    if (!dense || !(dense.isSplat() || dense.getNumElements() == 1))
      return failure();
    return addConstant(std::move(node), cast<TypedAttr>(*dense.getValues<Attribute>().begin()));
  }
  if (auto transpose = dyn_cast<TransposeOp>(op)) {
    SmallVector<Linear, 6> from(indices.size());
    for (auto [i, source] : llvm::enumerate(transpose.getPermutation()))
      from[source] = indices[i];
    return add(transpose.getX(), from);
  }
  if (auto slice = dyn_cast<SliceOp>(op)) {
    SmallVector<Linear, 6> from;
    for (auto [index, offset, stride] : llvm::zip_equal(indices, slice.getOffsets(), slice.getStrides()))
      from.push_back(shifted(plus(zero(), index, stride), offset));
    return add(slice.getX(), from);
  }
  if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    auto from = throughReshape(reshape, indices);
    return failed(from) ? FailureOr<unsigned>(failure()) : add(reshape.getX(), *from);
  }
  if (auto concat = dyn_cast<ConcatOp>(op))
    return addConcat(concat, indices);
  if (auto pad = dyn_cast<PadOp>(op))
    return addPad(pad, indices, std::move(node));
  if (auto pack = dyn_cast<PackOp>(op))
    return addPack(pack, indices, std::move(node));
  if (!isa<UnaryOp, BinaryOp, CompareOp, SelectOp, CastOp, BitcastOp, BroadcastOp>(op))
    return failure();

  node.kind = BodyNode::Compute;
  for (Value operand : op->getOperands()) {
    SmallVector<int64_t> shape = shapeOf(operand);
    SmallVector<Linear, 6> own(indices.take_back(shape.size()));
    for (auto [index, size] : llvm::zip_equal(own, shape))
      if (size == 1)
        index = zero();
    FailureOr<unsigned> source = add(operand, own);
    if (failed(source) || isa<BroadcastOp>(op))
      return source;
    node.operands.push_back(*source);
  }
  nodes.push_back(std::move(node));
  return nodes.size() - 1;
}

FailureOr<SmallVector<Linear, 6>> BodyGraph::throughReshape(ReshapeOp op, ArrayRef<Linear> indices) {
  Linear flat = zero();
  for (auto [index, stride] : llvm::zip_equal(indices, computeStrides(shapeOf(op.getResult()))))
    flat = plus(flat, index, stride);
  SmallVector<int64_t> shape = shapeOf(op.getX());
  SmallVector<Linear, 6> from(shape.size(), zero());
  for (int64_t i = static_cast<int64_t>(shape.size()) - 1; i >= 0; --i) {
    int64_t size = shape[i];
    if (i == 0) {
      from[0] = flat;
      break;
    }
    // flat = quotient * size + remainder: a term goes where it divides.
    Linear quotient = zero(), remainder = zero();
    quotient.offset = floorDiv(flat.offset, size);
    remainder.offset = flat.offset - quotient.offset * size;
    for (auto [d, coefficient] : llvm::enumerate(flat.coefficients)) {
      if (sizes[d] == 1)
        continue;
      if (coefficient % size == 0)
        quotient.coefficients[d] = coefficient / size;
      else
        remainder.coefficients[d] = coefficient;
    }
    auto [low, high] = rangeOf(remainder);
    if (low < 0 || high >= size) {
      for (auto [d, coefficient] : llvm::enumerate(remainder.coefficients)) {
        int64_t factor = coefficient > 0 && size % coefficient == 0 ? size / coefficient : 0;
        if (factor > 1 && factor < sizes[d] && sizes[d] % factor == 0) {
          division = {Division::Split, static_cast<unsigned>(d), factor, op};
          return failure();
        }
      }
      division = {Division::Impossible, 0, 0, op};
      return failure();
    }
    from[i] = remainder;
    flat = quotient;
  }
  return from;
}

FailureOr<unsigned> BodyGraph::addConcat(ConcatOp op, ArrayRef<Linear> indices) {
  int64_t axis = op.getAxis(), begin = 0;
  for (Value part : op.getInputs()) {
    int64_t size = shapeOf(part)[axis];
    FailureOr<bool> inside = isBelow(indices[axis], begin + size, op);
    if (failed(inside))
      return failure();
    if (*inside) {
      SmallVector<Linear, 6> from(indices);
      from[axis] = shifted(indices[axis], -begin);
      return add(part, from);
    }
    begin += size;
  }
  llvm_unreachable("an index of a concatenation lies in one of its parts");
}

FailureOr<unsigned> BodyGraph::addPad(PadOp op, ArrayRef<Linear> indices, BodyNode node) {
  SmallVector<Linear, 6> from(indices);
  SmallVector<int64_t> shape = shapeOf(op.getX());
  for (auto [i, size] : llvm::enumerate(shape)) {
    int64_t low = op.getLow()[i], high = op.getHigh()[i];
    FailureOr<bool> before = low == 0 ? FailureOr<bool>(false) : isBelow(indices[i], low, op);
    if (failed(before))
      return failure();
    FailureOr<bool> inside = high == 0 ? FailureOr<bool>(true) : isBelow(indices[i], low + size, op);
    if (failed(inside))
      return failure();
    from[i] = shifted(indices[i], -low);
    if (!*before && *inside)
      continue;
    switch (op.getMode()) {
    case PadMode::Constant:
      return addConstant(std::move(node), cast<TypedAttr>(*cast<DenseElementsAttr>(op.getValue()).getValues<Attribute>().begin()));
    case PadMode::Edge:
      from[i] = shifted(zero(), *before ? 0 : size - 1);
      break;
    case PadMode::Reflect:
      from[i] = shifted(plus(zero(), from[i], -1), *before ? 0 : 2 * (size - 1));
      break;
    case PadMode::Wrap:
      from[i] = shifted(from[i], *before ? size : -size);
      break;
    }
    auto [least, most] = rangeOf(from[i]);
    if (least < 0 || most >= size) { // the border is wider than the tensor
      division = {Division::Impossible, 0, 0, op};
      return failure();
    }
  }
  return add(op.getX(), from);
}

FailureOr<unsigned> BodyGraph::addPack(PackOp op, ArrayRef<Linear> indices, BodyNode node) {
  // [.., p, k, lane] is x[.., k, 16 p + lane]; lanes beyond x's columns are zero.
  size_t rank = indices.size();
  int64_t columns = shapeOf(op.getX()).back();
  Linear column = plus(indices[rank - 1], indices[rank - 3], kPanel);
  FailureOr<bool> inside = columns % kPanel == 0 ? FailureOr<bool>(true) : isBelow(column, columns, op);
  if (failed(inside))
    return failure();
  if (!*inside)
    return addConstant(std::move(node), Builder(op.getContext()).getZeroAttr(node.element));
  SmallVector<Linear, 6> from(indices.drop_back(3));
  from.append({indices[rank - 2], column});
  return add(op.getX(), from);
}

LogicalResult BodyGraph::addStore(unsigned output, ArrayRef<Linear> indices) {
  Value yielded = region.getYielded()[output];
  FailureOr<unsigned> node = add(yielded, indices);
  if (failed(node))
    return failure();
  Type buffer = region.getOutputs().empty() ? yielded.getType() : region.getOutputs()[output].getType();
  FailureOr<Linear> access = accessOf(buffer, indices);
  if (failed(access)) {
    division = {};
    return failure();
  }
  stores.push_back({*node, output, *access, cast<RankedTensorType>(yielded.getType()).getElementType()});
  return success();
}

void BodyGraph::updateDims() {
  for (BodyNode &node : nodes) {
    node.dims = node.kind == BodyNode::Bound ? kDependsOnBound : 0;
    for (auto [i, coefficient] : llvm::enumerate(node.access.coefficients))
      if (coefficient != 0)
        node.dims |= uint64_t(1) << i;
    for (unsigned operand : node.operands)
      node.dims |= nodes[operand].dims;
  }
}

void BodyGraph::appendUnitDim() {
  sizes.push_back(1);
  for (BodyNode &node : nodes)
    if (node.kind == BodyNode::Load)
      node.access.coefficients.push_back(0);
  for (BodyStore &store : stores)
    store.access.coefficients.push_back(0);
}

void BodyGraph::collapse(SmallVectorImpl<unsigned> &groups) {
  SmallVector<Linear *> accesses;
  for (BodyNode &node : nodes)
    if (node.kind == BodyNode::Load)
      accesses.push_back(&node.access);
  for (BodyStore &store : stores)
    accesses.push_back(&store.access);
  auto erase = [&](size_t i) {
    sizes.erase(sizes.begin() + i);
    groups.erase(groups.begin() + i);
    for (Linear *access : accesses)
      access->coefficients.erase(access->coefficients.begin() + i);
  };
  for (size_t i = sizes.size(); i-- > 0;)
    if (sizes[i] == 1)
      erase(i);
  for (size_t i = sizes.size(); i-- > 1;) {
    bool merge = groups[i - 1] == groups[i] &&
                 llvm::all_of(accesses, [&](Linear *access) { return access->coefficients[i - 1] == access->coefficients[i] * sizes[i]; });
    if (!merge)
      continue;
    sizes[i] *= sizes[i - 1];
    erase(i - 1);
  }
  for (BodyNode &node : nodes)
    node.indices.clear(); // they speak of the old dims; the accesses hold all that is needed now
  updateDims();
}

namespace {

/// A box of the yielded shape: for each of its dims, where it lies in terms of the box's dims.
struct Box {
  SmallVector<int64_t, 6> sizes;
  SmallVector<Linear, 6> indices;
};

Box cutBox(Box box, unsigned dim, int64_t begin, int64_t end) {
  for (Linear &index : box.indices)
    index.offset += index.coefficients[dim] * begin;
  box.sizes[dim] = end - begin;
  return box;
}

Box splitBox(Box box, unsigned dim, int64_t factor) {
  box.sizes[dim] /= factor;
  box.sizes.insert(box.sizes.begin() + dim + 1, factor);
  for (Linear &index : box.indices) {
    index.coefficients.insert(index.coefficients.begin() + dim + 1, index.coefficients[dim]);
    index.coefficients[dim] *= factor;
  }
  return box;
}

} // namespace

FailureOr<std::vector<BodyGraph>> makeBoxes(RegionOp region) {
  if (region.getYielded().empty())
    return failure();
  auto type = cast<RankedTensorType>(region.getYielded().front().getType());
  if (!type.hasStaticShape() || type.getRank() > 32)
    return failure();
  for (Value yielded : region.getYielded())
    if (cast<RankedTensorType>(yielded.getType()).getShape() != type.getShape())
      return failure();
  std::vector<BodyGraph> graphs;
  if (type.getNumElements() == 0)
    return graphs;
  std::vector<Box> pending(1);
  pending[0].sizes.assign(type.getShape().begin(), type.getShape().end());
  for (int64_t i = 0; i < type.getRank(); ++i) {
    Linear linear{0, SmallVector<int64_t, 6>(type.getRank(), 0)};
    linear.coefficients[i] = 1;
    pending[0].indices.push_back(linear);
  }
  while (!pending.empty()) {
    Box box = std::move(pending.back());
    pending.pop_back();
    BodyGraph graph(region, box.sizes);
    bool linear = true;
    for (size_t i = 0; linear && i < region.getYielded().size(); ++i)
      linear = succeeded(graph.addStore(i, box.indices));
    if (linear) {
      SmallVector<unsigned> groups(graph.sizes.size(), 0);
      graph.collapse(groups);
      graphs.push_back(std::move(graph));
      continue;
    }
    const BodyGraph::Division &division = graph.division;
    if (division.kind == BodyGraph::Division::Impossible || graphs.size() + pending.size() > kMaxBoxes || box.sizes.size() > 32)
      return failure();
    if (division.kind == BodyGraph::Division::Split) {
      pending.push_back(splitBox(box, division.dim, division.at));
      continue;
    }
    pending.push_back(cutBox(box, division.dim, division.at, box.sizes[division.dim]));
    pending.push_back(cutBox(box, division.dim, 0, division.at)); // first in memory order
  }
  return graphs;
}

} // namespace ingot
