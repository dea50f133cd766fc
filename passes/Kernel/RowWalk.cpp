// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/RowWalk.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Kernel/Elementwise/EmitElementwise.h"

using namespace mlir;

namespace ingot {
namespace {

constexpr int64_t kAccumulators = 4;           ///< chains of a reduction: enough to hide the latency of an addition
constexpr int64_t kMaxScratchBytes = 32 << 10; ///< a row that is kept between walks lies on the stack

/// What both directions share.
class Walk : public RowWalk {
protected:
  Walk(ImplicitLocOpBuilder &b, const KernelContext &context, const RowSpace &space, BodyLoops &loops)
      : b(b), space(space), graph(space.graph), loops(loops), index(b, context), lanes(context.plan().getLanes()), inner(space.inner()) {
    for (const BodyStore &store : graph.stores)
      roots.push_back(store.node);
  }

  Type vectorType() const { return VectorType::get({lanes}, getComputeType(space.element)); }

  /// Binds the anchor's result and stores all that the region yields, `active` lanes.
  void storeAll(Value result, Value at, ActiveLanes active) {
    loops.newVector();
    loops.bind(narrowElements(b, result, space.element));
    SmallVector<Value> values;
    for (const BodyStore &store : graph.stores)
      values.push_back(loops.emit(store.node, at, active));
    for (auto [store, value] : llvm::zip_equal(graph.stores, values))
      loops.store(store, value, at, active);
  }

  Value operandAt(Value at, ActiveLanes active) {
    loops.newVector();
    return widenElements(b, loops.emit(space.operand, at, active));
  }

  ImplicitLocOpBuilder &b;
  const RowSpace &space;
  const BodyGraph &graph;
  BodyLoops &loops;
  SymbolicIndex index;
  int64_t lanes;
  int inner;
  SmallVector<unsigned> roots;
};

/// Vectors along the row: four accumulators, combined in a fixed order at its end.
class AcrossRow : public Walk {
public:
  /// `scratch` (may be null) holds a row: its lines along the last reduced dim start a whole number of vectors apart.
  AcrossRow(ImplicitLocOpBuilder &b, const KernelContext &context, const RowSpace &space, BodyLoops &loops, Value scratch)
      : Walk(b, context, space, loops), pitch(pitchOf(space, lanes)), scratch(scratch) {}

  static AffineExpr pitchOf(const RowSpace &space, int64_t lanes) { return simplifyDim(countTiles(space.graph.sizes[space.inner()], lanes) * lanes); }

  void setRow(ArrayRef<Value> newPosition) {
    position.assign(newPosition.begin(), newPosition.end());
    kept = false;
  }

  bool keeps() const override { return scratch != nullptr; }

  SmallVector<Value> reduce(ReduceKind kind, bool fast, bool keep, Map map) override {
    AffineExpr size = graph.sizes[inner], vectors = simplifyDim(size.floorDiv(lanes));
    std::optional<int64_t> knownVectors = getConstant(vectors);
    int64_t chains = std::clamp<int64_t>(knownVectors.value_or(kAccumulators), 1, kAccumulators);
    AffineExpr unrolled = simplifyDim(vectors - vectors % chains);
    Value neutral = neutralElement(b, kind, vectorType(), space.element);
    bool wasKept = kept;
    SmallVector<Value> sums = nest(0, indexOf(b, 0), SmallVector<Value>(chains, neutral), [&](Value line, ValueRange before) {
      SmallVector<Value> current(before);
      loops.enter(position, inner, lanes, space.operand);
      auto step = [&](Value &sum, Value at, ActiveLanes active) {
        Value x = map(load(wasKept, line, at, active), 0);
        if (keep && scratch)
          vector::StoreOp::create(b, x, scratch, ValueRange{addIndex(b, line, at)});
        if (!active.isKnown(lanes))
          x = arith::SelectOp::create(b, firstLanes(active), x, neutral);
        sum = combineElements(b, kind, sum, x, space.element, fast);
      };
      current = makeLoop(b, indexOf(b, 0), index.of(unrolled * lanes), chains * lanes, current, [&](Value at, ValueRange carried) {
        SmallVector<Value> next(carried);
        for (int64_t i = 0; i < chains; ++i)
          step(next[i], offsetBy(b, at, i * lanes), lanes);
        return next;
      });
      auto next = [&](Value at, ActiveLanes active, ValueRange carried) {
        SmallVector<Value> sums(carried);
        step(sums.back(), at, active);
        return sums;
      };
      if (!knownVectors)
        current = makeLoop(b, index.of(unrolled * lanes), index.of(simplifyDim(vectors * lanes)), lanes, current,
                           [&](Value at, ValueRange carried) { return next(at, lanes, carried); });
      else
        for (int64_t i = *getConstant(unrolled); i < *knownVectors; ++i)
          step(current[i - *getConstant(unrolled)], indexOf(b, i * lanes), lanes);
      return makeTail(b, index, size, lanes, current, next);
    });
    kept |= keep && scratch;
    while (sums.size() > 1) {
      SmallVector<Value> half;
      for (size_t i = 0; i + 1 < sums.size(); i += 2)
        half.push_back(combineElements(b, kind, sums[i], sums[i + 1], space.element, fast));
      if (sums.size() % 2)
        half.push_back(sums.back());
      sums = half;
    }
    // Halves exchange places until every lane holds the whole.
    Value all = sums.front();
    for (int64_t distance = lanes / 2; distance >= 1; distance /= 2) {
      SmallVector<int64_t> mask;
      for (int64_t i = 0; i < lanes; ++i)
        mask.push_back(i ^ distance);
      Value other = vector::ShuffleOp::create(b, all, all, mask);
      all = combineElements(b, kind, all, other, space.element, fast);
    }
    return {all};
  }

