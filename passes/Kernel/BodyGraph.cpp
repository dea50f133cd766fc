// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/BodyGraph.h"
#include "dialects/Ingot/Shapes.h"
#include "passes/Kernel/Elementwise/EmitElementwise.h"
#include "passes/Kernel/Elementwise/MultiplyAdd.h"
#include "passes/Kernel/SymbolicIndex.h"

#include "mlir/IR/Builders.h"

#include <limits>

using namespace mlir;

namespace ingot {
namespace {

constexpr size_t kMaxBoxes = 64; ///< more would be code without end: such a body is not a map

AffineExpr number(int64_t value, MLIRContext *context) { return getAffineConstantExpr(value, context); }

Linear plus(Linear a, const Linear &b, AffineExpr factor) {
  a.offset = simplifyDim(a.offset + b.offset * factor);
  for (auto [x, y] : llvm::zip_equal(a.coefficients, b.coefficients))
    x = simplifyDim(x + y * factor);
  return a;
}

Linear plus(Linear a, const Linear &b, int64_t factor) { return plus(std::move(a), b, number(factor, b.offset.getContext())); }

Linear shifted(Linear a, AffineExpr delta) {
  a.offset = simplifyDim(a.offset + delta);
  return a;
}

Linear shifted(Linear a, int64_t delta) { return shifted(a, number(delta, a.offset.getContext())); }

bool isZero(AffineExpr dim) { return getConstant(dim) == 0; }

/// How far an index moves along a dim, as a number to compare.
int64_t reachOf(AffineExpr coefficient) { return std::abs(estimateDim(coefficient)); }

} // namespace

bool isNonNegative(AffineExpr dim) {
  dim = simplifyDim(dim);
  SmallVector<SymbolRange> symbols(countSymbols(dim), {1, std::numeric_limits<int64_t>::max()});
  return rangeOf(dim, symbols).minimum >= 0;
}

Linear BodyGraph::zero() const {
  AffineExpr none = number(0, region->getContext());
  return {none, Dims(sizes.size(), none)};
}

Linear BodyGraph::dim(unsigned i) const {
  Linear linear = zero();
  linear.coefficients[i] = number(1, region->getContext());
  return linear;
}

std::optional<std::pair<AffineExpr, AffineExpr>> BodyGraph::rangeOf(const Linear &linear) const {
  AffineExpr low = linear.offset, high = linear.offset;
  for (auto [size, coefficient] : llvm::zip_equal(sizes, linear.coefficients)) {
    bool rises = isNonNegative(coefficient);
    if (!rises && !isNonNegative(-coefficient))
      return std::nullopt;
    AffineExpr &end = rises ? high : low;
    end = simplifyDim(end + coefficient * (size - 1));
  }
  return std::pair(low, high);
}

FailureOr<bool> BodyGraph::isBelow(const Linear &linear, AffineExpr boundary, Operation *blame) {
  division = {Division::Impossible, 0, {}, blame};
  auto range = rangeOf(linear);
  if (!range)
    return failure();
  AffineExpr low = range->first, high = range->second;
  if (isNonNegative(boundary - high - 1))
    return true;
  if (isNonNegative(low - boundary))
    return false;
  // Cut the dim that moves the index most; what still straddles the boundary is cut along the next one.
  SmallVector<unsigned> moving;
  for (auto [i, coefficient] : llvm::enumerate(linear.coefficients))
    if (!isOne(sizes[i]) && !isZero(coefficient))
      moving.push_back(i);
  llvm::sort(moving, [&](unsigned i, unsigned j) {
    int64_t a = reachOf(linear.coefficients[i]), b = reachOf(linear.coefficients[j]);
    return a != b ? a > b : i < j;
  });
  for (unsigned dim : moving) {
    std::optional<int64_t> coefficient = getConstant(linear.coefficients[dim]);
    if (!coefficient)
      continue;
    AffineExpr size = sizes[dim], rest = (*coefficient > 0 ? high : low) - (size - 1) * *coefficient; // the extreme at position 0
    AffineExpr distance = *coefficient > 0 ? boundary - rest - 1 : rest - boundary;
    AffineExpr at = simplifyDim(simplifyDim(distance).floorDiv(std::abs(*coefficient)) + 1);
    if (getConstant(at) && getConstant(size))
      at = number(std::clamp<int64_t>(*getConstant(at), 1, *getConstant(size) - 1), at.getContext());
    else if (isZero(at) || at == size || !isNonNegative(at) || !isNonNegative(size - at))
      continue;
    division = {Division::Cut, dim, at, blame};
    return failure();
  }
  return failure();
}

FailureOr<Linear> BodyGraph::accessOf(unsigned buffer, RankedTensorType type, ArrayRef<Linear> indices) {
  Linear access = zero();
  size_t inputs = region.getInputs().size();
  Dims strides = contiguousStrides(getDims(type));
  if (region.isSymbolicBuffer(buffer)) {
    strides = region.getBufferStrides(buffer);
  } else if (buffer < inputs || !region.getOutputs().empty()) {
    Type shaped = (buffer < inputs ? region.getInputs()[buffer] : region.getOutputs()[buffer - inputs]).getType();
    if (auto memref = dyn_cast<MemRefType>(shaped)) {
      SmallVector<int64_t> numbers;
      int64_t offset = 0;
      if (failed(memref.getStridesAndOffset(numbers, offset)) || ShapedType::isDynamic(offset) || llvm::any_of(numbers, ShapedType::isDynamic))
        return failure();
      access.offset = number(offset, type.getContext());
      strides = llvm::map_to_vector<6>(numbers, [&](int64_t stride) { return number(stride, type.getContext()); });
    }
  }
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
  division = {Division::Impossible, 0, {}, value.getDefiningOp()};
  for (auto [i, node] : llvm::enumerate(nodes))
    if (node.value == value && ArrayRef<Linear>(node.indices) == indices)
      return i;
  auto type = cast<RankedTensorType>(value.getType());
  assert(static_cast<int64_t>(indices.size()) == type.getRank() && "one index per dim");
  if (!type.hasStaticShape() && !isa_and_present<DimsAttr>(type.getEncoding()))
    return failure();
  BodyNode node;
  node.value = value;
  node.element = getValueType(type.getElementType());
  node.indices.assign(indices.begin(), indices.end());
  if (value == bound) {
    node.kind = BodyNode::Bound;
    nodes.push_back(std::move(node));
    return nodes.size() - 1;
  }
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    node.kind = BodyNode::Load;
    node.argument = argument.getArgNumber();
    FailureOr<Linear> access = accessOf(node.argument, type, indices);
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
    for (auto [index, offset, stride] : llvm::zip_equal(indices, getOffsetDims(slice), slice.getStrides()))
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
  for (Value operand : elementwiseOperands(op)) {
    Dims dims = dimsOf(operand);
    SmallVector<Linear, 6> own(indices.take_back(dims.size()));
    for (auto [index, size] : llvm::zip_equal(own, dims))
      if (isOne(size))
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
  for (auto [index, stride] : llvm::zip_equal(indices, contiguousStrides(dimsOf(op.getResult()))))
    flat = plus(flat, index, stride);
  Dims shape = dimsOf(op.getX());
  SmallVector<Linear, 6> from(shape.size(), zero());
  for (int64_t i = static_cast<int64_t>(shape.size()) - 1; i >= 0; --i) {
    AffineExpr size = shape[i];
    if (i == 0) {
      from[0] = flat;
      break;
    }
    // flat = quotient * size + remainder: a term goes where it divides.
    Linear quotient = zero(), remainder = zero();
    AffineExpr whole = divideDim(flat.offset, size);
    if (!whole)
      whole = getConstant(size) ? simplifyDim(flat.offset.floorDiv(size)) : quotient.offset;
    quotient.offset = whole;
    remainder.offset = simplifyDim(flat.offset - whole * size);
    for (auto [d, coefficient] : llvm::enumerate(flat.coefficients)) {
      if (isOne(sizes[d]))
        continue;
      if (AffineExpr divided = divideDim(coefficient, size))
        quotient.coefficients[d] = divided;
      else
        remainder.coefficients[d] = coefficient;
    }
    auto range = rangeOf(remainder);
    if (!range || !isNonNegative(range->first) || !isNonNegative(size - range->second - 1)) {
      for (auto [d, coefficient] : llvm::enumerate(remainder.coefficients)) {
        if (isZero(coefficient) || !isNonNegative(coefficient))
          continue;
        AffineExpr factor = divideDim(size, coefficient), outer = factor ? divideDim(sizes[d], factor) : factor;
        if (outer && !isOne(factor) && !isOne(outer)) {
          division = {Division::Split, static_cast<unsigned>(d), factor, op};
          return failure();
        }
      }
      division = {Division::Impossible, 0, {}, op};
      return failure();
    }
    from[i] = remainder;
    flat = quotient;
  }
  return from;
}

FailureOr<unsigned> BodyGraph::addConcat(ConcatOp op, ArrayRef<Linear> indices) {
  int64_t axis = op.getAxis();
  AffineExpr begin = number(0, op.getContext());
  for (Value part : op.getInputs()) {
    AffineExpr size = dimsOf(part)[axis];
    FailureOr<bool> inside = isBelow(indices[axis], begin + size, op);
    if (failed(inside))
      return failure();
    if (*inside) {
      SmallVector<Linear, 6> from(indices);
      from[axis] = shifted(indices[axis], -begin);
      return add(part, from);
    }
    begin = begin + size;
  }
  llvm_unreachable("an index of a concatenation lies in one of its parts");
}

FailureOr<unsigned> BodyGraph::addPad(PadOp op, ArrayRef<Linear> indices, BodyNode node) {
  SmallVector<Linear, 6> from(indices);
  for (auto [i, size] : llvm::enumerate(dimsOf(op.getX()))) {
    int64_t low = op.getLow()[i], high = op.getHigh()[i];
    FailureOr<bool> before = low == 0 ? FailureOr<bool>(false) : isBelow(indices[i], number(low, op.getContext()), op);
    if (failed(before))
      return failure();
    FailureOr<bool> inside = high == 0 ? FailureOr<bool>(true) : isBelow(indices[i], size + low, op);
    if (failed(inside))
      return failure();
    from[i] = shifted(indices[i], -low);
    if (!*before && *inside)
      continue;
    switch (op.getMode()) {
    case PadMode::Constant:
      return addConstant(std::move(node), cast<TypedAttr>(*cast<DenseElementsAttr>(op.getValue()).getValues<Attribute>().begin()));
    case PadMode::Edge:
      from[i] = shifted(zero(), *before ? number(0, op.getContext()) : size - 1);
      break;
    case PadMode::Reflect:
      from[i] = shifted(plus(zero(), from[i], -1), *before ? number(0, op.getContext()) : (size - 1) * 2);
      break;
    case PadMode::Wrap:
      from[i] = shifted(from[i], *before ? size : -size);
      break;
    }
    auto range = rangeOf(from[i]);
    if (!range || !isNonNegative(range->first) || !isNonNegative(size - range->second - 1)) { // the border is, or may be, wider than the tensor
      division = {Division::Impossible, 0, {}, op};
      return failure();
    }
  }
  return add(op.getX(), from);
}

FailureOr<unsigned> BodyGraph::addPack(PackOp op, ArrayRef<Linear> indices, BodyNode node) {
  // [.., p, k, lane] is x[.., k, 16 p + lane]; lanes beyond x's columns are zero.
  if (op.getGroup() != 1) {
    division = {Division::Impossible, 0, {}, op};
    return failure();
  }
  size_t rank = indices.size();
  AffineExpr columns = dimsOf(op.getX()).back();
  Linear column = plus(indices[rank - 1], indices[rank - 3], kPanel);
  FailureOr<bool> inside = isZero(simplifyDim(columns % kPanel)) ? FailureOr<bool>(true) : isBelow(column, columns, op);
  if (failed(inside))
    return failure();
  if (!*inside) {
    TypedAttr zero = Builder(op.getContext()).getZeroAttr(node.element);
    return addConstant(std::move(node), zero);
  }
  SmallVector<Linear, 6> from(indices.drop_back(3));
  from.append({indices[rank - 2], column});
  return add(op.getX(), from);
}

LogicalResult BodyGraph::addStore(unsigned output, ArrayRef<Linear> indices) {
  Value yielded = region.getYielded()[output];
  FailureOr<unsigned> node = add(yielded, indices);
  if (failed(node))
    return failure();
  FailureOr<Linear> access = accessOf(region.getInputs().size() + output, cast<RankedTensorType>(yielded.getType()), indices);
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
      if (!isZero(coefficient))
        node.dims |= uint64_t(1) << i;
    for (unsigned operand : node.operands)
      node.dims |= nodes[operand].dims;
  }
}

void BodyGraph::appendUnitDim() {
  AffineExpr one = number(1, region.getContext()), none = number(0, region.getContext());
  sizes.push_back(one);
  for (BodyNode &node : nodes)
    if (node.kind == BodyNode::Load)
      node.access.coefficients.push_back(none);
  for (BodyStore &store : stores)
    store.access.coefficients.push_back(none);
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
    if (isOne(sizes[i]))
      erase(i);
  for (size_t i = sizes.size(); i-- > 1;) {
    bool merge = groups[i - 1] == groups[i] && llvm::all_of(accesses, [&](Linear *access) {
                   return access->coefficients[i - 1] == simplifyDim(access->coefficients[i] * sizes[i]);
                 });
    if (!merge)
      continue;
    sizes[i] = simplifyDim(sizes[i - 1] * sizes[i]);
    erase(i - 1);
  }
  for (BodyNode &node : nodes)
    node.indices.clear(); // they speak of the old dims; the accesses hold all that is needed now
  updateDims();
}

namespace {

/// A box of the yielded shape: for each of its dims, where it lies in terms of the box's dims.
struct Box {
  Dims sizes;
  SmallVector<Linear, 6> indices;
};

Box cutBox(Box box, unsigned dim, AffineExpr begin, AffineExpr end) {
  for (Linear &index : box.indices)
    index.offset = simplifyDim(index.offset + index.coefficients[dim] * begin);
  box.sizes[dim] = simplifyDim(end - begin);
  return box;
}

Box splitBox(Box box, unsigned dim, AffineExpr factor) {
  box.sizes[dim] = divideDim(box.sizes[dim], factor);
  box.sizes.insert(box.sizes.begin() + dim + 1, factor);
  for (Linear &index : box.indices) {
    index.coefficients.insert(index.coefficients.begin() + dim + 1, index.coefficients[dim]);
    index.coefficients[dim] = simplifyDim(index.coefficients[dim] * factor);
  }
  return box;
}

} // namespace

FailureOr<std::vector<BodyGraph>> makeBoxes(RegionOp region) {
  if (region.getYielded().empty())
    return failure();
  auto type = cast<RankedTensorType>(region.getYielded().front().getType());
  if (type.getRank() > 32)
    return failure();
  for (Value yielded : region.getYielded())
    if (dimsOf(yielded) != getDims(type))
      return failure();
  std::vector<BodyGraph> graphs;
  if (type.hasStaticShape() && type.getNumElements() == 0)
    return graphs;
  std::vector<Box> pending(1);
  pending[0].sizes = getDims(type);
  BodyGraph whole(region, pending[0].sizes);
  for (int64_t i = 0; i < type.getRank(); ++i)
    pending[0].indices.push_back(whole.dim(i));
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
    pending.push_back(cutBox(box, division.dim, number(0, region.getContext()), division.at)); // first in memory order
  }
  return graphs;
}

} // namespace ingot
