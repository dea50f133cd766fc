// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights of 4 bits with scales per block: how they are packed, and the product by its definition.
#include "passes/Kernel/Plain/PlainBlocks.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/Kernel/Blocks/BlockShape.h"

using namespace mlir;

namespace ingot {

void emitPlainOp(PlainEmitter &e, PackBlocksOp op) {
  Dims shape = PlainEmitter::shapeOf(op.getX());
  bool isSigned = PlainEmitter::elementOf(op.getX()).isSignlessInteger();
  Type byte = getValueType(PlainEmitter::elementOf(op.getX()));
  ElementMath m(e.b, byte);
  e.forElements(PlainEmitter::shapeOf(op.getResult()), [&](ValueRange indices) {
    // Byte 64 g + 4 lane + i of a block holds its rows 8 g + i and 8 g + i + 4 of column 16 panel + lane.
    Value within = e.rem(indices[2], 64), column = e.add(e.mul(indices[0], kPanel), e.div(within, 4));
    Value low = e.add(e.add(e.mul(indices[1], op.getBlock()), e.mul(e.div(indices[2], 64), 8)), e.rem(within, 4));
    auto half = [&](Value row) {
      Value inside = e.logicalAnd(e.inRange(column, shape[0]), e.inRange(row, shape[1]));
      auto stored = [&] {
        Value bits = e.read(op.getX(), {column, row});
        return arith::AndIOp::create(e.b, isSigned ? m.add(bits, m.integer(8)) : bits, m.integer(15)).getResult();
      };
      return e.choose(inside, stored, [&] { return e.zero(byte); });
    };
    Value high = arith::ShLIOp::create(e.b, half(e.add(low, 4)), m.integer(4));
    e.write(arith::OrIOp::create(e.b, half(low), high), indices);
  });
}

void emitPlainOp(PlainEmitter &e, BlockMatMulOp op) {
  int64_t block = op.getBlock(), depth = *getConstant(PlainEmitter::shapeOf(op.getLhs()).back());
  Type f32 = e.b.getF32Type(), ui8 = PlainEmitter::elementOf(op.getWeights());
  ElementMath m(e.b, f32), bytes(e.b, e.b.getI8Type());
  Dims to = PlainEmitter::shapeOf(op.getResult());
  e.forElements(ArrayRef(to).drop_back(), [&](ValueRange row) {
    auto left = [&](Value k) {
      PlainEmitter::Indices at(row);
      at.push_back(k);
      return e.read(op.getLhs(), at);
    };
    e.loop(to.back(), [&](Value column) {
      Value panel = e.div(column, kPanel), lane = e.rem(column, kPanel);
      auto sum = e.fold(e.index(0), e.index(llvm::divideCeil(depth, block)), m.constant(0), [&](Value number, ValueRange sums) -> SmallVector<Value> {
        Value from = e.mul(number, block), end = e.min(e.add(from, block), e.index(depth)), step = m.constant(1), perStep;
        if (op.getBytes() == 1) {
          // The largest element as its bits: these are ordered as the numbers are, and NaN is above them.
          ElementMath i(e.b, e.b.getI32Type());
          Value least = arith::BitcastOp::create(e.b, e.b.getI32Type(), m.constant(kLeastActivation));
          Value most = e.fold(from, end, least, [&](Value k, ValueRange most) -> SmallVector<Value> {
            Value bits = arith::BitcastOp::create(e.b, e.b.getI32Type(), left(k));
            return {arith::MaxUIOp::create(e.b, most[0], arith::AndIOp::create(e.b, bits, i.integer(0x7fffffff)))};
          })[0];
          Value largest = arith::BitcastOp::create(e.b, f32, most);
          step = m.mul(largest, m.constant(1.0 / 127));
          perStep = m.div(m.constant(127), largest);
        }
        Value point = m.constant(8), scale = e.read(op.getScales(), {panel, number, lane});
        if (op.getPoints())
          point = castElements(e.b, e.read(op.getPoints(), {panel, number, lane}), ui8, f32);
        Value inBlock = e.fold(from, end, m.constant(0), [&](Value k, ValueRange sums) -> SmallVector<Value> {
          Value own = e.sub(k, from), inGroup = e.rem(own, 8);
          Value at = e.add(e.add(e.mul(e.div(own, 8), 64), e.mul(lane, 4)), e.rem(own, 4));
          Value pair = e.read(op.getWeights(), {panel, number, at});
          Value isLow = e.compare(arith::CmpIPredicate::ult, inGroup, e.index(4));
          Value low = arith::AndIOp::create(e.b, pair, bytes.integer(15)), high = arith::ShRUIOp::create(e.b, pair, bytes.integer(4));
          Value weight = castElements(e.b, bytes.select(isLow, low, high), ui8, f32), element = left(k);
          if (perStep)
            element = math::RoundEvenOp::create(e.b, m.mul(element, perStep));
          return {e.multiplyAdd(element, m.sub(weight, point), sums[0])};
        })[0];
        return {e.multiplyAdd(inBlock, m.mul(scale, step), sums[0])};
      })[0];
      PlainEmitter::Indices target(row);
      target.push_back(column);
      e.write(sum, target);
    });
  });
}

} // namespace ingot