  void write(Map map) override {
    AffineExpr size = graph.sizes[inner], full = simplifyDim(size - size % lanes);
    nest(0, indexOf(b, 0), {}, [&](Value line, ValueRange) {
      SmallVector<unsigned> wanted(roots);
      wanted.push_back(space.operand);
      loops.enter(position, inner, lanes, wanted);
      auto step = [&](Value at, ActiveLanes active) { storeAll(map(load(kept, line, at, active), 0), at, active); };
      makeLoop(b, indexOf(b, 0), index.of(full), lanes, {}, [&](Value at, ValueRange) -> SmallVector<Value> {
        step(at, lanes);
        return {};
      });
      return makeTail(b, index, size, lanes, {}, [&](Value at, ActiveLanes active, ValueRange) -> SmallVector<Value> {
        step(at, active);
        return {};
      });
    });
  }

  void writeReduced(ArrayRef<Value> results) override {
    for (int dim : space.reduced)
      position[dim] = indexOf(b, 0);
    loops.enter(position, -1, 1, roots);
    storeAll(vector::ExtractOp::create(b, results.front(), 0), indexOf(b, 0), 1);
  }

private:
  using LineBody = llvm::function_ref<SmallVector<Value>(Value line, ValueRange carried)>;

  /// Loops over all reduced dims but the last; `line` counts their elements in the scratch row.
  SmallVector<Value> nest(size_t depth, Value line, ValueRange carried, LineBody body) {
    if (depth + 1 == space.reduced.size())
      return body(line, carried);
    int dim = space.reduced[depth];
    AffineExpr step = pitch;
    for (int later : ArrayRef(space.reduced).drop_front(depth + 1).drop_back())
      step = simplifyDim(step * graph.sizes[later]);
    return makeLoop(b, indexOf(b, 0), index.of(graph.sizes[dim]), 1, carried, [&](Value i, ValueRange inside) {
      position[dim] = i;
      return nest(depth + 1, addIndex(b, line, index.scale(i, step)), inside, body);
    });
  }

  Value load(bool fromScratch, Value line, Value at, ActiveLanes active) {
    if (!fromScratch)
      return operandAt(at, active);
    return vector::LoadOp::create(b, cast<VectorType>(vectorType()), scratch, ValueRange{addIndex(b, line, at)});
  }

  Value firstLanes(ActiveLanes active) {
    return vector::CreateMaskOp::create(b, VectorType::get({lanes}, b.getI1Type()), ValueRange{active.asIndex(b)});
  }

  AffineExpr pitch;
  Value scratch;
  bool kept = false;
  SmallVector<Value> position;
};

/// Vectors across several rows at once: a column of vectors per accumulator, down the reduced dims.
class DownColumns : public Walk {
public:
  DownColumns(ImplicitLocOpBuilder &b, const KernelContext &context, const RowSpace &space, BodyLoops &loops) : Walk(b, context, space, loops) {}

  /// Columns [at, at + sum of `actives`) of the row position.
  void setBlock(ArrayRef<Value> newPosition, Value newAt, ArrayRef<ActiveLanes> newActives) {
    position.assign(newPosition.begin(), newPosition.end());
    at = newAt;
    actives.assign(newActives.begin(), newActives.end());
  }

