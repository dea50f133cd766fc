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
  Walk(ImplicitLocOpBuilder &b, const RowSpace &space, BodyLoops &loops, int64_t lanes)
      : b(b), space(space), graph(space.graph), loops(loops), lanes(lanes), inner(space.inner()) {
    for (const BodyStore &store : graph.stores)
      roots.push_back(store.node);
  }

  Type vectorType() const { return VectorType::get({lanes}, getComputeType(space.element)); }

  /// Binds the anchor's result and stores all that the region yields, `active` lanes.
  void storeAll(Value result, Value at, int64_t active) {
    loops.newVector();
    loops.bind(narrowElements(b, result, space.element));
    SmallVector<Value> values;
    for (const BodyStore &store : graph.stores)
      values.push_back(loops.emit(store.node, at, active));
    for (auto [store, value] : llvm::zip_equal(graph.stores, values))
      loops.store(store, value, at, active);
  }

  Value operandAt(Value at, int64_t active) {
    loops.newVector();
    return widenElements(b, loops.emit(space.operand, at, active));
  }

  ImplicitLocOpBuilder &b;
  const RowSpace &space;
  const BodyGraph &graph;
  BodyLoops &loops;
  int64_t lanes;
  int inner;
  SmallVector<unsigned> roots;
};

/// Vectors along the row: four accumulators, combined in a fixed order at its end.
class AcrossRow : public Walk {
public:
  AcrossRow(ImplicitLocOpBuilder &b, const RowSpace &space, BodyLoops &loops, int64_t lanes) : Walk(b, space, loops, lanes) {
    pitch = llvm::alignTo(graph.sizes[inner], lanes);
    Type element = getComputeType(space.element);
    int64_t elements = pitch;
    for (int dim : ArrayRef(space.reduced).drop_back())
      elements *= graph.sizes[dim];
    if (elements * element.getIntOrFloatBitWidth() / 8 <= kMaxScratchBytes && isa<FloatType>(element))
      scratch = memref::AllocaOp::create(b, MemRefType::get({elements}, element), b.getI64IntegerAttr(64));
  }

  void setRow(ArrayRef<Value> newPosition) {
    position.assign(newPosition.begin(), newPosition.end());
    kept = false;
  }

  bool keeps() const override { return scratch != nullptr; }

