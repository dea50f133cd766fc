// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations whose result elements are elements of the operand: only indices are computed.
#include "passes/Kernel/Plain/PlainEmitter.h"

using namespace mlir;

namespace ingot {
namespace {

/// Buffer `i` of the region (inputs, then outputs), which holds a tensor of this shape, as one row; null when its elements do not lie in row-major
/// order without gaps.
Value flatten(PlainEmitter &e, Value buffer, unsigned i, ArrayRef<AffineExpr> shape) {
  auto type = cast<MemRefType>(buffer.getType());
  if (e.context.region.isSymbolicBuffer(i)) {
    AffineExpr stride = e.b.getAffineConstantExpr(1);
    Dims strides = e.context.region.getBufferStrides(i);
    for (size_t dim = shape.size(); dim-- > 0; stride = simplifyDim(stride * shape[dim]))
      if (strides[dim] != stride && !isOne(shape[dim]))
        return {};
  } else if (!type.getLayout().isIdentity()) {
    return {};
  }
  Extent count = productOf(shape, e.b.getContext());
  auto flat =
      MemRefType::get({count.number.value_or(ShapedType::kDynamic)}, type.getElementType(), MemRefLayoutAttrInterface(), type.getMemorySpace());
  OpFoldResult size = count.number ? OpFoldResult(e.b.getIndexAttr(*count.number)) : OpFoldResult(e.index(count));
  return memref::ReinterpretCastOp::create(e.b, flat, buffer, e.b.getIndexAttr(0), size, OpFoldResult(e.b.getIndexAttr(1)));
}

/// The position in the operand of a position in the padded dim; in mode `constant` it may lie outside.
Value unpad(PlainEmitter &e, PadMode mode, Value position, int64_t low, AffineExpr size) {
  position = e.add(position, -low);
  switch (mode) {
  case PadMode::Constant:
    return position;
  case PadMode::Edge:
    return e.min(e.max(position, e.index(0)), e.index(size - 1));
  case PadMode::Wrap:
    return e.floorMod(position, size);
  case PadMode::Reflect: {
    if (isOne(size))
      return e.index(0);
    AffineExpr period = (size - 1) * 2; // forth and back again, the borders only once
    Value phase = e.floorMod(position, period);
    return e.min(phase, e.sub(e.index(period), phase));
  }
  }
  llvm_unreachable("every mode is handled");
}

} // namespace

void emitPlainOp(PlainEmitter &e, ReshapeOp op) {
  Dims from = PlainEmitter::shapeOf(op.getX()), to = PlainEmitter::shapeOf(op.getResult());
  auto argument = dyn_cast<BlockArgument>(op.getX());
  Value target = e.bufferOf(0), flatSource, flatTarget;
  if (e.context.outputs.size() == 1 && argument && target) { // nothing is computed on the way
    flatSource = flatten(e, e.context.inputs[argument.getArgNumber()], argument.getArgNumber(), from);
    flatTarget = flatten(e, target, e.context.inputs.size(), to);
  }
  if (flatSource && flatTarget)
    return e.forUnits([&](ValueRange unit) { memref::StoreOp::create(e.b, memref::LoadOp::create(e.b, flatSource, unit), flatTarget, unit); });
  e.forUnits([&](ValueRange unit) { e.write(e.read(op.getX(), e.delinearize(unit[0], from)), e.delinearize(unit[0], to)); });
}

void emitPlainOp(PlainEmitter &e, TransposeOp op) {
  e.forElements(PlainEmitter::shapeOf(op.getResult()), [&](ValueRange indices) {
    PlainEmitter::Indices from(indices.size());
    for (auto [i, source] : llvm::enumerate(op.getPermutation()))
      from[source] = indices[i];
    e.write(e.read(op.getX(), from), indices);
  });
}

void emitPlainOp(PlainEmitter &e, SliceOp op) {
  e.forElements(PlainEmitter::shapeOf(op.getResult()), [&](ValueRange indices) {
    PlainEmitter::Indices from;
    for (auto [i, offset, stride] : llvm::zip_equal(indices, getOffsetDims(op), op.getStrides()))
      from.push_back(e.add(e.mul(i, stride), offset));
    e.write(e.read(op.getX(), from), indices);
  });
}

void emitPlainOp(PlainEmitter &e, DimsOp op) {
  Dims shape = PlainEmitter::shapeOf(op.getResult());
  Type type = e.b.getIntegerType(PlainEmitter::elementOf(op.getResult()).getIntOrFloatBitWidth());
  e.loop(e.context.begin, e.context.end, [&](Value) { // one unit: a few numbers
    for (auto [i, number] : llvm::enumerate(op.getValues().getResults()))
      e.write(arith::IndexCastOp::create(e.b, type, e.index(number)), shape.empty() ? ValueRange() : ValueRange(e.index(i)));
  });
}

void emitPlainOp(PlainEmitter &e, ConcatOp op) {
  e.forUnits([&](ValueRange unit) {
    int64_t axis = op.getAxis();
    AffineExpr begin = e.b.getAffineConstantExpr(0);
    for (Value input : op.getInputs()) {
      Dims shape = PlainEmitter::shapeOf(input);
      e.loops(ArrayRef(shape).drop_front(unit.size()), [&](ValueRange rest) {
        PlainEmitter::Indices from(unit);
        from.append(rest.begin(), rest.end());
        PlainEmitter::Indices to(from);
        to[axis] = e.add(from[axis], begin);
        e.write(e.read(input, from), to);
      });
      begin = begin + shape[axis];
    }
  });
}

void emitPlainOp(PlainEmitter &e, PadOp op) {
  Dims from = PlainEmitter::shapeOf(op.getX()), to = PlainEmitter::shapeOf(op.getResult());
  if (from.empty())
    return e.forUnits([&](ValueRange) { e.write(e.read(op.getX(), {}), {}); });
  Type element = PlainEmitter::elementOf(op.getX());
  auto fill = cast<TypedAttr>(cast<DenseElementsAttr>(op.getValue()).getSplatValue<Attribute>());
  if (auto integer = dyn_cast<IntegerAttr>(fill))
    fill = IntegerAttr::get(getValueType(element), integer.getValue());
  bool fills = op.getMode() == PadMode::Constant;
  Value nothing = fills ? Value() : e.anyIsZero(from); // without elements there is no border to take: the result is the value
  int64_t low = op.getLow().back();
  AffineExpr last = from.back();

  // Row by row, so that a row's middle is a copy without questions.
  e.forUnits([&](ValueRange unit) {
    e.loops(ArrayRef(to).drop_front(unit.size()).drop_back(), [&](ValueRange rest) {
      PlainEmitter::Indices row(unit), source;
      row.append(rest.begin(), rest.end());
      Value inside;
      for (auto [i, position] : llvm::enumerate(row)) {
        source.push_back(unpad(e, op.getMode(), position, op.getLow()[i], from[i]));
        if (fills && to[i] != from[i])
          inside = e.logicalAnd(inside, e.inRange(source.back(), from[i]));
      }
      enum class Part { Middle, Border, Value };
      auto writeRange = [&](Extent begin, Extent end, Part part) {
        e.loop(e.index(begin), e.index(end), [&](Value column) {
          PlainEmitter::Indices target(row), position(source);
          target.push_back(column);
          if (part == Part::Value) {
            e.write(arith::ConstantOp::create(e.b, fill), target);
            return;
          }
          position.push_back(part == Part::Border ? unpad(e, op.getMode(), column, low, last) : e.add(column, -low));
          e.write(e.read(op.getX(), position), target);
        });
      };
      Part border = fills ? Part::Value : Part::Border;
      auto writeRow = [&] {
        writeRange(0, low, border);
        writeRange(low, last + low, Part::Middle);
        writeRange(last + low, to.back(), border);
      };
      auto writeValue = [&] { writeRange(0, to.back(), Part::Value); };
      if (isEmpty(op.getX()))
        writeValue();
      else if (nothing)
        e.when(nothing, writeValue, writeRow);
      else if (inside)
        e.when(inside, writeRow, writeValue);
      else
        writeRow();
    });
  });
}

void emitPlainOp(PlainEmitter &e, PackOp op) {
  Dims shape = PlainEmitter::shapeOf(op.getX());
  AffineExpr rows = shape[shape.size() - 2], columns = shape.back();
  e.forElements(PlainEmitter::shapeOf(op.getResult()), [&](ValueRange indices) {
    // [batch.., panel, k, group * lane + i] is x[batch.., group * k + i, 16 panel + lane]
    int64_t group = op.getGroup();
    Value column = e.add(e.mul(indices[indices.size() - 3], kPanel), group == 1 ? indices.back() : e.div(indices.back(), group));
    Value row = indices[indices.size() - 2], inside = e.inRange(column, columns);
    if (group != 1) {
      row = e.add(e.mul(row, group), e.rem(indices.back(), group));
      inside = e.logicalAnd(inside, e.inRange(row, rows));
    }
    PlainEmitter::Indices from(indices.drop_back(3));
    from.append({row, column});
    Value element =
        e.choose(inside, [&] { return e.read(op.getX(), from); }, [&] { return e.zero(getValueType(PlainEmitter::elementOf(op.getX()))); });
    e.write(element, indices);
  });
}

void emitPlainOp(PlainEmitter &e, UnpackBitsOp op) {
  int64_t bits = op.getBits(), each = 8 / bits;
  bool isUnsigned = op.getTo().isUnsignedInteger();
  Type i8 = e.b.getI8Type();
  auto number = [&](int64_t value) -> Value { return arith::ConstantOp::create(e.b, e.b.getI8IntegerAttr(value)); };
  e.forElements(PlainEmitter::shapeOf(op.getResult()), [&](ValueRange indices) {
    PlainEmitter::Indices from(indices.drop_back());
    from.push_back(e.div(indices.back(), each));
    Value low = arith::IndexCastOp::create(e.b, i8, e.mul(e.rem(indices.back(), each), bits)); // the number of the element's lowest bit
    // Up to the top of the byte, where its highest bit is the sign, and down to the bottom.
    Value top = arith::ShLIOp::create(e.b, e.read(op.getX(), from), arith::SubIOp::create(e.b, number(8 - bits), low));
    Value element =
        isUnsigned ? arith::ShRUIOp::create(e.b, top, number(8 - bits)).getResult() : arith::ShRSIOp::create(e.b, top, number(8 - bits)).getResult();
    e.write(element, indices);
  });
}

} // namespace ingot
