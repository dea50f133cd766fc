// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// top_k: repeated selection for a few elements, a heap in the result buffers for many.
#include "passes/Kernel/FailureSites.h"
#include "passes/Kernel/Plain/PlainHeap.h"

using namespace mlir;

namespace ingot {
namespace {

constexpr int64_t kMaxSelected = 32; ///< selection reads every element this often at most

class TopKRow final : public PlainHeap {
public:
  TopKRow(PlainEmitter &e, TopKOp op, ValueRange outer)
      : PlainHeap(e), op(op), outer(outer), element(PlainEmitter::elementOf(op.getX())), size(PlainEmitter::shapeOf(op.getX())[op.getAxis()]),
        count(PlainEmitter::shapeOf(op.getValues())[op.getAxis()]) {}

  /// The k-th element is the best of those that come after the one before it. Needs no memory.
  void select() {
    Value none = e.index(-1);
    Value start = e.zero(getValueType(element));
    e.fold(e.index(0), e.index(count), {start, none}, [&](Value j, ValueRange last) -> SmallVector<Value> {
      Value isFirst = e.compare(arith::CmpIPredicate::eq, last[1], none);
      SmallVector<Value> best = e.fold(e.index(0), e.index(size), {start, none}, [&](Value i, ValueRange carried) -> SmallVector<Value> {
        Item item{e.read(op.getX(), place(i)), i};
        Value isLater = arith::OrIOp::create(b, isFirst, before({last[0], last[1]}, item));
        Value isBetter = arith::OrIOp::create(b, e.compare(arith::CmpIPredicate::eq, carried[1], none), greater(item.element, carried[0]));
        Value wins = e.logicalAnd(isLater, isBetter);
        return {arith::SelectOp::create(b, wins, item.element, carried[0]), arith::SelectOp::create(b, wins, i, carried[1])};
      });
      e.write(best[0], place(j), 0);
      e.write(toI64(best[1]), place(j), 1);
      return best;
    });
  }

  /// Keeps the best k in a heap whose root is the worst of them, then takes the worst out again and again.
  void sortByHeap() {
    e.loop(count, [&](Value i) { store(i, {e.read(op.getX(), place(i)), i}); });
    build(e.index(count));
    auto offerRest = [&] {
      Value root = e.index(0);
      e.loop(e.index(count), e.index(size), [&](Value i) {
        Item item{e.read(op.getX(), place(i)), i};
        e.when(greater(item.element, load(root).element), [&] { siftDown(item, root, e.index(count)); });
      });
    };
    if (count.number)
      offerRest();
    else
      e.when(e.compare(arith::CmpIPredicate::sgt, e.index(count), e.index(0)), offerRest);
    sort(e.index(count));
  }

private:
  PlainEmitter::Indices place(Value i) {
    PlainEmitter::Indices indices(outer);
    indices.insert(indices.begin() + op.getAxis(), i);
    return indices;
  }

  Value toI64(Value position) { return arith::IndexCastOp::create(b, b.getI64Type(), position); }

  Item load(Value i) override {
    Value position = loadElements(b, e.bufferOf(1), place(i), 1, b.getI64Type());
    return {loadElements(b, e.bufferOf(0), place(i), 1, element), arith::IndexCastOp::create(b, b.getIndexType(), position)};
  }

  void store(Value i, Item item) override {
    storeElements(b, item.element, e.bufferOf(0), place(i), element);
    storeElements(b, toI64(item.position), e.bufferOf(1), place(i), b.getI64Type());
  }

  /// A total order of the elements: NaN is larger than all numbers.
  Value greater(Value x, Value y) {
    x = widenElements(b, x);
    y = widenElements(b, y);
    if (!isa<FloatType>(x.getType()))
      return emitPredicate(b, op.getLargest() ? Predicate::Gt : Predicate::Lt, x, y, element);
    using Floats = arith::CmpFPredicate;
    Value wins = arith::CmpFOp::create(b, op.getLargest() ? Floats::UGT : Floats::ULT, x, y); // true when one is NaN
    Value number = op.getLargest() ? y : x;
    return e.logicalAnd(wins, arith::CmpFOp::create(b, Floats::ORD, number, number));
  }

  /// Whether x stands before y in the result.
  Value before(Item x, Item y) override {
    Value isLower = e.compare(arith::CmpIPredicate::slt, x.position, y.position);
    Value notAfter = arith::XOrIOp::create(b, greater(y.element, x.element), ElementMath(b, b.getI1Type()).truth());
    return arith::OrIOp::create(b, greater(x.element, y.element), e.logicalAnd(notAfter, isLower));
  }

  TopKOp op;
  ValueRange outer;
  Type element;
  Extent size, count;
};

} // namespace

void emitPlainOp(PlainEmitter &e, TopKOp op) {
  int64_t axis = op.getAxis();
  Extent count = PlainEmitter::shapeOf(op.getValues())[axis];
  bool heap = count.number.value_or(std::numeric_limits<int64_t>::max()) > kMaxSelected && e.bufferOf(0) && e.bufferOf(1);
  Dims shape = PlainEmitter::shapeOf(op.getX());
  auto sort = [&] {
    e.forElements(dropDims(shape, axis), [&](ValueRange outer) {
      TopKRow row(e, op, outer);
      if (heap)
        row.sortByHeap();
      else
        row.select();
    });
  };
  if (getConstant(shape[axis])) // not shorter than k: shape inference has compared them
    return sort();
  Value isShort = e.compare(arith::CmpIPredicate::slt, e.index(shape[axis]), e.index(count));
  emitFailure(e.b, e.context, op, isShort);
  e.when(isShort, [] {}, sort);
}

} // namespace ingot