  SmallVector<Value> reduce(ReduceKind kind, bool fast, bool keep, Map map) override {
    int64_t vectors = graph.sizes[inner] / lanes, rest = graph.sizes[inner] % lanes;
    int64_t chains = std::clamp<int64_t>(vectors, 1, kAccumulators);
    Value neutral = neutralElement(b, kind, vectorType(), space.element);
    bool wasKept = kept;
    SmallVector<Value> sums = nest(0, indexOf(b, 0), SmallVector<Value>(chains, neutral), [&](Value line, ValueRange before) {
      SmallVector<Value> current(before);
      loops.enter(position, inner, lanes, space.operand);
      auto step = [&](Value &sum, Value at, int64_t active) {
        Value x = map(load(wasKept, line, at, active), 0);
        if (keep && scratch)
          vector::StoreOp::create(b, x, scratch, ValueRange{addIndex(b, line, at)});
        if (active < lanes)
          x = arith::SelectOp::create(b, firstLanes(active), x, neutral);
        sum = combineElements(b, kind, sum, x, space.element, fast);
      };
      int64_t unrolled = vectors - vectors % chains;
      current = makeLoop(b, indexOf(b, 0), indexOf(b, unrolled * lanes), chains * lanes, current, [&](Value at, ValueRange carried) {
        SmallVector<Value> next(carried);
        for (int64_t i = 0; i < chains; ++i)
          step(next[i], offsetBy(b, at, i * lanes), lanes);
        return next;
      });
      for (int64_t i = unrolled; i < vectors; ++i)
        step(current[i - unrolled], indexOf(b, i * lanes), lanes);
      if (rest)
        step(current.back(), indexOf(b, vectors * lanes), rest);
      return current;
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
    int64_t size = graph.sizes[inner], full = size - size % lanes;
    nest(0, indexOf(b, 0), {}, [&](Value line, ValueRange) {
      SmallVector<unsigned> wanted(roots);
      wanted.push_back(space.operand);
      loops.enter(position, inner, lanes, wanted);
      auto step = [&](Value at, int64_t active) { storeAll(map(load(kept, line, at, active), 0), at, active); };
      makeLoop(b, indexOf(b, 0), indexOf(b, full), lanes, {}, [&](Value at, ValueRange) -> SmallVector<Value> {
        step(at, lanes);
        return {};
      });
      if (size != full)
        step(indexOf(b, full), size - full);
      return SmallVector<Value>();
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
    int64_t step = pitch;
    for (int later : ArrayRef(space.reduced).drop_front(depth + 1).drop_back())
      step *= graph.sizes[later];
    return makeLoop(b, indexOf(b, 0), indexOf(b, graph.sizes[dim]), 1, carried, [&](Value i, ValueRange inside) {
      position[dim] = i;
      return nest(depth + 1, addIndex(b, line, scaleIndex(b, i, step)), inside, body);
    });
  }

  Value load(bool fromScratch, Value line, Value at, int64_t active) {
    if (!fromScratch)
      return operandAt(at, active);
    return vector::LoadOp::create(b, cast<VectorType>(vectorType()), scratch, ValueRange{addIndex(b, line, at)});
  }

  Value firstLanes(int64_t active) {
    return vector::CreateMaskOp::create(b, VectorType::get({lanes}, b.getI1Type()), ValueRange{indexOf(b, active)});
  }

  int64_t pitch;
  Value scratch;
  bool kept = false;
  SmallVector<Value> position;
};

/// Vectors across several rows at once: a column of vectors per accumulator, down the reduced dims.
class DownColumns : public Walk {
public:
  DownColumns(ImplicitLocOpBuilder &b, const RowSpace &space, BodyLoops &loops, int64_t lanes) : Walk(b, space, loops, lanes) {}

  /// Columns [at, at + sum of `actives`) of the row position.
  void setBlock(ArrayRef<Value> newPosition, Value newAt, ArrayRef<int64_t> newActives) {
    position.assign(newPosition.begin(), newPosition.end());
    at = newAt;
    actives.assign(newActives.begin(), newActives.end());
  }

  SmallVector<Value> reduce(ReduceKind kind, bool fast, bool, Map map) override {
    size_t columns = actives.size();
    int64_t depth = graph.sizes[space.reduced.back()];
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
    int64_t size = graph.sizes[dim];
    if (level + 1 < space.reduced.size())
      return makeLoop(b, indexOf(b, 0), indexOf(b, size), 1, carried, [&](Value i, ValueRange inside) {
        position[dim] = i;
        return nest(level + 1, inside, rows, body);
      });
    int64_t full = size - size % rows;
    SmallVector<Value> after =
        makeLoop(b, indexOf(b, 0), indexOf(b, full), rows, carried, [&](Value i, ValueRange inside) { return body(inside, rows, i); });
    return full == size ? after : body(after, size - full, indexOf(b, full));
  }

  Value at;
  SmallVector<int64_t> actives;
  SmallVector<Value> position;
};

/// The kept dims that rows are counted along.
SmallVector<int> outerDims(const RowSpace &space) {
  SmallVector<int> outer(space.kept);
  if (!space.acrossRow)
    outer.pop_back();
  return outer;
}

/// Vectors across the rows.
int64_t columnsOf(const RowSpace &space, int64_t lanes) { return space.acrossRow ? 1 : llvm::divideCeil(space.graph.sizes[space.inner()], lanes); }

/// Sizes of the loops around a row or a block of columns.
SmallVector<int64_t> pieceSizes(const RowSpace &space, int64_t lanes) {
  SmallVector<int64_t> sizes;
  for (int dim : outerDims(space))
    sizes.push_back(space.graph.sizes[dim]);
  int64_t columns = columnsOf(space, lanes);
  sizes.push_back(llvm::divideCeil(columns, std::min(columns, kAccumulators)));
  return sizes;
}

} // namespace

int64_t rowPieces(const RowSpace &space, int64_t lanes) {
  int64_t pieces = 1;
  for (int64_t size : pieceSizes(space, lanes))
    pieces *= size;
  return pieces;
}

void walkRows(ImplicitLocOpBuilder &b, KernelContext &context, const RowSpace &space, llvm::function_ref<void(RowWalk &)> row) {
  const BodyGraph &graph = space.graph;
  BodyLoops loops(b, context, graph);
  int64_t lanes = context.plan().getLanes();
  SmallVector<int> outer = outerDims(space);
  SmallVector<int64_t> sizes = pieceSizes(space, lanes);
  int64_t columns = columnsOf(space, lanes), wide = std::min(columns, kAccumulators);
  std::optional<AcrossRow> across;
  if (space.acrossRow)
    across.emplace(b, space, loops, lanes);
  auto [from, to] = shareOf(b, context, rowPieces(space, lanes));
  makeLoop(b, from, to, 1, {}, [&](Value piece, ValueRange) -> SmallVector<Value> {
    SmallVector<Value> digits = decode(b, piece, sizes), position(graph.sizes.size(), indexOf(b, 0));
    for (auto [i, dim] : llvm::enumerate(outer))
      position[dim] = digits[i];
    if (across) {
      across->setRow(position);
      row(*across);
      return {};
    }
    DownColumns down(b, space, loops, lanes);
    auto block = [&](int64_t vectors, int64_t last) {
      SmallVector<int64_t> actives(vectors, lanes);
      actives.back() = last;
      down.setBlock(position, scaleIndex(b, digits.back(), wide * lanes), actives);
      row(down);
    };
    int64_t size = graph.sizes[space.inner()], blocks = sizes.back();
    int64_t lastVectors = columns - (blocks - 1) * wide, lastActive = size - (columns - 1) * lanes;
    if (blocks == 1 || (lastVectors == wide && lastActive == lanes)) {
      block(wide, lastActive);
      return {};
    }
    Value end = indexOf(b, blocks - 1);
    makeIf(b, arith::CmpIOp::create(b, arith::CmpIPredicate::ne, digits.back(), end), [&] { block(wide, lanes); });
    makeIf(b, arith::CmpIOp::create(b, arith::CmpIPredicate::eq, digits.back(), end), [&] { block(lastVectors, lastActive); });
    return {};
  });
}

} // namespace ingot
