// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// nonzero and unique: how much of their results is used depends on the elements. One unit each; the results are the only memory they work in.
#include "passes/Kernel/Plain/PlainHeap.h"

using namespace mlir;

namespace ingot {
namespace {

Value toI64(PlainEmitter &e, Value index) { return arith::IndexCastOp::create(e.b, e.b.getI64Type(), index); }

/// A tensor of i64 that holds indices and is read again while it is written.
class IndexArray {
public:
  IndexArray(PlainEmitter &e, unsigned result) : e(e), buffer(e.bufferOf(result)) {}

  Value load(Value at) const { return arith::IndexCastOp::create(e.b, e.b.getIndexType(), loadElements(e.b, buffer, at, 1, e.b.getI64Type())); }
  void store(Value at, Value index) const { storeElements(e.b, toI64(e, index), buffer, at, e.b.getI64Type()); }

private:
  PlainEmitter &e;
  Value buffer;
};

/// Unique in O(n log n) comparisons: the rows' numbers are sorted by the rows' values, then equal rows are neighbours.
class UniqueRows final : public PlainHeap {
public:
  UniqueRows(PlainEmitter &e, UniqueOp op)
      : PlainHeap(e), op(op), element(PlainEmitter::elementOf(op.getX())), rows(PlainEmitter::shapeOf(op.getX())[0]),
        columns(PlainEmitter::shapeOf(op.getX())[1]), order(e, 0), inverse(e, 1), occurrences(e, 2) {}

  void emit() {
    e.loop(rows, [&](Value i) { order.store(i, i); });
    build(e.index(rows));
    sort(e.index(rows));
    e.write(toI64(e, op.getSorted() ? numberInOrder() : numberByPlace()), {}, 3);
  }

private:
  /// `order` becomes the first rows of the groups: their number is never larger than that of the rows before.
  Value numberInOrder() {
    return forRows({e.index(-1), e.index(0)}, [&](Value row, Value isNew, ValueRange carried) -> SmallVector<Value> {
      Value group = arith::SelectOp::create(b, isNew, e.add(carried[0], 1), carried[0]);
      e.when(
          isNew,
          [&] {
            order.store(group, row);
            occurrences.store(group, e.index(1));
          },
          [&] { occurrences.store(group, e.add(occurrences.load(group), 1)); });
      inverse.store(row, group);
      return {group, e.add(group, 1)};
    })[1];
  }

  /// Groups are known by their first rows until all are found; then these are numbered from the top.
  Value numberByPlace() {
    forRows({e.index(0), e.index(0)}, [&](Value row, Value isNew, ValueRange carried) -> SmallVector<Value> {
      Value leader = arith::SelectOp::create(b, isNew, row, carried[0]);
      e.when(isNew, [&] { occurrences.store(leader, e.index(1)); }, [&] { occurrences.store(leader, e.add(occurrences.load(leader), 1)); });
      inverse.store(row, leader);
      return {leader, carried[1]};
    });
    return e.fold(e.index(0), e.index(rows), e.index(0), [&](Value row, ValueRange carried) -> SmallVector<Value> {
      Value count = carried[0], leader = inverse.load(row), leads = e.compare(arith::CmpIPredicate::eq, leader, row);
      e.when(
          leads,
          [&] { // what lies before this row is done with
            order.store(count, row);
            occurrences.store(count, occurrences.load(row));
            inverse.store(row, count);
          },
          [&] { inverse.store(row, inverse.load(leader)); });
      return {arith::SelectOp::create(b, leads, e.add(count, 1), count)};
    })[0];
  }

  /// A loop over the rows in order that carries two values; `body` is told whether the row differs from the one before.
  SmallVector<Value> forRows(ValueRange start, function_ref<SmallVector<Value>(Value row, Value isNew, ValueRange carried)> body) {
    SmallVector<Value> carried(start);
    carried.push_back(e.index(0));
    return e.fold(e.index(0), e.index(rows), carried, [&](Value i, ValueRange now) -> SmallVector<Value> {
      Value row = order.load(i), isFirst = e.compare(arith::CmpIPredicate::eq, i, e.index(0));
      Value before = arith::SelectOp::create(b, isFirst, row, now.back());
      Value differs = e.compare(arith::CmpIPredicate::ne, compareRows(before, row), e.index(0));
      SmallVector<Value> next = body(row, arith::OrIOp::create(b, isFirst, differs), now.drop_back());
      next.push_back(row);
      return next;
    });
  }

  Item load(Value i) override { return {{}, order.load(i)}; }
  void store(Value i, Item item) override { order.store(i, item.position); }
  Value before(Item x, Item y) override {
    Value verdict = compareRows(x.position, y.position), isLower = e.compare(arith::CmpIPredicate::slt, x.position, y.position);
    Value isEqual = e.compare(arith::CmpIPredicate::eq, verdict, e.index(0));
    return arith::SelectOp::create(b, isEqual, isLower, e.compare(arith::CmpIPredicate::slt, verdict, e.index(0)));
  }

  /// -1, 0 or 1: the first column in which the rows differ decides.
  Value compareRows(Value x, Value y) {
    if (columns == 1)
      return compareElements(x, y, e.index(0));
    auto isOpen = [&](ValueRange carried) {
      return e.logicalAnd(e.inRange(carried[0], columns), e.compare(arith::CmpIPredicate::eq, carried[1], e.index(0)));
    };
    return e.repeat({e.index(0), e.index(0)}, isOpen,
                    [&](ValueRange carried) -> SmallVector<Value> { return {e.add(carried[0], 1), compareElements(x, y, carried[0])}; })[1];
  }

  Value compareElements(Value x, Value y, Value column) {
    Value left = e.readWide(op.getX(), {x, column}), right = e.readWide(op.getX(), {y, column});
    Value later = arith::SelectOp::create(b, less(right, left), e.index(1), e.index(0));
    return arith::SelectOp::create(b, less(left, right), e.index(-1), later);
  }

  /// NaN is equal to NaN and larger than all numbers.
  Value less(Value x, Value y) {
    if (!isa<FloatType>(x.getType()))
      return emitPredicate(b, Predicate::Lt, x, y, element);
    using Floats = arith::CmpFPredicate;
    return e.logicalAnd(arith::CmpFOp::create(b, Floats::ULT, x, y), arith::CmpFOp::create(b, Floats::ORD, x, x)); // ULT: true when one is NaN
  }

  UniqueOp op;
  Type element;
  Extent rows, columns;
  IndexArray order, inverse, occurrences;
};

} // namespace

void emitPlainOp(PlainEmitter &e, NonZeroOp op) {
  Type element = PlainEmitter::elementOf(op.getX());
  e.forUnits([&](ValueRange) {
    Value count = e.foldNest(PlainEmitter::shapeOf(op.getX()), e.index(0), [&](ValueRange indices, ValueRange carried) -> SmallVector<Value> {
      Value x = e.readWide(op.getX(), indices);
      Value counts = emitPredicate(e.b, Predicate::Ne, x, e.zero(x.getType()), element);
      e.when(counts, [&] {
        for (auto [dim, index] : llvm::enumerate(indices))
          e.write(toI64(e, index), {e.index(dim), carried[0]}, 0);
      });
      return {arith::SelectOp::create(e.b, counts, e.add(carried[0], 1), carried[0])};
    })[0];
    e.write(toI64(e, count), {}, 1);
  });
}

void emitPlainOp(PlainEmitter &e, UniqueOp op) {
  e.forUnits([&](ValueRange) { UniqueRows(e, op).emit(); });
}

} // namespace ingot