  SmallVector<Value> reduce(ReduceKind kind, bool fast, bool, Map map) override {
    size_t columns = actives.size();
    int64_t depth = getConstant(graph.sizes[space.reduced.back()]).value_or(kAccumulators);
    int64_t chains =
        std::clamp<int64_t>(kAccumulators / columns, 1, depth); // narrow blocks: several rows at once, or each addition waits for the last one
    SmallVector<Value> initial(columns * chains, neutralElement(b, kind, vectorType(), space.element));
    SmallVector<Value> sums = nest(0, initial, chains, [&](ValueRange before, int64_t rows, Value row) {
      SmallVector<Value> next(before);
      for (int64_t r = 0; r < rows; ++r) {
        position[space.reduced.back()] = offsetBy(b, row, r);
        loops.enter(position, inner, lanes, space.operand);
        for (auto [i, active] : llvm::enumerate(actives)) {
          Value &sum = next[r * columns + i];
          sum = combineElements(b, kind, sum, map(operandAt(offsetBy(b, at, i * lanes), active), i), space.element, fast);
        }
      }
      return next;
    });
    for (size_t i = columns; i < sums.size(); ++i)
      sums[i % columns] = combineElements(b, kind, sums[i % columns], sums[i], space.element, fast);
    sums.truncate(columns);
    return sums;
  }

  void write(Map map) override {
    SmallVector<unsigned> wanted(roots);
    wanted.push_back(space.operand);
    nest(0, {}, 1, [&](ValueRange, int64_t, Value row) {
      position[space.reduced.back()] = row;
      loops.enter(position, inner, lanes, wanted);
      for (auto [i, active] : llvm::enumerate(actives)) {
        Value here = offsetBy(b, at, i * lanes);
        storeAll(map(operandAt(here, active), i), here, active);
      }
      return SmallVector<Value>();
    });
  }

  void writeReduced(ArrayRef<Value> results) override {
    for (int dim : space.reduced)
      position[dim] = indexOf(b, 0);
    loops.enter(position, inner, lanes, roots);
    for (auto [i, active] : llvm::enumerate(actives))
      storeAll(results[i], offsetBy(b, at, i * lanes), active);
  }

private:
  using RowsBody = llvm::function_ref<SmallVector<Value>(ValueRange carried, int64_t rows, Value row)>;

  /// Loops over the reduced dims, `rows` of the last one at a time.
  SmallVector<Value> nest(size_t level, ValueRange carried, int64_t rows, RowsBody body) {
    int dim = space.reduced[level];
    AffineExpr size = graph.sizes[dim];
    if (level + 1 < space.reduced.size())
      return makeLoop(b, indexOf(b, 0), index.of(size), 1, carried, [&](Value i, ValueRange inside) {
        position[dim] = i;
        return nest(level + 1, inside, rows, body);
      });
    AffineExpr rest = simplifyDim(size % rows), full = simplifyDim(size - rest);
    SmallVector<Value> after =
        makeLoop(b, indexOf(b, 0), index.of(full), rows, carried, [&](Value i, ValueRange inside) { return body(inside, rows, i); });
    std::optional<int64_t> knownRest = getConstant(rest);
    if (!knownRest)
      return makeLoop(b, index.of(full), index.of(size), 1, after, [&](Value i, ValueRange inside) { return body(inside, 1, i); });
    return *knownRest == 0 ? after : body(after, *knownRest, index.of(full));
  }

  Value at;
  SmallVector<ActiveLanes> actives;
  SmallVector<Value> position;
};

/// The kept dims that rows are counted along.
SmallVector<int> outerDims(const RowSpace &space) {
  SmallVector<int> outer(space.kept);
  if (!space.acrossRow)
    outer.pop_back();
  return outer;
}

/// Vectors across the rows that are computed together.
int64_t widthOf(const RowSpace &space, int64_t lanes) {
  if (space.acrossRow)
    return 1;
  return std::min(getConstant(countTiles(space.graph.sizes[space.inner()], lanes)).value_or(kAccumulators), kAccumulators);
}

/// Sizes of the loops around a row or a block of columns.
Dims pieceSizes(const RowSpace &space, int64_t lanes) {
  Dims sizes;
  for (int dim : outerDims(space))
    sizes.push_back(space.graph.sizes[dim]);
  sizes.push_back(space.acrossRow ? getAffineConstantExpr(1, space.rowLength.getContext())
                                  : countTiles(space.graph.sizes[space.inner()], widthOf(space, lanes) * lanes));
  return sizes;
}

class RowLoops {
public:
  RowLoops(ImplicitLocOpBuilder &b, KernelContext &context, const RowSpace &space, llvm::function_ref<void(RowWalk &)> row)
      : b(b), context(context), space(space), row(row), loops(b, context, space.graph), index(b, context), lanes(context.plan().getLanes()) {}

