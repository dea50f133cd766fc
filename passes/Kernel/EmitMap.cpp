// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Maps: elementwise operations, and moves of elements that no view can express.
//
// The yielded shape is cut into boxes in which every access is linear (BodyGraph). A box has one vector dim. Where an access is contiguous along
// another dim instead (a transpose), blocks of lanes x lanes elements are loaded along that dim and transposed in registers; where an output is, they
// are transposed back.
#include "passes/Kernel/EmitMap.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Kernel/BodyEmitter.h"
#include "passes/Kernel/BodyLoops.h"
#include "passes/Kernel/RegisterTranspose.h"

using namespace mlir;

namespace ingot {
namespace {

constexpr int64_t kFlatPieces =
    256;                        ///< the outermost loop has at least so many iterations, if the box has; the others are nested without index decoding
constexpr int64_t kFewRows = 4; ///< up to so many interleaved elements are taken apart by direct shuffles

class BoxEmitter {
public:
  BoxEmitter(ImplicitLocOpBuilder &b, KernelContext &context, const BodyGraph &graph)
      : b(b), graph(graph), index(b, context), loops(b, context, graph), lanes(context.plan().getLanes()), chunk(context.plan().getTile().front()) {
    for (const BodyStore &store : graph.stores)
      roots.push_back(store.node);
    choose();
    layLoops();
  }

  /// Iterations of the outermost loop.
  AffineExpr pieces() const {
    AffineExpr count = number(1);
    for (size_t i = 0; i < flat; ++i)
      count = simplifyDim(count * counts[i]);
    return count;
  }

  /// Vectors of one of them, about.
  int64_t weight() const {
    double elements = 1;
    for (AffineExpr dim : graph.sizes)
      elements *= static_cast<double>(estimateDim(dim));
    return std::max<int64_t>(std::llround(elements / static_cast<double>(lanes * std::max<int64_t>(estimateDim(pieces()), 1))), 1);
  }

  void emit(Value from, Value to) {
    makeLoop(b, from, to, 1, {}, [&](Value piece, ValueRange) -> SmallVector<Value> {
      SmallVector<Value> at = index.decode(piece, ArrayRef(counts).take_front(flat));
      emitNest(at);
      return {};
    });
  }

private:
  AffineExpr number(int64_t value) const { return getAffineConstantExpr(value, b.getContext()); }
  AffineExpr coefficient(const Linear &access, int dim) const { return access.coefficients[dim]; }
  bool isCoefficient(const Linear &access, int dim, int64_t value) const { return getConstant(access.coefficients[dim]) == value; }
  AffineExpr size(int dim) const { return graph.sizes[dim]; }

  /// The vector dim, and the dim of blocks if there are accesses to transpose.
  void choose() {
    int rank = graph.sizes.size();
    inner = rank - 1;
    if (rank < 2)
      return;
    if (int other = interleaved(); other >= 0) {
      block = inner;
      inner = other;
    } else {
      block = transposedDim();
    }
    if (block < 0)
      return;
    step = std::min(lanes, getConstant(size(block)).value_or(lanes));
    for (auto [i, node] : llvm::enumerate(graph.nodes))
      if (node.kind == BodyNode::Load && !isStraight(node.access) && isCoefficient(node.access, block, 1))
        transposed.push_back(i);
  }

  bool isStraight(const Linear &access) const { return std::abs(getConstant(coefficient(access, inner)).value_or(2)) <= 1; }

  /// For a last dim of a few elements: an outer dim along which it pays to vectorise instead, or -1.
  int interleaved() const {
    int last = inner;
    std::optional<int64_t> few = getConstant(size(last));
    if (!few || *few * 2 > lanes)
      return -1;
    for (int dim = last - 1; dim >= 0; --dim) {
      if (estimateDim(size(dim)) < lanes)
        continue;
      bool dense =
          llvm::all_of(graph.stores, [&](const BodyStore &s) { return isCoefficient(s.access, last, 1) && isCoefficient(s.access, dim, *few); });
      bool fits = true, crosses = false;
      for (const BodyNode &node : graph.nodes) {
        if (node.kind != BodyNode::Load)
          continue;
        std::optional<int64_t> along = getConstant(coefficient(node.access, dim)), across = getConstant(coefficient(node.access, last));
        fits &= along == 0 || along == 1 || (across == 1 && along == few);
        crosses |= along == 1 && across.value_or(2) > 1;
      }
      if (dense && fits && (crosses || *few <= kFewRows))
        return dim;
    }
    return -1;
  }

