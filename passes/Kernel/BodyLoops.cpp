// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/BodyLoops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "passes/Kernel/BodyEmitter.h"
#include "passes/Kernel/FailureSites.h"

using namespace mlir;

namespace ingot {

Value indexOf(ImplicitLocOpBuilder &b, int64_t value) { return arith::ConstantIndexOp::create(b, value); }
Value addIndex(ImplicitLocOpBuilder &b, Value x, Value y) { return b.createOrFold<arith::AddIOp>(x, y); }
Value offsetBy(ImplicitLocOpBuilder &b, Value base, int64_t delta) { return delta == 0 ? base : addIndex(b, base, indexOf(b, delta)); }
Value scaleIndex(ImplicitLocOpBuilder &b, Value x, int64_t factor) { return factor == 1 ? x : b.createOrFold<arith::MulIOp>(x, indexOf(b, factor)); }

SmallVector<Value> makeLoop(ImplicitLocOpBuilder &b, Value begin, Value end, int64_t step, ValueRange carried, LoopBody body) {
  auto loop = scf::ForOp::create(b, begin, end, indexOf(b, step), carried);
  OpBuilder::InsertionGuard guard(b);
  // A loop without carried values comes with its terminator.
  if (carried.empty()) {
    b.setInsertionPoint(loop.getBody()->getTerminator());
    body(loop.getInductionVar(), loop.getRegionIterArgs());
  } else {
    b.setInsertionPointToEnd(loop.getBody());
    SmallVector<Value> next = body(loop.getInductionVar(), loop.getRegionIterArgs());
    scf::YieldOp::create(b, next);
  }
  return SmallVector<Value>(loop.getResults());
}

void makeIf(ImplicitLocOpBuilder &b, Value condition, llvm::function_ref<void()> body) {
  auto branch = scf::IfOp::create(b, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(branch.thenBlock()->getTerminator());
  body();
}

std::pair<Value, Value> shareOf(ImplicitLocOpBuilder &b, KernelContext &context, int64_t count) {
  int64_t units = context.plan().getUnits();
  if (units == count)
    return {context.begin, context.end};
  auto scale = [&](Value unit) { return b.createOrFold<arith::DivUIOp>(scaleIndex(b, unit, count), indexOf(b, units)); };
  Value from = scale(context.begin);
  return {from, scale(context.end)};
}

SmallVector<Value> decode(ImplicitLocOpBuilder &b, Value flat, ArrayRef<int64_t> sizes) {
  SmallVector<Value> digits(sizes.size());
  int64_t outer = llvm::count_if(sizes, [](int64_t size) { return size != 1; });
  for (size_t i = sizes.size(); i-- > 0;) {
    if (sizes[i] == 1) {
      digits[i] = indexOf(b, 0);
      continue;
    }
    if (--outer == 0) { // what is left is this digit
      digits[i] = flat;
      continue;
    }
    Value size = indexOf(b, sizes[i]);
    digits[i] = b.createOrFold<arith::RemUIOp>(flat, size);
    flat = b.createOrFold<arith::DivUIOp>(flat, size);
  }
  return digits;
}

Value ActiveLanes::select(ImplicitLocOpBuilder &b, int64_t i, Value number) const {
  Value isActive = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, indexOf(b, i), count);
  return arith::SelectOp::create(b, isActive, number, indexOf(b, 0));
}

SmallVector<Value> makeTail(ImplicitLocOpBuilder &b, SymbolicIndex &index, AffineExpr size, int64_t lanes, ValueRange carried, TailBody body) {
  AffineExpr rest = simplifyDim(size % lanes), full = simplifyDim(size - rest);
  if (std::optional<int64_t> number = getConstant(rest))
    return *number == 0 ? SmallVector<Value>(carried) : body(index.of(full), *number, carried);
  // One iteration or none.
  return makeLoop(b, index.of(full), index.of(size), lanes, carried,
                  [&](Value at, ValueRange inside) { return body(at, ActiveLanes(lanes - 1, index.of(rest)), inside); });
}

Value flatten(ImplicitLocOpBuilder &b, Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  SmallVector<int64_t> strides;
  int64_t last = 0;
  (void)type.getStridesAndOffset(strides, last);
  if (!type.hasStaticShape() || llvm::any_of(strides, ShapedType::isDynamic)) // it depends on symbols: a view of a flat argument
    return memref.getDefiningOp<memref::ReinterpretCastOp>().getSource();
  for (auto [stride, size] : llvm::zip_equal(strides, type.getShape()))
    last += stride * (size - 1);
  auto flat = MemRefType::get({std::max<int64_t>(last + 1, 1)}, type.getElementType(), MemRefLayoutAttrInterface(), type.getMemorySpace());
  return memref::ReinterpretCastOp::create(b, flat, memref, /*offset=*/0, flat.getShape(), ArrayRef<int64_t>{1});
}

Value fromStorage(ImplicitLocOpBuilder &b, Value value, Type element) {
  if (!element.isInteger(1))
    return value;
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(value.getType()));
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, value, zero);
}