  void emit() {
    if (!space.acrossRow)
      return emitPieces([&](ArrayRef<Value> position, Value last) { emitColumns(position, last); });
    AffineExpr elements = AcrossRow::pitchOf(space, lanes);
    for (int dim : ArrayRef(space.reduced).drop_back())
      elements = simplifyDim(elements * space.graph.sizes[dim]);
    Type element = getComputeType(space.element);
    int64_t bytes = element.getIntOrFloatBitWidth() / 8, most = kMaxScratchBytes / bytes;
    std::optional<int64_t> known = getConstant(elements);
    if (!isa<FloatType>(element) || (known && *known > most) || (!known && !isa<NormOp>(rowAnchor(context.region)))) // the last keeps nothing
      return emitRows(Value());
    Value scratch = memref::AllocaOp::create(b, MemRefType::get({known.value_or(most)}, element), b.getI64IntegerAttr(64));
    if (known)
      return emitRows(scratch);
    Value length = index.of(elements), limit = indexOf(b, most);
    makeIf(b, arith::CmpIOp::create(b, arith::CmpIPredicate::ule, length, limit), [&] { emitRows(scratch); });
    makeIf(b, arith::CmpIOp::create(b, arith::CmpIPredicate::ugt, length, limit), [&] { emitRows(Value()); });
  }

private:
  /// The loop over the call's share of rows, or blocks of columns: `body` gets the position and the number of the block.
  void emitPieces(llvm::function_ref<void(ArrayRef<Value>, Value)> body) {
    SmallVector<int> outer = outerDims(space);
    Dims sizes = pieceSizes(space, lanes);
    auto [from, to] = shareOf(b, context, rowPieces(space, lanes));
    makeLoop(b, from, to, 1, {}, [&](Value piece, ValueRange) -> SmallVector<Value> {
      SmallVector<Value> digits = index.decode(piece, sizes), position(space.graph.sizes.size(), indexOf(b, 0));
      for (auto [i, dim] : llvm::enumerate(outer))
        position[dim] = digits[i];
      body(position, digits.back());
      return {};
    });
  }

  void emitRows(Value scratch) {
    AcrossRow across(b, context, space, loops, scratch);
    emitPieces([&](ArrayRef<Value> position, Value) {
      across.setRow(position);
      row(across);
    });
  }

  void emitColumns(ArrayRef<Value> position, Value number) {
    int64_t wide = widthOf(space, lanes);
    auto block = [&](Value at, int64_t vectors, ActiveLanes last) {
      DownColumns down(b, context, space, loops);
      SmallVector<ActiveLanes> actives(vectors, lanes);
      actives.back() = last;
      down.setBlock(position, at, actives);
      row(down);
    };
    auto start = [&] { return scaleIndex(b, number, wide * lanes); };
    AffineExpr size = space.graph.sizes[space.inner()], rest = simplifyDim(size % (wide * lanes)), full = simplifyDim(size.floorDiv(wide * lanes));
    std::optional<int64_t> knownRest = getConstant(rest);
    if (knownRest == 0)
      return block(start(), wide, lanes);
    auto last = [&] {
      if (knownRest) {
        int64_t vectors = llvm::divideCeil(*knownRest, lanes);
        return block(start(), vectors, *knownRest - (vectors - 1) * lanes);
      }
      makeLoop(b, start(), index.of(size), lanes, {}, [&](Value at, ValueRange) -> SmallVector<Value> {
        Value left = arith::SubIOp::create(b, index.of(size), at);
        block(at, 1, ActiveLanes(lanes, arith::MinUIOp::create(b, left, indexOf(b, lanes))));
        return {};
      });
    };
    if (getConstant(full) == 0)
      return last();
    Value end = index.of(full);
    makeIf(b, arith::CmpIOp::create(b, arith::CmpIPredicate::ne, number, end), [&] { block(start(), wide, lanes); });
    makeIf(b, arith::CmpIOp::create(b, arith::CmpIPredicate::eq, number, end), last);
  }

  ImplicitLocOpBuilder &b;
  KernelContext &context;
  const RowSpace &space;
  llvm::function_ref<void(RowWalk &)> row;
  BodyLoops loops;
  SymbolicIndex index;
  int64_t lanes;
};

} // namespace

AffineExpr rowPieces(const RowSpace &space, int64_t lanes) {
  AffineExpr pieces = getAffineConstantExpr(1, space.rowLength.getContext());
  for (AffineExpr size : pieceSizes(space, lanes))
    pieces = simplifyDim(pieces * size);
  return pieces;
}

void walkRows(ImplicitLocOpBuilder &b, KernelContext &context, const RowSpace &space, llvm::function_ref<void(RowWalk &)> row) {
  RowLoops(b, context, space, row).emit();
}

} // namespace ingot
