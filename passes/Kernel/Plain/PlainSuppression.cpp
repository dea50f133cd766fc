// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// non_max_suppression: the candidates of a class are a heap in scratch memory. The best one is taken out again and again, and compared with the boxes
// that its class has selected. The formulas keep the order of ONNX's definition, so that also NaN and infinite corners give the same.
#include "dialects/Ingot/ModelSymbols.h"
#include "passes/Kernel/Plain/PlainHeap.h"

using namespace mlir;

namespace ingot {
namespace {

using Floats = arith::CmpFPredicate;
using Integers = arith::CmpIPredicate;

constexpr int64_t kMostCandidates = int64_t(1) << 48; ///< the bytes of these are a number yet; no machine has them

/// The candidates of one class, best at the root.
class Candidates final : public PlainHeap {
public:
  Candidates(PlainEmitter &e, NonMaxSuppressionOp op, Value positions, ValueRange at) : PlainHeap(e), op(op), positions(positions), at(at) {}

  /// Those that exceed the threshold; returns their number.
  Value fill(Value boxes, Value threshold) {
    Value count = e.fold(e.index(0), boxes, e.index(0), [&](Value box, ValueRange carried) -> SmallVector<Value> {
      Item item{score(box), box};
      Value counts = arith::CmpFOp::create(b, Floats::OGT, item.element, threshold);
      e.when(counts, [&] { store(carried[0], item); });
      return {arith::SelectOp::create(b, counts, e.add(carried[0], 1), carried[0])};
    })[0];
    build(count);
    return count;
  }

  /// Takes the best one out of the first `last` + 1.
  Value takeBest(Value last) {
    Item best = load(e.index(0));
    siftDown(load(last), e.index(0), last);
    return best.position;
  }

private:
  Value score(Value box) { return e.read(op.getScores(), {at[0], at[1], box}); }

  Item load(Value i) override {
    Value box = arith::IndexCastOp::create(b, b.getIndexType(), memref::LoadOp::create(b, positions, i));
    return {score(box), box};
  }
  void store(Value i, Item item) override { memref::StoreOp::create(b, arith::IndexCastOp::create(b, b.getI64Type(), item.position), positions, i); }
  Value before(Item x, Item y) override { // no score is NaN: NaN exceeds nothing
    Value isWorse = arith::CmpFOp::create(b, Floats::OLT, x.element, y.element), ties = arith::CmpFOp::create(b, Floats::OEQ, x.element, y.element);
    return arith::OrIOp::create(b, isWorse, e.logicalAnd(ties, e.compare(Integers::sgt, x.position, y.position)));
  }

  NonMaxSuppressionOp op;
  Value positions;
  ValueRange at; ///< batch and class
};

/// A box by its corners.
struct Corners {
  Value low[2], high[2];
};

class Overlap {
public:
  Overlap(PlainEmitter &e, NonMaxSuppressionOp op, Value batch) : e(e), m(e.b, e.b.getF32Type()), op(op), batch(batch) {}

  Corners corners(Value box) {
    auto read = [&](int64_t i) { return e.read(op.getBoxes(), {batch, box, e.index(i)}); };
    Corners corners;
    for (int64_t dim : {0, 1})
      if (op.getCenterPointBox()) {
        Value centre = read(dim), half = m.mul(read(dim + 2), m.constant(0.5));
        corners.low[dim] = m.sub(centre, half);
        corners.high[dim] = m.add(centre, half);
      } else {
        Value x = read(dim), y = read(dim + 2), swaps = is(Floats::OGE, x, y);
        corners.low[dim] = m.select(swaps, y, x);
        corners.high[dim] = m.select(swaps, x, y);
      }
    return corners;
  }

  /// Whether the intersection over the union of two boxes is larger than `threshold`.
  Value exceeds(const Corners &x, const Corners &y, Value threshold) {
    Value fails, intersection, sizes[2] = {};
    for (int dim : {1, 0}) {
      Value low = m.select(is(Floats::OGT, y.low[dim], x.low[dim]), y.low[dim], x.low[dim]);
      Value high = m.select(is(Floats::OLT, y.high[dim], x.high[dim]), y.high[dim], x.high[dim]);
      fails = either(fails, is(Floats::OLE, high, low));
      sizes[dim] = m.sub(high, low);
    }
    intersection = m.mul(sizes[1], sizes[0]);
    Value xArea = area(x), yArea = area(y), all = m.sub(m.add(xArea, yArea), intersection);
    for (Value size : {intersection, xArea, yArea, all})
      fails = either(fails, is(Floats::OLE, size, m.constant(0.0)));
    return m.select(fails, e.zero(e.b.getI1Type()), is(Floats::OGT, m.div(intersection, all), threshold));
  }

private:
  Value is(Floats predicate, Value x, Value y) { return arith::CmpFOp::create(e.b, predicate, x, y); }
  Value either(Value x, Value y) { return x ? arith::OrIOp::create(e.b, x, y).getResult() : y; }
  Value area(const Corners &box) { return m.mul(m.sub(box.high[1], box.low[1]), m.sub(box.high[0], box.low[0])); }

