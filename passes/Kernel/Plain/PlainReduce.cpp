// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reductions, norms and running sums along dims.
#include "passes/Kernel/Plain/PlainEmitter.h"

using namespace mlir;

namespace ingot {
namespace {

/// The type in which a sum of these elements is kept: long sums of f32 lose digits in f32.
Type getSumType(Type element) {
  Type compute = getComputeType(element);
  return compute.isF32() ? Type(Float64Type::get(element.getContext())) : compute;
}

Value combine(PlainEmitter &e, ReduceKind kind, Value x, Value y, Type element) {
  switch (kind) {
  case ReduceKind::Sum:
  case ReduceKind::Mean:
    return emitBinaryKind(e.b, BinaryKind::Add, x, y, element);
  case ReduceKind::Prod:
    return emitBinaryKind(e.b, BinaryKind::Mul, x, y, element);
  case ReduceKind::Max:
    return emitBinaryKind(e.b, BinaryKind::Max, x, y, element);
  case ReduceKind::Min:
    return emitBinaryKind(e.b, BinaryKind::Min, x, y, element);
  }
  llvm_unreachable("every kind is handled");
}

/// Spreads the indices of the dims outside `axes` and of those in `axes` over all `rank` dims.
PlainEmitter::Indices mergeIndices(ValueRange kept, ValueRange reduced, ArrayRef<int64_t> axes, int64_t rank) {
  PlainEmitter::Indices indices;
  SmallVector<int64_t> sorted(axes);
  llvm::sort(sorted);
  auto nextKept = kept.begin(), nextReduced = reduced.begin();
  for (int64_t i = 0; i < rank; ++i)
    indices.push_back(llvm::is_contained(sorted, i) ? *nextReduced++ : *nextKept++);
  return indices;
}

Dims dimsOf(ArrayRef<AffineExpr> shape, ArrayRef<int64_t> axes) {
  Dims dims;
  for (auto [i, size] : llvm::enumerate(shape))
    if (llvm::is_contained(axes, static_cast<int64_t>(i)))
      dims.push_back(size);
  return dims;
}

/// The result's indices without the dims of size 1 that stand for reduced ones.
PlainEmitter::Indices keptOf(ValueRange indices, ArrayRef<int64_t> axes, bool keepDims) {
  PlainEmitter::Indices kept;
  for (auto [i, value] : llvm::enumerate(indices))
    if (!keepDims || !llvm::is_contained(axes, static_cast<int64_t>(i)))
      kept.push_back(value);
  return kept;
}

} // namespace

void emitPlainOp(PlainEmitter &e, ReduceOp op) {
  Dims from = PlainEmitter::shapeOf(op.getX());
  ArrayRef<int64_t> axes = op.getAxes();
  Type element = PlainEmitter::elementOf(op.getX());
  ReduceKind kind = op.getKind();
  bool sums = kind == ReduceKind::Sum || kind == ReduceKind::Mean;
  Type kept = sums ? getSumType(element) : getComputeType(element);
  if (kind == ReduceKind::Mean && isa<IntegerType>(element))
    kept = e.b.getI64Type();
  // The tensor type that `castElements` reads the signs from.
  Type keptElement = isUnsignedElement(element) && isa<IntegerType>(kept)
                         ? Type(IntegerType::get(e.b.getContext(), kept.getIntOrFloatBitWidth(), IntegerType::Unsigned))
                         : kept;
  if (element.isInteger(1))
    keptElement = element;
  Dims dims = dimsOf(from, axes);
  e.forElements(PlainEmitter::shapeOf(op.getResult()), [&](ValueRange indices) {
    PlainEmitter::Indices outer = keptOf(indices, axes, op.getKeepDims());
    Value result = e.foldNest(dims, neutralElement(e.b, kind, kept, element), [&](ValueRange at, ValueRange carried) -> SmallVector<Value> {
      Value x = castElements(e.b, e.read(op.getX(), mergeIndices(outer, at, axes, from.size())), element, keptElement);
      return {combine(e, kind, carried[0], x, element)};
    })[0];
    if (kind == ReduceKind::Mean) {
      Value count = e.number(kept, productOf(dims, e.b.getContext()));
      result = emitBinaryKind(e.b, BinaryKind::Div, result, count, keptElement);
    }
    e.write(castElements(e.b, result, keptElement, element), indices);
  });
}

void emitPlainOp(PlainEmitter &e, ArgReduceOp op) {
  Dims from = PlainEmitter::shapeOf(op.getX());
  int64_t axis = op.getAxis();
  Type element = PlainEmitter::elementOf(op.getX());
  bool isMax = op.getKind() == ReduceKind::Max;
  Predicate better = isMax ? (op.getSelectLast() ? Predicate::Ge : Predicate::Gt) : (op.getSelectLast() ? Predicate::Le : Predicate::Lt);
  Value nothing = e.anyIsZero(from[axis]); // no element is the best one: the result is 0
  e.forElements(PlainEmitter::shapeOf(op.getResult()), [&](ValueRange indices) {
    PlainEmitter::Indices outer = keptOf(indices, axis, op.getKeepDims());
    auto at = [&](Value i) { return e.readWide(op.getX(), mergeIndices(outer, i, axis, from.size())); };
    Value first = e.index(0);
    auto start = [&] { return at(first); };
    Value before = nothing ? e.choose(nothing, [&] { return e.zero(getComputeType(element)); }, start) : start();
    SmallVector<Value> best = e.fold(e.index(1), e.index(from[axis]), {before, first}, [&](Value i, ValueRange carried) -> SmallVector<Value> {
      Value x = at(i), wins = emitPredicate(e.b, better, x, carried[0], element);
      return {arith::SelectOp::create(e.b, wins, x, carried[0]), arith::SelectOp::create(e.b, wins, i, carried[1])};
    });
    e.write(arith::IndexCastOp::create(e.b, e.b.getI64Type(), best[1]), indices);
  });
}

void emitPlainOp(PlainEmitter &e, NormOp op) {
  Dims shape = PlainEmitter::shapeOf(op.getX());
  ArrayRef<int64_t> axes = op.getAxes();
  Dims kept = dropDims(shape, axes), dims = dimsOf(shape, axes);
  Type element = PlainEmitter::elementOf(op.getX()), type = getComputeType(element), sumType = getSumType(element);
  bool softmax = op.getKind() == NormKind::Softmax || op.getKind() == NormKind::LogSoftmax;
  e.forElements(kept, [&](ValueRange outer) {
    ElementMath m(e.b, type), s(e.b, sumType);
    auto place = [&](ValueRange at) { return mergeIndices(outer, at, axes, shape.size()); };
    auto read = [&](ValueRange at) { return e.readWide(op.getX(), place(at)); };
    auto sumOf = [&](function_ref<Value(Value)> term) { // of terms in the compute type
      return e.foldNest(dims, s.constant(0.0), [&](ValueRange at, ValueRange carried) -> SmallVector<Value> {
        return {s.add(carried[0], castElements(e.b, term(read(at)), type, sumType))};
      })[0];
    };
    auto narrow = [&](Value sum) { return castElements(e.b, sum, sumType, type); };
    auto widen = [&](Value x) { return castElements(e.b, x, type, sumType); };
    auto writeAll = [&](function_ref<Value(Value)> formula) { e.loops(dims, [&](ValueRange at) { e.writeWide(formula(read(at)), place(at)); }); };
    if (softmax) {
      Value start = m.constant(-std::numeric_limits<double>::infinity());
      Value top = e.foldNest(dims, start, [&](ValueRange at, ValueRange carried) -> SmallVector<Value> {
        return {arith::MaximumFOp::create(e.b, carried[0], read(at))};
      })[0];
      Value sum = sumOf([&](Value x) { return m.exp(m.sub(x, top)); });
      if (op.getKind() == NormKind::Softmax) {
        Value scale = narrow(s.div(s.constant(1.0), sum));
        writeAll([&](Value x) { return m.mul(m.exp(m.sub(x, top)), scale); });
      } else {
        Value logarithm = narrow(s.log(sum));
        writeAll([&](Value x) { return m.sub(m.sub(x, top), logarithm); });
      }
      return;
    }
    Value count = e.number(sumType, productOf(dims, e.b.getContext())), epsilon = s.constant(op.getEpsilon().convertToDouble());
    Value mean = s.constant(0.0);
    if (op.getKind() == NormKind::Standardize)
      mean = s.div(sumOf([](Value x) { return x; }), count);
    Value squares = e.foldNest(dims, s.constant(0.0), [&](ValueRange at, ValueRange carried) -> SmallVector<Value> {
      Value difference = s.sub(widen(read(at)), mean);
      return {s.add(carried[0], s.mul(difference, difference))};
    })[0];
    Value scale = s.div(s.constant(1.0), s.sqrt(s.add(s.div(squares, count), epsilon)));
    writeAll([&](Value x) { return narrow(s.mul(s.sub(widen(x), mean), scale)); });
  });
}

void emitPlainOp(PlainEmitter &e, CumulativeOp op) {
  Dims shape = PlainEmitter::shapeOf(op.getX());
  int64_t axis = op.getAxis();
  AffineExpr size = shape[axis];
  Type element = PlainEmitter::elementOf(op.getX()), type = getComputeType(element);
  e.forElements(dropDims(shape, axis), [&](ValueRange outer) {
    e.fold(e.index(0), e.index(size), neutralElement(e.b, op.getKind(), type, element), [&](Value i, ValueRange carried) -> SmallVector<Value> {
      Value position = op.getReverse() ? e.sub(e.index(size - 1), i) : i;
      PlainEmitter::Indices place = mergeIndices(outer, position, axis, shape.size());
      Value next = combine(e, op.getKind(), carried[0], e.readWide(op.getX(), place), element);
      e.writeWide(op.getExclusive() ? carried[0] : next, place);
      return {next};
    });
  });
}

} // namespace ingot
