// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a row region iterates over, and how its elements combine.
#include "passes/Kernel/Elementwise/EmitElementwise.h"
#include "passes/Kernel/RowWalk.h"

using namespace mlir;

namespace ingot {

Value combineElements(ImplicitLocOpBuilder &b, ReduceKind kind, Value x, Value y, Type element, bool fast) {
  ElementMath m(b, x.getType());
  bool isUnsigned = isUnsignedElement(element), isMax = kind == ReduceKind::Max;
  switch (kind) {
  case ReduceKind::Sum:
  case ReduceKind::Mean:
    return m.add(x, y);
  case ReduceKind::Prod:
    return m.mul(x, y);
  case ReduceKind::Max:
  case ReduceKind::Min:
    break;
  }
  if (m.isFloat() && fast)
    return m.select(isMax ? m.less(y, x) : m.less(x, y), x, y);
  if (m.isFloat())
    return isMax ? arith::MaximumFOp::create(b, x, y).getResult() : arith::MinimumFOp::create(b, x, y).getResult();
  if (isUnsigned)
    return isMax ? arith::MaxUIOp::create(b, x, y).getResult() : arith::MinUIOp::create(b, x, y).getResult();
  return isMax ? arith::MaxSIOp::create(b, x, y).getResult() : arith::MinSIOp::create(b, x, y).getResult();
}

Operation *rowAnchor(RegionOp region) {
  for (Operation &op : region.getBody().front())
    if (isa<NormOp, ReduceOp>(op))
      return &op;
  return nullptr;
}

FailureOr<RowSpace> matchRow(RegionOp region, std::string &why) {
  Operation *anchor = rowAnchor(region);
  if (!anchor) {
    why = "has no norm or reduction as its anchor";
    return failure();
  }
  auto norm = dyn_cast<NormOp>(anchor);
  auto reduce = dyn_cast<ReduceOp>(anchor);
  Value x = anchor->getOperand(0);
  auto type = cast<RankedTensorType>(x.getType()), result = cast<RankedTensorType>(anchor->getResult(0).getType());
  Type computed = getComputeType(type.getElementType());
  if (type.getRank() > 32 || (type.hasStaticShape() && type.getNumElements() == 0) ||
      !(isa<IntegerType>(computed) || computed.isF32() || computed.isF64())) {
    why = "reduces a tensor that is empty or of an element type that is not computed with";
    return failure();
  }
  if (reduce && reduce.getKind() == ReduceKind::Mean && !isa<FloatType>(type.getElementType())) {
    why = "takes the mean of integers, whose sum needs more bits";
    return failure();
  }
  if (norm && !isa<FloatType>(type.getElementType())) {
    why = "normalises elements that are no floats";
    return failure();
  }
  for (Value yielded : region.getYielded())
    if (getDims(cast<RankedTensorType>(yielded.getType())) != getDims(result)) {
      why = "yields a tensor whose shape is not the anchor's";
      return failure();
    }

  llvm::SmallDenseSet<int64_t> axes;
  for (int64_t axis : norm ? norm.getAxes() : reduce.getAxes())
    axes.insert(axis < 0 ? axis + type.getRank() : axis);
  Dims dims = getDims(type), sizes;
  SmallVector<unsigned> groups, place(type.getRank());
  for (bool reduced : {false, true})
    for (int64_t i = 0; i < type.getRank(); ++i)
      if (axes.contains(i) == reduced) {
        place[i] = sizes.size();
        sizes.push_back(dims[i]);
        groups.push_back(reduced);
      }
  RowSpace space(BodyGraph(region, sizes));
  BodyGraph &graph = space.graph;
  space.element = type.getElementType();
  space.rowLength = getAffineConstantExpr(1, region.getContext());
  SmallVector<Linear> from, to;
  for (int64_t i = 0; i < type.getRank(); ++i) {
    from.push_back(graph.dim(place[i]));
    if (norm || !axes.contains(i))
      to.push_back(graph.dim(place[i]));
    else if (reduce.getKeepDims())
      to.push_back(graph.zero());
    if (axes.contains(i))
      space.rowLength = simplifyDim(space.rowLength * dims[i]);
  }
  FailureOr<unsigned> operand = graph.add(x, from);
  if (failed(operand)) {
    why = "reads its operand through a view that is not linear";
    return failure();
  }
  space.operand = *operand;
  graph.bind(anchor->getResult(0));
  for (size_t i = 0; i < region.getYielded().size(); ++i)
    if (failed(graph.addStore(i, to))) {
      why = "stores its results through a view that is not linear";
      return failure();
    }
  graph.collapse(groups);
  if (!llvm::is_contained(groups, 1u)) {
    graph.appendUnitDim();
    groups.push_back(1);
  }
  for (auto [i, group] : llvm::enumerate(groups))
    (group ? space.reduced : space.kept).push_back(i);

  // Vectors go along whichever dim more of the accesses are contiguous in.
  if (!space.kept.empty()) {
    int balance = 0;
    auto vote = [&](const Linear &access) {
      balance += (getConstant(access.coefficients[space.reduced.back()]) == 1) - (getConstant(access.coefficients[space.kept.back()]) == 1);
    };
    for (const BodyNode &node : graph.nodes)
      if (node.kind == BodyNode::Load)
        vote(node.access);
    if (norm)
      for (const BodyStore &store : graph.stores)
        vote(store.access);
    space.acrossRow = balance >= 0;
  }
  return space;
}

} // namespace ingot