  PlainEmitter &e;
  ElementMath m;
  NonMaxSuppressionOp op;
  Value batch;
};

class Suppression {
public:
  Suppression(PlainEmitter &e, NonMaxSuppressionOp op) : e(e), b(e.b), op(op) {}

  void emit() {
    Value bytes = e.context.outputs.back();
    int64_t room = cast<MemRefType>(bytes.getType()).getDimSize(0) / sizeof(int64_t);
    positions = memref::ViewOp::create(b, MemRefType::get({room}, b.getI64Type()), bytes, e.index(0), ValueRange());
    Dims boxes = PlainEmitter::shapeOf(op.getBoxes()), scores = PlainEmitter::shapeOf(op.getScores());
    Value batches = smaller(boxes[0], scores[0]), classes = e.index(scores[1]);
    Value spatial = e.min(smaller(boxes[1], scores[2]), e.index(room));
    Value most = e.min(e.max(arith::IndexCastOp::create(b, b.getIndexType(), e.read(op.getMaxOutput(), {})), e.index(0)), spatial);
    overlapThreshold = e.read(op.getIouThreshold(), {});
    Value scoreThreshold = e.read(op.getScoreThreshold(), {}), rows = e.index(PlainEmitter::shapeOf(op.getSelected())[0]);
    Value zero = e.index(0);
    Value count = e.foldNest({zero, zero}, {batches, classes}, zero, [&](ValueRange at, ValueRange carried) -> SmallVector<Value> {
      Candidates candidates(e, op, positions, at);
      Value end = e.min(e.add(carried[0], most), rows), left = candidates.fill(spatial, scoreThreshold);
      auto isOpen = [&](ValueRange now) { return e.logicalAnd(e.compare(Integers::sgt, now[0], e.index(0)), e.compare(Integers::slt, now[1], end)); };
      return {e.repeat({left, carried[0]}, isOpen, [&](ValueRange now) -> SmallVector<Value> {
        Value last = e.sub(now[0], e.index(1)), box = candidates.takeBest(last), keeps = isApart(at[0], box, carried[0], now[1]);
        e.when(keeps, [&] {
          for (auto [column, index] : llvm::enumerate(PlainEmitter::Indices{at[0], at[1], box}))
            e.write(arith::IndexCastOp::create(b, b.getI64Type(), index), {now[1], e.index(column)}, 0);
        });
        return {last, arith::SelectOp::create(b, keeps, e.add(now[1], 1), now[1])};
      })[1]};
    })[0];
    e.write(arith::IndexCastOp::create(b, b.getI64Type(), count), {}, 1);
  }

private:
  /// The smaller one of sizes that should be equal: nothing is read outside of a buffer, whatever the symbols are.
  Value smaller(Extent x, Extent y) { return x.dim && x.dim == y.dim ? e.index(x) : e.min(e.index(x), e.index(y)); }

  /// Whether the box overlaps none of the boxes that the rows [begin, end) name too much.
  Value isApart(Value batch, Value box, Value begin, Value end) {
    Overlap overlap(e, op, batch);
    Corners own = overlap.corners(box);
    auto isOpen = [&](ValueRange now) { return e.logicalAnd(e.compare(Integers::slt, now[0], end), now[1]); };
    return e.repeat({begin, ElementMath(b, b.getI1Type()).truth()}, isOpen, [&](ValueRange now) -> SmallVector<Value> {
      Value other = loadElements(b, e.bufferOf(0), {now[0], e.index(2)}, 1, b.getI64Type());
      Corners corners = overlap.corners(arith::IndexCastOp::create(b, b.getIndexType(), other));
      Value exceeds = overlap.exceeds(own, corners, overlapThreshold);
      return {e.add(now[0], 1), arith::XOrIOp::create(b, exceeds, ElementMath(b, b.getI1Type()).truth())};
    })[1];
  }

  PlainEmitter &e;
  ImplicitLocOpBuilder &b;
  NonMaxSuppressionOp op;
  Value positions, overlapThreshold;
};

} // namespace

int64_t suppressionScratchBytes(RegionOp region, NonMaxSuppressionOp op) {
  ModelSymbols symbols = ModelSymbols::of(region->getParentOfType<func::FuncOp>());
  int64_t most = symbols.upperBound(symbols.bound(PlainEmitter::shapeOf(op.getScores())[2]));
  return std::clamp<int64_t>(most, 1, kMostCandidates) * static_cast<int64_t>(sizeof(int64_t));
}

void emitPlainOp(PlainEmitter &e, NonMaxSuppressionOp op) {
  e.forUnits([&](ValueRange) { Suppression(e, op).emit(); });
}

} // namespace ingot
