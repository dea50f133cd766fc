// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Packed weights without their zero blocks: where these are, the others, and the product by its definition.
#include "passes/Kernel/Plain/PlainSparse.h"

#include "passes/Kernel/Elementwise/EmitElementwise.h"

using namespace mlir;

namespace ingot {
namespace {

/// Numbers of `places`, which are never negative.
Value readPlace(PlainEmitter &e, Value places, Value at) { return arith::IndexCastOp::create(e.b, e.b.getIndexType(), e.read(places, {at})); }

} // namespace

void emitPlainOp(PlainEmitter &e, SparsePlacesOp op) {
  Dims shape = PlainEmitter::shapeOf(op.getWeights());
  int64_t panels = *getConstant(shape[0]), room = op.getBlocks();
  Type element = PlainEmitter::elementOf(op.getWeights());
  auto write = [&](Value number, Value at) { e.write(arith::IndexCastOp::create(e.b, e.b.getI32Type(), number), {at}); };
  e.forUnits([&](ValueRange) {
    Value none = arith::ConstantOp::create(e.b, e.b.getBoolAttr(false)), zero = e.index(0);
    Value blocks = e.fold(zero, e.index(panels), zero, [&](Value panel, ValueRange first) -> SmallVector<Value> {
      write(first[0], panel);
      return e.fold(zero, e.index(shape[1]), first[0], [&](Value step, ValueRange count) -> SmallVector<Value> {
        Value holds = e.fold(zero, e.index(shape[2]), none, [&](Value lane, ValueRange before) -> SmallVector<Value> {
          Value x = e.readWide(op.getWeights(), {panel, step, lane});
          return {arith::OrIOp::create(e.b, before[0], emitPredicate(e.b, Predicate::Ne, x, e.zero(x.getType()), element))};
        })[0];
        holds = e.logicalAnd(holds, e.inRange(count[0], room));
        e.when(holds, [&] { write(step, e.add(count[0], panels + 1)); });
        return {arith::SelectOp::create(e.b, holds, e.add(count[0], 1), count[0])};
      });
    })[0];
    write(blocks, e.index(panels));
    e.loop(blocks, e.index(room), [&](Value at) { write(zero, e.add(at, panels + 1)); });
  });
}

void emitPlainOp(PlainEmitter &e, SparseBlocksOp op) {
  Dims shape = PlainEmitter::shapeOf(op.getWeights()), made = PlainEmitter::shapeOf(op.getResult());
  int64_t panels = *getConstant(shape[0]);
  e.forUnits([&](ValueRange) {
    e.loop(panels, [&](Value panel) {
      e.loop(readPlace(e, op.getPlaces(), panel), readPlace(e, op.getPlaces(), e.add(panel, 1)), [&](Value block) {
        Value step = readPlace(e, op.getPlaces(), e.add(block, panels + 1));
        e.loop(made[1], [&](Value lane) { e.write(e.read(op.getWeights(), {panel, step, lane}), {block, lane}); });
      });
    });
    Value zero = e.zero(getValueType(PlainEmitter::elementOf(op.getWeights())));
    e.loop(readPlace(e, op.getPlaces(), e.index(panels)), e.index(made[0]),
           [&](Value block) { e.loop(made[1], [&](Value lane) { e.write(zero, {block, lane}); }); });
  });
}

void emitPlainOp(PlainEmitter &e, SparseMatMulOp op) {
  int64_t group = op.getGroup(), columns = op.getColumns(), panels = llvm::divideCeil(columns, kPanel);
  int64_t depth = cast<RankedTensorType>(op.getLhs().getType()).getShape().back();
  Type left = PlainEmitter::elementOf(op.getLhs()), right = PlainEmitter::elementOf(op.getBlocks()), sum = PlainEmitter::elementOf(op.getResult());
  Dims to = PlainEmitter::shapeOf(op.getResult());
  e.forElements(ArrayRef(to).drop_back(), [&](ValueRange row) {
    e.loop(columns, [&](Value column) {
      Value panel = e.div(column, kPanel), lane = e.mul(e.rem(column, kPanel), group);
      Value from = readPlace(e, op.getPlaces(), panel), end = readPlace(e, op.getPlaces(), e.add(panel, 1));
      Value total = e.fold(from, end, e.zero(sum), [&](Value block, ValueRange sums) -> SmallVector<Value> {
        Value step = readPlace(e, op.getPlaces(), e.add(block, panels + 1)), next = sums[0];
        for (int64_t i = 0; i < group; ++i) {
          Value k = e.add(e.mul(step, group), i);
          PlainEmitter::Indices at(row);
          at.push_back(k);
          auto product = [&] {
            Value x = castElements(e.b, e.read(op.getLhs(), at), left, sum);
            Value y = castElements(e.b, e.read(op.getBlocks(), {block, e.add(lane, i)}), right, sum);
            return e.multiplyAdd(x, y, next);
          };
          next = depth % group == 0 ? product() : e.choose(e.inRange(k, depth), product, [&] { return next; });
        }
        return {next};
      })[0];
      PlainEmitter::Indices target(row);
      target.push_back(column);
      e.write(total, target);
    });
  });
}

} // namespace ingot