Value toStorage(ImplicitLocOpBuilder &b, Value value, Type storage) {
  if (getElementTypeOrSelf(value.getType()) == storage)
    return value;
  auto vector = dyn_cast<VectorType>(value.getType());
  return arith::ExtUIOp::create(b, vector ? Type(VectorType::get(vector.getShape(), storage)) : storage, value);
}

BodyLoops::BodyLoops(ImplicitLocOpBuilder &b, KernelContext &context, const BodyGraph &graph)
    : b(b), context(context), graph(graph), index(b, context) {
  inputs.resize(context.inputs.size());
  outputs.resize(context.outputs.size());
  for (const BodyNode &node : graph.nodes)
    if (node.kind == BodyNode::Load && !inputs[node.argument])
      inputs[node.argument] = flatten(b, context.inputs[node.argument]);
  for (const BodyStore &store : graph.stores)
    if (!outputs[store.output])
      outputs[store.output] = flatten(b, context.outputs[store.output]);
}

void BodyLoops::enter(ArrayRef<Value> newPosition, int newInner, int64_t newLanes, ArrayRef<unsigned> roots, int newBlock) {
  position.assign(newPosition.begin(), newPosition.end());
  inner = newInner;
  block = newBlock;
  lanes = newLanes;
  step = 0;
  loadBases.assign(graph.nodes.size(), Value());
  storeBases.assign(context.outputs.size(), Value());
  values.assign(graph.nodes.size(), Value());
  auto base = [&](const Linear &access) {
    Value sum = index.of(access.offset);
    for (auto [i, coefficient] : llvm::enumerate(access.coefficients))
      if (static_cast<int>(i) != inner && getConstant(coefficient) != 0)
        sum = addIndex(b, sum, index.scale(position[i], coefficient));
    return sum;
  };
  for (auto [i, node] : llvm::enumerate(graph.nodes))
    if (node.kind == BodyNode::Load)
      loadBases[i] = base(node.access);
  for (const BodyStore &store : graph.stores)
    storeBases[store.output] = base(store.access);
  SmallVector<bool> seen(graph.nodes.size(), false);
  for (unsigned root : roots)
    hoist(root, seen);
}

void BodyLoops::hoist(unsigned id, SmallVectorImpl<bool> &seen) {
  if (seen[id])
    return;
  seen[id] = true;
  const BodyNode &node = graph.nodes[id];
  uint64_t moving = kDependsOnBound | (inner < 0 ? 0 : uint64_t(1) << inner) | (block < 0 ? 0 : uint64_t(1) << block);
  if ((node.dims & moving) == 0) {
    emit(id, indexOf(b, 0), lanes);
    return;
  }
  for (unsigned operand : node.operands)
    hoist(operand, seen);
}

void BodyLoops::forget(uint64_t dims) {
  for (auto [node, value] : llvm::zip_equal(graph.nodes, values))
    if (node.dims & dims)
      value = Value();
}

void BodyLoops::newVector() { forget(kDependsOnBound | (inner < 0 ? 0 : uint64_t(1) << inner)); }

void BodyLoops::newStep(int64_t j) {
  step = j;
  forget(uint64_t(1) << block);
}

void BodyLoops::bind(Value value) {
  for (auto [i, node] : llvm::enumerate(graph.nodes))
    if (node.kind == BodyNode::Bound)
      values[i] = value;
}

