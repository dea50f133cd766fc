// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Plain/PlainHeap.h"

using namespace mlir;

namespace ingot {

void PlainHeap::build(Value count) {
  Value parents = e.div(count, 2), lastParent = e.sub(parents, e.index(1));
  e.loop(e.index(0), parents, [&](Value i) {
    Value start = e.sub(lastParent, i);
    siftDown(load(start), start, count);
  });
}

void PlainHeap::siftDown(Item item, Value start, Value end) {
  e.repeat(
      {start, ElementMath(b, b.getI1Type()).truth()}, [](ValueRange carried) { return carried[1]; },
      [&](ValueRange carried) -> SmallVector<Value> {
        Value hole = carried[0], left = e.add(e.mul(hole, 2), 1), right = e.add(left, 1);
        // The later of both children; a missing one is replaced by the other, or by the item itself.
        auto isBelow = [&](Value child) { return e.compare(arith::CmpIPredicate::slt, child, end); };
        Value hasLeft = isBelow(left), safeLeft = arith::SelectOp::create(b, hasLeft, left, hole);
        Value safeRight = arith::SelectOp::create(b, isBelow(right), right, safeLeft);
        Value rightIsLater = before(load(safeLeft), load(safeRight));
        Value child = arith::SelectOp::create(b, rightIsLater, safeRight, safeLeft);
        Item lower = load(child);
        Value moves = e.logicalAnd(hasLeft, before(item, lower));
        e.when(moves, [&] { store(hole, lower); }, [&] { store(hole, item); });
        return {arith::SelectOp::create(b, moves, child, hole), moves};
      });
}

void PlainHeap::sort(Value count) {
  Value root = e.index(0), last = e.sub(count, e.index(1));
  e.loop(root, last, [&](Value i) {
    Value end = e.sub(last, i);
    Item latest = load(root), item = load(end);
    siftDown(item, root, end);
    store(end, latest);
  });
}

} // namespace ingot