  /// The dim along which most loads that are not contiguous along the vector dim are contiguous, or -1.
  int transposedDim() const {
    SmallVector<int> votes(graph.sizes.size(), 0);
    for (const BodyNode &node : graph.nodes)
      if (node.kind == BodyNode::Load && !isStraight(node.access))
        for (int dim = 0; dim < inner; ++dim)
          votes[dim] += isCoefficient(node.access, dim, 1);
    int best = 0;
    for (int dim = 1; dim < inner; ++dim)
      if (votes[dim] > votes[best])
        best = dim;
    return votes[best] > 0 ? best : -1;
  }

  /// The loops around a vector: the other dims, blocks, chunks of the vector dim. The first `flat` of them are one loop.
  void layLoops() {
    int rank = graph.sizes.size();
    for (int dim = 0; dim < rank; ++dim)
      if (dim != inner && dim != block) {
        counts.push_back(size(dim));
        dims.push_back(dim);
      }
    counts.push_back(block < 0 ? number(1) : countTiles(size(block), step));
    counts.push_back(inner < 0 ? number(1) : countTiles(size(inner), chunk));
    int64_t product = 1;
    while (flat < counts.size() && (product < kFlatPieces || isOne(counts[flat])))
      product *= estimateDim(counts[flat++]);
  }

  /// The loops that are not part of the outermost one.
  void emitNest(SmallVector<Value> at) {
    if (at.size() == counts.size())
      return emitPiece(at);
    makeLoop(b, indexOf(b, 0), index.of(counts[at.size()]), 1, {}, [&](Value i, ValueRange) -> SmallVector<Value> {
      SmallVector<Value> longer(at);
      longer.push_back(i);
      emitNest(longer);
      return {};
    });
  }

  void emitPiece(ArrayRef<Value> at) {
    SmallVector<Value> position(graph.sizes.size(), indexOf(b, 0));
    for (auto [i, dim] : llvm::enumerate(dims))
      position[dim] = at[i];
    Value blockIndex = at[dims.size()], chunkIndex = at[dims.size() + 1];
    if (inner < 0) {
      loops.enter(position, -1, 1, roots);
      return emitVector(indexOf(b, 0), 1);
    }
    if (block < 0)
      return emitRow(position, chunkIndex, 0);
    position[block] = scaleIndex(b, blockIndex, step);
    AffineExpr count = counts[dims.size()], rest = simplifyDim(size(block) % step);
    std::optional<int64_t> knownRest = getConstant(rest);
    if (knownRest == 0)
      return emitRow(position, chunkIndex, step);
    if (!knownRest)
      return emitUnknownBlock(position, blockIndex, chunkIndex);
    if (isOne(count))
      return emitRow(position, chunkIndex, *knownRest);
    Value isLast = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, blockIndex, index.of(count - 1));
    makeIf(b, isLast, [&] { emitRow(position, chunkIndex, *knownRest); });
    Value isFull = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, blockIndex, index.of(count - 1));
    makeIf(b, isFull, [&] { emitRow(position, chunkIndex, step); });
  }

  /// A block that may be the last one, of which only the call knows how many steps it has: these are made one by one.
  void emitUnknownBlock(SmallVector<Value> position, Value blockIndex, Value chunkIndex) {
    Value full = index.of(simplifyDim(size(block).floorDiv(step)));
    makeIf(b, arith::CmpIOp::create(b, arith::CmpIPredicate::ult, blockIndex, full), [&] { emitRow(position, chunkIndex, step); });
    makeIf(b, arith::CmpIOp::create(b, arith::CmpIPredicate::uge, blockIndex, full), [&] {
      makeLoop(b, position[block], index.of(size(block)), 1, {}, [&](Value i, ValueRange) -> SmallVector<Value> {
        position[block] = i;
        emitRow(position, chunkIndex, 0);
        return {};
      });
    });
  }

