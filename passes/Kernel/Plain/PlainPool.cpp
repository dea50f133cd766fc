// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Plain/PlainEmitter.h"

using namespace mlir;

namespace ingot {
namespace {

/// The window of one result element: where it starts in each spatial dim of `x`, and which of its positions lie inside.
struct Window {
  SmallVector<Value> starts, lows, highs;
};

Window windowAt(PlainEmitter &e, ValueRange spatial, ArrayRef<AffineExpr> size, ArrayRef<int64_t> kernel, ArrayRef<int64_t> strides,
                ArrayRef<int64_t> pads, ArrayRef<int64_t> dilations) {
  Window window;
  for (auto [i, position] : llvm::enumerate(spatial)) {
    window.starts.push_back(e.add(e.mul(position, strides[i]), -pads[i]));
    WindowRange range = clipWindow(e, window.starts[i], kernel[i], dilations[i], 0, size[i]);
    window.lows.push_back(range.low);
    window.highs.push_back(range.high);
  }
  return window;
}

Value lowest(PlainEmitter &e, Type element, Type type) {
  ElementMath m(e.b, type);
  if (m.isFloat())
    return m.constant(-std::numeric_limits<double>::infinity());
  unsigned width = type.getIntOrFloatBitWidth();
  return m.integer(isUnsignedElement(element) ? APInt::getZero(width) : APInt::getSignedMinValue(width));
}

/// How many elements an average counts.
Value countWindow(PlainEmitter &e, PoolOp op, const Window &window, ArrayRef<AffineExpr> size) {
  Value count = e.index(1);
  size_t spatial = op.getKernel().size();
  for (size_t i = 0; i < spatial; ++i) {
    Value low = window.lows[i], high = window.highs[i];
    if (op.getCountIncludePad()) {
      WindowRange padded =
          clipWindow(e, window.starts[i], op.getKernel()[i], op.getDilations()[i], -op.getCountPads()[i], size[i] + op.getCountPads()[spatial + i]);
      low = padded.low;
      high = padded.high;
    }
    count = arith::MulIOp::create(e.b, count, e.sub(high, low));
  }
  return count;
}

} // namespace

void emitPlainOp(PlainEmitter &e, PoolOp op) {
  Dims shape = PlainEmitter::shapeOf(op.getX());
  size_t first = op.getLayout() == Layout::ChannelsLast ? 1 : 2, spatial = op.getKernel().size();
  ArrayRef<AffineExpr> size = ArrayRef(shape).slice(first, spatial);
  Type element = PlainEmitter::elementOf(op.getX()), type = getComputeType(element);
  ElementMath m(e.b, type);
  e.forElements(PlainEmitter::shapeOf(op.getResult()), [&](ValueRange indices) {
    Window window = windowAt(e, indices.slice(first, spatial), size, op.getKernel(), op.getStrides(), op.getPads(), op.getDilations());
    Value start = op.getKind() == PoolKind::Max ? lowest(e, element, type) : m.number(0);
    Value result = e.foldNest(window.lows, window.highs, start, [&](ValueRange at, ValueRange carried) -> SmallVector<Value> {
      PlainEmitter::Indices source(indices);
      for (size_t i = 0; i < spatial; ++i)
        source[first + i] = e.add(window.starts[i], e.mul(at[i], op.getDilations()[i]));
      Value x = e.readWide(op.getX(), source);
      switch (op.getKind()) {
      case PoolKind::Max:
        return {emitBinaryKind(e.b, BinaryKind::Max, carried[0], x, element)};
      case PoolKind::Average:
        return {m.add(carried[0], x)};
      case PoolKind::Lp:
        x = m.abs(x);
        if (op.getP() != 1)
          x = op.getP() == 2 ? m.mul(x, x) : math::PowFOp::create(e.b, x, m.constant(static_cast<double>(op.getP()))).getResult();
        return {m.add(carried[0], x)};
      }
      llvm_unreachable("every kind is handled");
    })[0];
    if (op.getKind() == PoolKind::Average) {
      Value count = arith::IndexCastOp::create(e.b, e.b.getI64Type(), countWindow(e, op, window, size));
      result = emitBinaryKind(e.b, BinaryKind::Div, result, castElements(e.b, count, e.b.getI64Type(), type), element);
    } else if (op.getKind() == PoolKind::Lp && op.getP() != 1) {
      result = op.getP() == 2 ? m.sqrt(result) : math::PowFOp::create(e.b, result, m.constant(1.0 / static_cast<double>(op.getP()))).getResult();
    }
    e.writeWide(result, indices);
  });
}

void emitPlainOp(PlainEmitter &e, MaxPoolIndicesOp op) {
  Dims shape = PlainEmitter::shapeOf(op.getX());
  size_t spatial = op.getKernel().size();
  ArrayRef<AffineExpr> size = ArrayRef(shape).drop_front(2);
  Type element = PlainEmitter::elementOf(op.getX()), type = getComputeType(element);
  e.forElements(PlainEmitter::shapeOf(op.getResult()), [&](ValueRange indices) {
    Window window = windowAt(e, indices.drop_front(2), size, op.getKernel(), op.getStrides(), op.getPads(), op.getDilations());
    Value none = e.index(-1);
    SmallVector<Value> best =
        e.foldNest(window.lows, window.highs, {lowest(e, element, type), none}, [&](ValueRange at, ValueRange carried) -> SmallVector<Value> {
          PlainEmitter::Indices source(indices.take_front(2));
          for (size_t i = 0; i < spatial; ++i)
            source.push_back(e.add(window.starts[i], e.mul(at[i], op.getDilations()[i])));
          Value x = e.readWide(op.getX(), source);
          Value wins = arith::OrIOp::create(e.b, emitPredicate(e.b, Predicate::Gt, x, carried[0], element),
                                            e.compare(arith::CmpIPredicate::eq, carried[1], none));
          // Within an image in row-major or column-major order; images follow each other.
          PlainEmitter::Indices within(source.begin() + 2, source.end());
          Dims order(size);
          if (op.getColumnMajor()) {
            std::reverse(within.begin(), within.end());
            std::reverse(order.begin(), order.end());
          }
          PlainEmitter::Indices flat{source[0], source[1]};
          flat.append(within);
          Dims dims{shape[0], shape[1]};
          dims.append(order);
          Value position = e.linearize(flat, dims);
          return {arith::SelectOp::create(e.b, wins, x, carried[0]), arith::SelectOp::create(e.b, wins, position, carried[1])};
        });
    e.write(arith::IndexCastOp::create(e.b, e.b.getI64Type(), best[1]), indices);
  });
}

} // namespace ingot
