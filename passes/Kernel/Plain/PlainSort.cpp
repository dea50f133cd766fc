// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// top_k: repeated selection for a few elements, a heap in the result buffers for many.
#include "passes/Kernel/FailureSites.h"
#include "passes/Kernel/Plain/PlainEmitter.h"

using namespace mlir;

namespace ingot {
namespace {

constexpr int64_t kMaxSelected = 32; ///< selection reads every element this often at most

/// An element and its index along the axis.
struct Item {
  Value element, position;
};

class TopKRow {
public:
  TopKRow(PlainEmitter &e, TopKOp op, ValueRange outer) : e(e), b(e.b), op(op), outer(outer), element(PlainEmitter::elementOf(op.getX())) {
    size = PlainEmitter::shapeOf(op.getX())[op.getAxis()];
    count = op.getK();
  }

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
    e.loop(count / 2, [&](Value i) {
      Value start = e.sub(e.index(count / 2 - 1), i);
      siftDown(load(start), start, e.index(count));
    });
    Value root = e.index(0);
    e.loop(e.index(count), e.index(size), [&](Value i) {
      Item item{e.read(op.getX(), place(i)), i};
      e.when(greater(item.element, load(root).element), [&] { siftDown(item, root, e.index(count)); });
    });
    e.loop(count - 1, [&](Value i) {
      Value last = e.sub(e.index(count - 1), i);
      Item worst = load(root), item = load(last);
      siftDown(item, root, last);
      store(last, worst);
    });
  }

private:
  PlainEmitter::Indices place(Value i) {
    PlainEmitter::Indices indices(outer);
    indices.insert(indices.begin() + op.getAxis(), i);
    return indices;
  }

  Value toI64(Value position) { return arith::IndexCastOp::create(b, b.getI64Type(), position); }

  Item load(Value i) {
    Value position = loadElements(b, e.bufferOf(1), place(i), 1, b.getI64Type());
    return {loadElements(b, e.bufferOf(0), place(i), 1, element), arith::IndexCastOp::create(b, b.getIndexType(), position)};
  }

  void store(Value i, Item item) {
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
  Value before(Item x, Item y) {
    Value isLower = e.compare(arith::CmpIPredicate::slt, x.position, y.position);
    Value notAfter = arith::XOrIOp::create(b, greater(y.element, x.element), ElementMath(b, b.getI1Type()).truth());
    return arith::OrIOp::create(b, greater(x.element, y.element), e.logicalAnd(notAfter, isLower));
  }

  /// Puts `item` at `start` of the heap of `end` items, or as far below as it must go.
  void siftDown(Item item, Value start, Value end) {
    Value truth = ElementMath(b, b.getI1Type()).truth();
    auto loop = scf::WhileOp::create(b, TypeRange{b.getIndexType(), b.getI1Type()}, ValueRange{start, truth});
    OpBuilder::InsertionGuard guard(b);
    Block *test = b.createBlock(&loop.getBefore(), {}, {b.getIndexType(), b.getI1Type()}, {b.getLoc(), b.getLoc()});
    scf::ConditionOp::create(b, test->getArgument(1), test->getArguments());
    Block *body = b.createBlock(&loop.getAfter(), {}, {b.getIndexType(), b.getI1Type()}, {b.getLoc(), b.getLoc()});
    Value hole = body->getArgument(0), left = e.add(e.mul(hole, 2), 1), right = e.add(left, 1);
    // The worse of both children; a missing one is replaced by the other, or by the item itself.
    auto isBelow = [&](Value child) { return e.compare(arith::CmpIPredicate::slt, child, end); };
    Value hasLeft = isBelow(left), safeLeft = arith::SelectOp::create(b, hasLeft, left, hole);
    Value safeRight = arith::SelectOp::create(b, isBelow(right), right, safeLeft);
    Value rightIsWorse = before(load(safeLeft), load(safeRight));
    Value child = arith::SelectOp::create(b, rightIsWorse, safeRight, safeLeft);
    Item lower = load(child);
    Value moves = e.logicalAnd(hasLeft, before(item, lower));
    e.when(moves, [&] { store(hole, lower); }, [&] { store(hole, item); });
    scf::YieldOp::create(b, ValueRange{arith::SelectOp::create(b, moves, child, hole), moves});
  }

  PlainEmitter &e;
  ImplicitLocOpBuilder &b;
  TopKOp op;
  ValueRange outer;
  Type element;
  AffineExpr size;
  int64_t count;
};

} // namespace

void emitPlainOp(PlainEmitter &e, TopKOp op) {
  int64_t axis = op.getAxis(), count = op.getK();
  bool heap = count > kMaxSelected && e.bufferOf(0) && e.bufferOf(1);
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