  /// One chunk of the vector dim, for `steps` positions of the block dim (0: for this one position).
  void emitRow(ArrayRef<Value> position, Value chunkIndex, int64_t steps) {
    AffineExpr rest = simplifyDim(size(inner) % lanes), full = simplifyDim(size(inner) - rest), chunks = counts.back();
    Value from = scaleIndex(b, chunkIndex, chunk), to = index.of(full);
    if (isOne(chunks))
      from = indexOf(b, 0);
    else
      to = arith::MinUIOp::create(b, offsetBy(b, from, chunk), to);
    loops.enter(position, inner, lanes, roots, steps > 0 ? block : -1);
    if (getConstant(full) != 0)
      makeLoop(b, from, to, lanes, {}, [&](Value i, ValueRange) -> SmallVector<Value> {
        emitBlock(i, lanes, steps);
        return {};
      });
    if (getConstant(rest) == 0)
      return;
    auto tail = [&] {
      if (steps > 0 || !isNarrow()) {
        makeTail(b, index, size(inner), lanes, {}, [&](Value at, ActiveLanes active, ValueRange) -> SmallVector<Value> {
          emitBlock(at, active, steps);
          return {};
        });
        return;
      }
      // Masks of bytes and halves are slow or missing on machines without AVX-512: element by element.
      loops.enter(position, inner, 1, roots);
      makeLoop(b, index.of(full), index.of(size(inner)), 1, {}, [&](Value i, ValueRange) -> SmallVector<Value> {
        emitVector(i, 1);
        return {};
      });
    };
    if (isOne(chunks))
      return tail();
    makeIf(b, arith::CmpIOp::create(b, arith::CmpIPredicate::eq, chunkIndex, index.of(chunks - 1)), tail);
  }

  bool isNarrow() const {
    auto narrow = [](Type element) { return element.getIntOrFloatBitWidth() < 32; };
    return llvm::any_of(graph.stores, [&](const BodyStore &store) { return narrow(store.element); }) ||
           llvm::any_of(graph.nodes, [&](const BodyNode &node) { return node.kind == BodyNode::Load && narrow(node.element); });
  }

  void emitBlock(Value at, ActiveLanes active, int64_t steps) {
    if (steps == 0)
      return emitVector(at, active);
    loops.newStep(0);
    SmallVector<SmallVector<Value>> columns; // one per transposed load, `steps` vectors each
    for (unsigned id : transposed)
      columns.push_back(loadTransposed(id, at, active, steps));
    SmallVector<SmallVector<Value>> results(graph.stores.size());
    for (int64_t j = 0; j < steps; ++j) {
      loops.newVector();
      loops.newStep(j);
      for (auto [id, vectors] : llvm::zip_equal(transposed, columns))
        loops.preset(id, vectors[j]);
      for (auto [i, store] : llvm::enumerate(graph.stores))
        results[i].push_back(loops.emit(store.node, at, active));
      for (auto [i, store] : llvm::enumerate(graph.stores))
        if (!isTransposed(store))
          loops.store(store, results[i].back(), at, active);
    }
    loops.newStep(0);
    for (auto [i, store] : llvm::enumerate(graph.stores))
      if (isTransposed(store))
        storeTransposed(store, results[i], at, active);
  }

  bool isTransposed(const BodyStore &store) const { return !isCoefficient(store.access, inner, 1) && isCoefficient(store.access, block, 1); }

  void emitVector(Value at, ActiveLanes active) {
    loops.newVector();
    SmallVector<Value> results; // all before the first store: an output may lie in the place of an input
    for (const BodyStore &store : graph.stores)
      results.push_back(loops.emit(store.node, at, active));
    for (auto [store, result] : llvm::zip_equal(graph.stores, results))
      loops.store(store, result, at, active);
  }

  /// Whether block and vector dim together are contiguous in memory, with few elements in the block.
  bool isInterleaved(const Linear &access, int64_t steps) const {
    return steps <= kFewRows && getConstant(size(block)) == steps && isCoefficient(access, inner, steps);
  }

  SmallVector<Value> loadTransposed(unsigned id, Value at, ActiveLanes active, int64_t steps) {
    const BodyNode &node = graph.nodes[id];
    Value buffer = loops.bufferOfLoad(id);
    Type storage = cast<MemRefType>(buffer.getType()).getElementType();
    auto load = [&](Value from, Value count) { return loadElements(b, buffer, from, lanes, storage, count); };
    SmallVector<Value> rows, columns;
    Value from = loops.addressOfLoad(id, at);
    if (isInterleaved(node.access, steps)) {
      for (int64_t done = 0; done < active.most * steps; done += lanes)
        rows.push_back(load(offsetBy(b, from, done), interleavedLanes(active, steps, done)));
      columns = permuteRegisters(b, rows, steps, lanes, [&](int64_t j, int64_t i) -> std::pair<int64_t, int64_t> {
        int64_t element = i * steps + j;
        return {i < active.most ? element / lanes : -1, element % lanes};
      });
    } else {
      for (int64_t i = 0; i < active.most; ++i)
        rows.push_back(load(index.offset(from, coefficient(node.access, inner) * i), rowLanes(active, i, steps)));
      columns = transposeRegisters(b, rows, lanes);
      columns.truncate(steps);
    }
    Type element = cast<RankedTensorType>(node.value.getType()).getElementType();
    for (Value &column : columns)
      column = fromStorage(b, column, element);
    return columns;
  }

