// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations with indices that are known at run time only. Indices outside of their dim are reported and become 0, so that nothing is read or
// written outside of a buffer.
#include "passes/Kernel/FailureSites.h"
#include "passes/Kernel/Plain/PlainEmitter.h"

using namespace mlir;

namespace ingot {
namespace {

Value readIndex(PlainEmitter &e, Value tensor, ValueRange indices, AffineExpr size) {
  return e.toIndex(e.read(tensor, indices), PlainEmitter::elementOf(tensor), size);
}

/// The indices that the last dim of `tensor` holds at `position`, for the given dims.
PlainEmitter::Indices readPoint(PlainEmitter &e, Value tensor, ValueRange position, ArrayRef<AffineExpr> dims) {
  PlainEmitter::Indices point, place(position);
  for (auto [i, size] : llvm::enumerate(dims)) {
    place.push_back(e.index(i));
    point.push_back(readIndex(e, tensor, place, size));
    place.pop_back();
  }
  return point;
}

void copyOperand(PlainEmitter &e, Value x) {
  e.loops(PlainEmitter::shapeOf(x), [&](ValueRange indices) { e.write(e.read(x, indices), indices); });
}

/// Writes one update over the element that an earlier one may have left in the result.
void update(PlainEmitter &e, ScatterKind kind, Value element, ValueRange place) {
  Value target = e.bufferOf(0);
  Type type = PlainEmitter::elementOf(e.anchor->getResult(0));
  if (kind == ScatterKind::Assign)
    return e.write(element, place);
  Value old = widenElements(e.b, loadElements(e.b, target, place, 1, type));
  BinaryKind binary = kind == ScatterKind::Add   ? BinaryKind::Add
                      : kind == ScatterKind::Mul ? BinaryKind::Mul
                      : kind == ScatterKind::Max ? BinaryKind::Max
                                                 : BinaryKind::Min;
  e.writeWide(emitBinaryKind(e.b, binary, old, widenElements(e.b, element), type), place);
}

/// Where a dim that is indexed may be empty at run time, every index is outside of it: that is reported, and there is no element to take instead.
void whereIndexed(PlainEmitter &e, ArrayRef<AffineExpr> dims, function_ref<void()> body) {
  Value nothing = e.anyIsZero(dims);
  if (!nothing)
    return body();
  e.when(nothing, [&] { emitFailure(e.b, e.context, e.anchor, nothing); }, body);
}

} // namespace

bool gathersRows(GatherOp op) {
  Dims to = PlainEmitter::shapeOf(op.getResult());
  return op.getAxis() + 1 < PlainEmitter::shapeOf(op.getX()).size() && getConstant(to.back()).value_or(kRowLanes) >= kRowLanes;
}

void emitPlainOp(PlainEmitter &e, GatherOp op) {
  Dims from = PlainEmitter::shapeOf(op.getX()), to = PlainEmitter::shapeOf(op.getResult());
  size_t axis = op.getAxis(), depth = PlainEmitter::shapeOf(op.getIndices()).size();
  auto sourceOf = [&](ValueRange indices) {
    PlainEmitter::Indices source(indices.take_front(axis));
    source.push_back(readIndex(e, op.getIndices(), indices.slice(axis, depth), from[axis]));
    source.append(indices.begin() + axis + depth, indices.end());
    return source;
  };
  if (!gathersRows(op) || !e.hasContiguousRows())
    return e.forElements(to,
                         [&](ValueRange indices) { whereIndexed(e, from[axis], [&] { e.write(e.read(op.getX(), sourceOf(indices)), indices); }); });
  // The same index holds for a whole row of the last dim.
  auto copyRow = [&](ValueRange row) {
    PlainEmitter::Indices indices(row);
    indices.push_back(e.index(0));
    PlainEmitter::Indices source = sourceOf(indices);
    AffineExpr full = to.back().floorDiv(kRowLanes) * kRowLanes;
    auto copy = [&](int64_t lanes) {
      return [&, lanes](Value i) {
        indices.back() = source.back() = i;
        e.write(e.read(op.getX(), source, lanes), indices, /*result=*/0, lanes);
      };
    };
    e.loop(e.index(0), e.index(full), copy(kRowLanes), kRowLanes);
    e.loop(e.index(full), e.index(to.back()), copy(1));
  };
  e.forElements(ArrayRef(to).drop_back(), [&](ValueRange row) { whereIndexed(e, from[axis], [&] { copyRow(row); }); });
}

void emitPlainOp(PlainEmitter &e, GatherElementsOp op) {
  int64_t axis = op.getAxis();
  AffineExpr size = PlainEmitter::shapeOf(op.getX())[axis];
  e.forElements(PlainEmitter::shapeOf(op.getResult()), [&](ValueRange indices) {
    whereIndexed(e, size, [&] {
      PlainEmitter::Indices source(indices);
      source[axis] = readIndex(e, op.getIndices(), indices, size);
      e.write(e.read(op.getX(), source), indices);
    });
  });
}

void emitPlainOp(PlainEmitter &e, GatherNdOp op) {
  Dims from = PlainEmitter::shapeOf(op.getX()), indexShape = PlainEmitter::shapeOf(op.getIndices());
  size_t batch = op.getBatchDims(), outer = indexShape.size() - 1, depth = *getConstant(indexShape.back());
  e.forElements(PlainEmitter::shapeOf(op.getResult()), [&](ValueRange indices) {
    whereIndexed(e, ArrayRef(from).slice(batch, depth), [&] {
      PlainEmitter::Indices source(indices.take_front(batch));
      source.append(readPoint(e, op.getIndices(), indices.take_front(outer), ArrayRef(from).slice(batch, depth)));
      source.append(indices.begin() + outer, indices.end());
      e.write(e.read(op.getX(), source), indices);
    });
  });
}

void emitPlainOp(PlainEmitter &e, ScatterElementsOp op) {
  int64_t axis = op.getAxis();
  AffineExpr size = PlainEmitter::shapeOf(op.getX())[axis];
  e.forUnits([&](ValueRange) {
    copyOperand(e, op.getX());
    e.loops(PlainEmitter::shapeOf(op.getIndices()), [&](ValueRange indices) {
      whereIndexed(e, size, [&] {
        PlainEmitter::Indices target(indices);
        target[axis] = readIndex(e, op.getIndices(), indices, size);
        update(e, op.getKind(), e.read(op.getUpdates(), indices), target);
      });
    });
  });
}

void emitPlainOp(PlainEmitter &e, ScatterNdOp op) {
  Dims shape = PlainEmitter::shapeOf(op.getX()), indexShape = PlainEmitter::shapeOf(op.getIndices());
  size_t depth = *getConstant(indexShape.back());
  e.forUnits([&](ValueRange) {
    copyOperand(e, op.getX());
    e.loops(ArrayRef(indexShape).drop_back(), [&](ValueRange outer) {
      whereIndexed(e, ArrayRef(shape).take_front(depth), [&] {
        PlainEmitter::Indices point = readPoint(e, op.getIndices(), outer, ArrayRef(shape).take_front(depth));
        e.loops(ArrayRef(shape).drop_front(depth), [&](ValueRange inner) {
          PlainEmitter::Indices source(outer), target(point);
          source.append(inner.begin(), inner.end());
          target.append(inner.begin(), inner.end());
          update(e, op.getKind(), e.read(op.getUpdates(), source), target);
        });
      });
    });
  });
}

} // namespace ingot
