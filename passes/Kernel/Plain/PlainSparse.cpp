// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Packed weights without their zero blocks, and with two of four: where the others are, what they are, and the products by their definition.
#include "passes/Kernel/Plain/PlainSparse.h"

#include "passes/Kernel/Elementwise/EmitElementwise.h"

using namespace mlir;

namespace ingot {
namespace {

/// Numbers of `places`, which are never negative.
Value readPlace(PlainEmitter &e, Value places, Value at) { return arith::IndexCastOp::create(e.b, e.b.getIndexType(), e.read(places, {at})); }

/// The weights of a group of four rows, in their order, and how many of those before each are not zero.
struct GroupOfFour {
  Value elements[4], isSet[4], before[4];

  GroupOfFour(PlainEmitter &e, Value weights, Value panel, Value group, Value lane) {
    Value count = e.index(0);
    for (int64_t i = 0; i < 4; ++i) {
      elements[i] = e.read(weights, {panel, e.add(e.mul(group, 4), i), lane});
      isSet[i] = emitPredicate(e.b, Predicate::Ne, elements[i], e.zero(elements[i].getType()), elements[i].getType());
      before[i] = count;
      count = arith::SelectOp::create(e.b, isSet[i], e.add(count, 1), count);
    }
  }

  /// Of the values of the rows, which `ofRow` gives, that of the one which is number `j` among those that are not zero.
  Value choose(PlainEmitter &e, Value j, Value none, llvm::function_ref<Value(int64_t row)> ofRow) {
    for (int64_t i = 0; i < 4; ++i) {
      Value isIt = e.logicalAnd(isSet[i], e.compare(arith::CmpIPredicate::eq, before[i], j));
      none = arith::SelectOp::create(e.b, isIt, ofRow(i), none);
    }
    return none;
  }
};

} // namespace

void emitPlainOp(PlainEmitter &e, PairPlacesOp op) {
  ElementMath words(e.b, e.b.getI32Type());
  e.forElements(PlainEmitter::shapeOf(op.getResult()), [&](ValueRange indices) {
    Value word = words.integer(0);
    for (int64_t g = 0; g < kPairRows / 4; ++g) {
      GroupOfFour four(e, op.getWeights(), indices[0], e.add(e.mul(indices[1], kPairRows / 4), g), indices[2]);
      for (int64_t j = 0; j < 2; ++j) {
        Value row = four.choose(e, e.index(j), words.integer(0), [&](int64_t i) { return words.integer(i); });
        word = arith::OrIOp::create(e.b, word, arith::ShLIOp::create(e.b, row, words.integer(4 * g + 2 * j)));
      }
    }
    e.write(word, indices);
  });
}

void emitPlainOp(PlainEmitter &e, PairValuesOp op) {
  e.forElements(PlainEmitter::shapeOf(op.getResult()), [&](ValueRange indices) {
    GroupOfFour four(e, op.getWeights(), indices[0], e.div(indices[1], 2), indices[2]);
    e.write(four.choose(e, e.rem(indices[1], 2), e.zero(e.b.getF32Type()), [&](int64_t i) { return four.elements[i]; }), indices);
  });
}

void emitPlainOp(PlainEmitter &e, PairMatMulOp op) {
  int64_t depth = cast<RankedTensorType>(op.getLhs().getType()).getShape().back();
  ElementMath words(e.b, e.b.getI32Type());
  Dims to = PlainEmitter::shapeOf(op.getResult());
  e.forElements(ArrayRef(to).drop_back(), [&](ValueRange row) {
    e.loop(op.getColumns(), [&](Value column) {
      Value panel = e.div(column, kPanel), lane = e.rem(column, kPanel), none = e.zero(e.b.getF32Type());
      Value total = e.fold(e.index(0), e.index(depth / 2), none, [&](Value pair, ValueRange sums) -> SmallVector<Value> {
        Value word = e.read(op.getPlaces(), {panel, e.div(pair, kPairRows / 2), lane});
        Value shift = arith::IndexCastOp::create(e.b, e.b.getI32Type(), e.mul(e.rem(pair, kPairRows / 2), 2));
        Value own = arith::AndIOp::create(e.b, arith::ShRUIOp::create(e.b, word, shift), words.integer(3));
        PlainEmitter::Indices at(row);
        at.push_back(e.add(e.mul(e.div(pair, 2), 4), arith::IndexCastOp::create(e.b, e.b.getIndexType(), own).getResult()));
        return {e.multiplyAdd(e.read(op.getLhs(), at), e.read(op.getValues(), {panel, pair, lane}), sums[0])};
      })[0];
      PlainEmitter::Indices target(row);
      target.push_back(column);
      e.write(total, target);
    });
  });
}

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