  /// How many lanes of a vector that starts `done` elements into an interleaved row are active. Null: all.
  Value interleavedLanes(ActiveLanes active, int64_t steps, int64_t done) {
    if (active.count)
      return arith::MaxSIOp::create(b, offsetBy(b, scaleIndex(b, active.count, steps), -done), indexOf(b, 0));
    int64_t count = active.most * steps - done;
    return count >= lanes ? Value() : indexOf(b, count);
  }

  /// How many lanes of row `i` of a block are active. Null: all.
  Value rowLanes(ActiveLanes active, int64_t i, int64_t steps) {
    if (active.count)
      return active.select(b, i, indexOf(b, steps));
    return steps >= lanes ? Value() : indexOf(b, steps);
  }

  void storeTransposed(const BodyStore &store, ArrayRef<Value> columns, Value at, ActiveLanes active) {
    Value buffer = loops.bufferOfStore(store);
    Type storage = cast<MemRefType>(buffer.getType()).getElementType();
    SmallVector<Value> stored;
    for (Value column : columns)
      stored.push_back(toStorage(b, column, storage));
    int64_t steps = columns.size();
    Value to = loops.addressOfStore(store, at);
    auto put = [&](Value row, Value address, Value count) { storeElements(b, row, buffer, address, storage, count); };
    if (isInterleaved(store.access, steps)) {
      SmallVector<Value> rows =
          permuteRegisters(b, stored, llvm::divideCeil(active.most * steps, lanes), lanes, [&](int64_t k, int64_t i) -> std::pair<int64_t, int64_t> {
            int64_t element = k * lanes + i;
            return {element < active.most * steps ? element % steps : -1, element / steps};
          });
      for (auto [k, row] : llvm::enumerate(rows))
        put(row, offsetBy(b, to, k * lanes), interleavedLanes(active, steps, k * lanes));
      return;
    }
    SmallVector<Value> rows = transposeRegisters(b, stored, lanes);
    for (int64_t i = 0; i < active.most; ++i)
      put(rows[i], index.offset(to, coefficient(store.access, inner) * i), rowLanes(active, i, steps));
  }

  ImplicitLocOpBuilder &b;
  const BodyGraph &graph;
  SymbolicIndex index;
  BodyLoops loops;
  int64_t lanes, chunk, step = 1;
  int inner = -1, block = -1;
  SmallVector<unsigned> roots, transposed;
  Dims counts;           ///< of all loops around a vector
  SmallVector<int> dims; ///< of those that step through whole dims: the first ones
  size_t flat = 0;
};

} // namespace

bool coversMap(RegionOp region) { return succeeded(makeBoxes(region)); }

LogicalResult emitMap(ImplicitLocOpBuilder &b, KernelContext &context) {
  FailureOr<std::vector<BodyGraph>> graphs = makeBoxes(context.region);
  if (failed(graphs))
    return context.region.emitOpError("is no map: an access is not linear, or the yielded shapes differ");
  if (context.plan().getTile().size() != 1 || context.plan().getTile().front() % context.plan().getLanes() != 0 ||
      !llvm::isPowerOf2_64(context.plan().getLanes()))
    return context.region.emitOpError("needs a map plan: one tile size that is a multiple of the lanes, a power of two");
  std::vector<BoxEmitter> boxes;
  for (BodyGraph &graph : *graphs)
    boxes.emplace_back(b, context, graph);
  if (boxes.size() == 1) {
    auto [from, to] = shareOf(b, context, boxes.front().pieces());
    boxes.front().emit(from, to);
    return success();
  }
  // The pieces of all boxes are numbered through, each as often as it has vectors: those of a border are short. A share begins and ends with a piece.
  AffineExpr begin = getAffineConstantExpr(0, b.getContext()), vectors = begin;
  for (BoxEmitter &box : boxes)
    vectors = simplifyDim(vectors + box.pieces() * box.weight());
  auto [from, to] = shareOf(b, context, vectors);
  SymbolicIndex index(b, context);
  for (BoxEmitter &box : boxes) {
    AffineExpr end = simplifyDim(begin + box.pieces() * box.weight());
    auto local = [&](Value vector) {
      Value clamped = b.createOrFold<arith::MinUIOp>(b.createOrFold<arith::MaxUIOp>(vector, index.of(begin)), index.of(end));
      return b.createOrFold<arith::DivUIOp>(b.createOrFold<arith::SubIOp>(clamped, index.of(begin)), indexOf(b, box.weight()));
    };
    Value low = local(from);
    box.emit(low, local(to));
    begin = end;
  }
  return success();
}

} // namespace ingot
