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
      : b(b), graph(graph), loops(b, context, graph), lanes(context.plan().getLanes()), chunk(context.plan().getTile().front()) {
    for (const BodyStore &store : graph.stores)
      roots.push_back(store.node);
    choose();
    layLoops();
  }

  /// Iterations of the outermost loop.
  int64_t pieces() const {
    int64_t count = 1;
    for (size_t i = 0; i < flat; ++i)
      count *= counts[i];
    return count;
  }

  void emit(Value from, Value to) {
    makeLoop(b, from, to, 1, {}, [&](Value piece, ValueRange) -> SmallVector<Value> {
      SmallVector<Value> at = decode(b, piece, ArrayRef(counts).take_front(flat));
      emitNest(at);
      return {};
    });
  }

private:
  int64_t coefficient(const Linear &access, int dim) const { return access.coefficients[dim]; }
  int64_t size(int dim) const { return graph.sizes[dim]; }

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
    step = std::min(lanes, size(block));
    for (auto [i, node] : llvm::enumerate(graph.nodes))
      if (node.kind == BodyNode::Load && !isStraight(node.access) && coefficient(node.access, block) == 1)
        transposed.push_back(i);
  }

  bool isStraight(const Linear &access) const { return std::abs(coefficient(access, inner)) <= 1; }

  /// For a last dim of a few elements: an outer dim along which it pays to vectorise instead, or -1.
  int interleaved() const {
    int last = inner;
    if (size(last) * 2 > lanes)
      return -1;
    for (int dim = last - 1; dim >= 0; --dim) {
      if (size(dim) < lanes)
        continue;
      bool dense = llvm::all_of(graph.stores,
                                [&](const BodyStore &s) { return coefficient(s.access, last) == 1 && coefficient(s.access, dim) == size(last); });
      bool fits = true, crosses = false;
      for (const BodyNode &node : graph.nodes) {
        if (node.kind != BodyNode::Load)
          continue;
        int64_t along = coefficient(node.access, dim), across = coefficient(node.access, last);
        fits &= along == 0 || along == 1 || (across == 1 && along == size(last));
        crosses |= along == 1 && across > 1;
      }
      if (dense && fits && (crosses || size(last) <= kFewRows))
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
          votes[dim] += coefficient(node.access, dim) == 1;
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
    counts.push_back(block < 0 ? 1 : llvm::divideCeil(size(block), step));
    counts.push_back(inner < 0 ? 1 : llvm::divideCeil(size(inner), chunk));
    int64_t product = 1;
    while (flat < counts.size() && (product < kFlatPieces || counts[flat] == 1))
      product *= counts[flat++];
  }

  /// The loops that are not part of the outermost one.
  void emitNest(SmallVector<Value> at) {
    if (at.size() == counts.size())
      return emitPiece(at);
    makeLoop(b, indexOf(b, 0), indexOf(b, counts[at.size()]), 1, {}, [&](Value i, ValueRange) -> SmallVector<Value> {
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
    int64_t count = counts[dims.size()], rest = size(block) % step;
    if (rest == 0)
      return emitRow(position, chunkIndex, step);
    if (count == 1)
      return emitRow(position, chunkIndex, rest);
    Value isLast = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, blockIndex, indexOf(b, count - 1));
    makeIf(b, isLast, [&] { emitRow(position, chunkIndex, rest); });
    Value isFull = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, blockIndex, indexOf(b, count - 1));
    makeIf(b, isFull, [&] { emitRow(position, chunkIndex, step); });
  }

  /// One chunk of the vector dim, for `steps` positions of the block dim (0 without blocks).
  void emitRow(ArrayRef<Value> position, Value chunkIndex, int64_t steps) {
    int64_t rest = size(inner) % lanes, full = size(inner) - rest, chunks = counts.back();
    Value from = scaleIndex(b, chunkIndex, chunk), to = indexOf(b, full);
    if (chunks == 1)
      from = indexOf(b, 0);
    else
      to = arith::MinUIOp::create(b, offsetBy(b, from, chunk), to);
    loops.enter(position, inner, lanes, roots, block);
    if (full > 0)
      makeLoop(b, from, to, lanes, {}, [&](Value i, ValueRange) -> SmallVector<Value> {
        emitBlock(i, lanes, steps);
        return {};
      });
    if (rest == 0)
      return;
    auto tail = [&] {
      if (steps > 0 || !isNarrow())
        return emitBlock(indexOf(b, full), rest, steps);
      // Masks of bytes and halves are slow or missing on machines without AVX-512: element by element.
      loops.enter(position, inner, 1, roots);
      makeLoop(b, indexOf(b, full), indexOf(b, size(inner)), 1, {}, [&](Value i, ValueRange) -> SmallVector<Value> {
        emitVector(i, 1);
        return {};
      });
    };
    if (chunks == 1)
      return tail();
    makeIf(b, arith::CmpIOp::create(b, arith::CmpIPredicate::eq, chunkIndex, indexOf(b, chunks - 1)), tail);
  }

  bool isNarrow() const {
    auto narrow = [](Type element) { return element.getIntOrFloatBitWidth() < 32; };
    return llvm::any_of(graph.stores, [&](const BodyStore &store) { return narrow(store.element); }) ||
           llvm::any_of(graph.nodes, [&](const BodyNode &node) { return node.kind == BodyNode::Load && narrow(node.element); });
  }

  void emitBlock(Value at, int64_t active, int64_t steps) {
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

  bool isTransposed(const BodyStore &store) const { return coefficient(store.access, inner) != 1 && coefficient(store.access, block) == 1; }

  void emitVector(Value at, int64_t active) {
    loops.newVector();
    SmallVector<Value> results; // all before the first store: an output may lie in the place of an input
    for (const BodyStore &store : graph.stores)
      results.push_back(loops.emit(store.node, at, active));
    for (auto [store, result] : llvm::zip_equal(graph.stores, results))
      loops.store(store, result, at, active);
  }

  /// Whether block and vector dim together are contiguous in memory, with few elements in the block.
  bool isInterleaved(const Linear &access, int64_t steps) const {
    return steps <= kFewRows && steps == size(block) && coefficient(access, inner) == steps;
  }

  SmallVector<Value> loadTransposed(unsigned id, Value at, int64_t active, int64_t steps) {
    const BodyNode &node = graph.nodes[id];
    Value buffer = loops.bufferOfLoad(id);
    Type storage = cast<MemRefType>(buffer.getType()).getElementType();
    auto load = [&](Value from, int64_t count) {
      return loadElements(b, buffer, from, lanes, storage, count >= lanes ? Value() : indexOf(b, count));
    };
    SmallVector<Value> rows, columns;
    Value from = loops.addressOfLoad(id, at);
    if (isInterleaved(node.access, steps)) {
      for (int64_t done = 0; done < active * steps; done += lanes)
        rows.push_back(load(offsetBy(b, from, done), active * steps - done));
      columns = permuteRegisters(b, rows, steps, lanes, [&](int64_t j, int64_t i) -> std::pair<int64_t, int64_t> {
        int64_t element = i * steps + j;
        return {i < active ? element / lanes : -1, element % lanes};
      });
    } else {
      for (int64_t i = 0; i < active; ++i)
        rows.push_back(load(offsetBy(b, from, i * coefficient(node.access, inner)), steps));
      columns = transposeRegisters(b, rows, lanes);
      columns.truncate(steps);
    }
    Type element = cast<RankedTensorType>(node.value.getType()).getElementType();
    for (Value &column : columns)
      column = fromStorage(b, column, element);
    return columns;
  }

  void storeTransposed(const BodyStore &store, ArrayRef<Value> columns, Value at, int64_t active) {
    Value buffer = loops.bufferOfStore(store);
    Type storage = cast<MemRefType>(buffer.getType()).getElementType();
    SmallVector<Value> stored;
    for (Value column : columns)
      stored.push_back(toStorage(b, column, storage));
    int64_t steps = columns.size();
    Value to = loops.addressOfStore(store, at);
    auto put = [&](Value row, Value address, int64_t count) {
      storeElements(b, row, buffer, address, storage, count >= lanes ? Value() : indexOf(b, count));
    };
    if (isInterleaved(store.access, steps)) {
      SmallVector<Value> rows =
          permuteRegisters(b, stored, llvm::divideCeil(active * steps, lanes), lanes, [&](int64_t k, int64_t i) -> std::pair<int64_t, int64_t> {
            int64_t element = k * lanes + i;
            return {element < active * steps ? element % steps : -1, element / steps};
          });
      for (auto [k, row] : llvm::enumerate(rows))
        put(row, offsetBy(b, to, k * lanes), active * steps - k * lanes);
      return;
    }
    SmallVector<Value> rows = transposeRegisters(b, stored, lanes);
    for (int64_t i = 0; i < active; ++i)
      put(rows[i], offsetBy(b, to, i * coefficient(store.access, inner)), steps);
  }

  ImplicitLocOpBuilder &b;
  const BodyGraph &graph;
  BodyLoops loops;
  int64_t lanes, chunk, step = 1;
  int inner = -1, block = -1;
  SmallVector<unsigned> roots, transposed;
  SmallVector<int64_t> counts; ///< of all loops around a vector
  SmallVector<int> dims;       ///< of those that step through whole dims: the first ones
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
  int64_t pieces = 0;
  for (BodyGraph &graph : *graphs)
    pieces += boxes.emplace_back(b, context, graph).pieces();
  auto [from, to] = shareOf(b, context, pieces);
  int64_t begin = 0;
  for (BoxEmitter &box : boxes) {
    if (boxes.size() == 1) {
      box.emit(from, to);
      break;
    }
    // The pieces of all boxes are numbered through; this box takes its part of the share.
    int64_t count = box.pieces();
    auto local = [&](Value piece) {
      Value clamped = b.createOrFold<arith::MinUIOp>(b.createOrFold<arith::MaxUIOp>(piece, indexOf(b, begin)), indexOf(b, begin + count));
      return b.createOrFold<arith::SubIOp>(clamped, indexOf(b, begin));
    };
    Value low = local(from);
    box.emit(low, local(to));
    begin += count;
  }
  return success();
}

} // namespace ingot