Value BodyLoops::address(Value base, const Linear &access, Value at) {
  if (inner >= 0 && getConstant(access.coefficients[inner]) != 0)
    base = addIndex(b, base, index.scale(at, access.coefficients[inner]));
  return block >= 0 ? index.offset(base, access.coefficients[block] * step) : base;
}

AffineExpr BodyLoops::innerStride(const Linear &access) const {
  return inner < 0 ? getAffineConstantExpr(0, access.offset.getContext()) : access.coefficients[inner];
}

Value BodyLoops::emitLoad(unsigned id, Value at, ActiveLanes active) {
  const BodyNode &node = graph.nodes[id];
  Type element = cast<RankedTensorType>(node.value.getType()).getElementType();
  Value buffer = bufferOfLoad(id), from = addressOfLoad(id, at);
  AffineExpr distance = innerStride(node.access);
  std::optional<int64_t> stride = getConstant(distance);
  if (lanes == 1)
    return loadElements(b, buffer, from, 1, element);
  auto type = VectorType::get({lanes}, node.element);
  if (stride == 0)
    return vector::BroadcastOp::create(b, type, loadElements(b, buffer, from, 1, element));
  if (stride == 1)
    return loadElements(b, buffer, from, lanes, element, active.isKnown(lanes) ? Value() : active.asIndex(b));
  if (stride == -1 && active.isKnown(lanes)) {
    Value reversed = loadElements(b, buffer, offsetBy(b, from, 1 - lanes), lanes, element);
    SmallVector<int64_t> mask;
    for (int64_t i = lanes; i-- > 0;)
      mask.push_back(i);
    return vector::ShuffleOp::create(b, reversed, reversed, mask);
  }
  SmallVector<Value> elements;
  Value last = active.count ? offsetBy(b, active.count, -1) : Value(); // what lies after it is not read
  for (int64_t i = 0; i < active.most; ++i) {
    Value address =
        last && i > 0 ? addIndex(b, from, index.scale(arith::MinUIOp::create(b, indexOf(b, i), last), distance)) : index.offset(from, distance * i);
    elements.push_back(loadElements(b, buffer, address, 1, element));
  }
  elements.resize(lanes, elements.front());
  return vector::FromElementsOp::create(b, type, elements);
}

Value BodyLoops::emit(unsigned id, Value at, ActiveLanes active) {
  if (values[id])
    return values[id];
  const BodyNode &node = graph.nodes[id];
  Value result;
  switch (node.kind) {
  case BodyNode::Bound:
    llvm_unreachable("the kernel binds its result before it asks for what follows");
  case BodyNode::Load:
    result = emitLoad(id, at, active);
    break;
  case BodyNode::Constant:
    result = arith::ConstantOp::create(b, node.constant);
    if (lanes > 1)
      result = vector::BroadcastOp::create(b, VectorType::get({lanes}, node.element), result);
    break;
  case BodyNode::Compute: {
    SmallVector<Value> operands;
    for (unsigned operand : node.operands)
      operands.push_back(emit(operand, at, active));
    FailureOr<Value> computed = emitElementwise(b, node.value.getDefiningOp(), operands);
    assert(succeeded(computed) && "the graph holds only elementwise operations");
    emitDivisorCheck(b, context, node.value.getDefiningOp(), operands, active.isKnown(lanes) ? Value() : active.asIndex(b));
    result = *computed;
    break;
  }
  }
  return values[id] = result;
}

void BodyLoops::store(const BodyStore &store, Value value, Value at, ActiveLanes active) {
  Value buffer = bufferOfStore(store), to = addressOfStore(store, at);
  AffineExpr distance = innerStride(store.access);
  bool contiguous = getConstant(distance) == 1;
  if (lanes == 1 || (contiguous && active.isKnown(lanes)))
    return storeElements(b, value, buffer, to, store.element);
  if (contiguous)
    return storeElements(b, value, buffer, to, store.element, active.asIndex(b));
  for (int64_t i = 0; i < active.most; ++i) {
    auto put = [&] { storeElements(b, vector::ExtractOp::create(b, value, i), buffer, index.offset(to, distance * i), store.element); };
    if (active.count)
      makeIf(b, arith::CmpIOp::create(b, arith::CmpIPredicate::ult, indexOf(b, i), active.count), put);
    else
      put();
  }
}

} // namespace ingot
