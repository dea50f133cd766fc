// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operators that look elements up, put them somewhere, order them or run along a dim.
#include "dialects/Ingot/SymbolicDims.h"
#include "frontends/onnx/Import/GraphImporter.h"
#include "frontends/onnx/Import/Node.h"
#include "frontends/onnx/Import/Registry.h"

using namespace mlir;

namespace ingot::importer {
namespace {

void importGather(Node &n) {
  if (std::optional<int64_t> axis = n.axis(rankOf(n[0])))
    n.yield(n.create<GatherOp>(n[0], n[1], *axis));
}

void importGatherElements(Node &n) {
  if (std::optional<int64_t> axis = n.axis(rankOf(n[0])))
    n.yield(n.create<GatherElementsOp>(n[0], n[1], *axis));
}

void importGatherNd(Node &n) { n.yield(n.create<GatherNdOp>(n[0], n[1], n.integer("batch_dims"))); }

std::optional<ScatterKind> scatterKind(Node &n) {
  StringRef name = n.string("reduction");
  std::optional<ScatterKind> kind = symbolizeScatterKind(name.empty() || name == "none" ? "assign" : name);
  if (!kind)
    n.error() << "unknown reduction '" << name << "'";
  return kind;
}

void importScatterElements(Node &n) {
  std::optional<ScatterKind> kind = scatterKind(n);
  std::optional<int64_t> axis = n.axis(rankOf(n[0]));
  if (kind && axis)
    n.yield(n.create<ScatterElementsOp>(*kind, n[0], n[1], n[2], *axis));
}

void importScatterNd(Node &n) {
  if (std::optional<ScatterKind> kind = scatterKind(n))
    n.yield(n.create<ScatterNdOp>(*kind, n[0], n[1], n[2]));
}

/// Writes `update` into the cache from position write_indices[batch] on, along `axis`.
void importTensorScatter(Node &n) {
  Value cache = n[0], update = n[1];
  int64_t rank = rankOf(cache);
  std::optional<int64_t> axis = n.axis(rank);
  if (!axis)
    return;
  Dims dims = getDims(typeOf(update));
  AffineExpr length = getDims(typeOf(cache))[*axis];
  Value positions = n.iota(dims[*axis], rank, *axis);
  if (n.has(2)) {
    Dims perBatch(rank, getAffineConstantExpr(1, n.b.getContext()));
    perBatch[0] = dims[0];
    positions = n.add(positions, n.reshape(n[2], perBatch));
  }
  if (n.string("mode") == "circular")
    positions = n.binary(BinaryKind::Mod, positions, n.dimsTensor({length}, RankedTensorType::get({}, n.b.getI64Type())));
  n.yield(n.create<ScatterElementsOp>(ScatterKind::Assign, cache, n.broadcast(positions, dims), update, *axis));
}

template <ReduceKind kind> void importArgReduce(Node &n) {
  if (std::optional<int64_t> axis = n.axis(rankOf(n[0])))
    n.yield(n.create<ArgReduceOp>(kind, n[0], *axis, n.flag("keepdims"), n.flag("select_last_index")));
}

void importTopK(Node &n) {
  std::optional<int64_t> axis = n.axis(rankOf(n[0]));
  std::optional<int64_t> k = n.since() < 10 ? n.integer("k") : n.integer(1u);
  if (!axis || !k)
    return;
  Operation *op = n.createOp<TopKOp>(n[0], *k, *axis, n.since() < 11 || n.flag("largest"));
  if (!op)
    return;
  n.yield(0, op->getResult(0));
  n.yield(1, op->getResult(1));
}

template <ReduceKind kind> void importCumulative(Node &n) {
  std::optional<int64_t> given = n.integer(1u);
  std::optional<int64_t> axis = given ? n.normalize(*given, rankOf(n[0])) : std::nullopt;
  if (axis)
    n.yield(n.create<CumulativeOp>(kind, n[0], *axis, n.flag("exclusive"), n.flag("reverse")));
}

/// The positions of the true elements, when they are known.
std::optional<Ints> truePositions(Node &n, unsigned index) {
  std::optional<Ints> condition = n.ints(index);
  if (!condition)
    return std::nullopt;
  Ints positions;
  for (auto [i, element] : llvm::enumerate(*condition))
    if (element)
      positions.push_back(i);
  return positions;
}

void importCompress(Node &n) {
  std::optional<Ints> positions = truePositions(n, 1);
  if (!positions)
    return;
  Value x = n[0];
  if (!n.hasAttribute("axis")) {
    return n.yield(n.create<GatherOp>(n.reshape(x, productOf(getDims(typeOf(x)), n.b.getContext())), n.ints(*positions), 0));
  }
  if (std::optional<int64_t> axis = n.axis(rankOf(x)))
    n.yield(n.create<GatherOp>(x, n.ints(*positions), *axis));
}

/// The number of non-zero elements is the size of the result: only a constant has it.
void importNonZero(Node &n) {
  std::optional<Ints> nonZero;
  if (std::optional<SmallVector<double>> reals = n.readFloats(n[0])) {
    nonZero.emplace();
    for (auto [i, element] : llvm::enumerate(*reals))
      if (element != 0.0)
        nonZero->push_back(i);
  } else {
    nonZero = truePositions(n, 0);
  }
  if (!nonZero)
    return;
  ArrayRef<int64_t> shape = typeOf(n[0]).getShape();
  Ints coordinates;
  for (size_t dim = 0; dim < shape.size(); ++dim) {
    int64_t inner = 1;
    for (int64_t size : shape.drop_front(dim + 1))
      inner *= size;
    for (int64_t flat : *nonZero)
      coordinates.push_back(flat / inner % shape[dim]);
  }
  n.yield(n.reshape(n.ints(coordinates), {static_cast<int64_t>(shape.size()), static_cast<int64_t>(nonZero->size())}));
}

/// Element i of a sequence of length l comes from l - 1 - i; what is behind the sequence stays.
void importReverseSequence(Node &n) {
  Value x = n[0];
  int64_t rank = rankOf(x), time = n.integer("time_axis"), batch = n.integer("batch_axis");
  Dims dims = getDims(typeOf(x)), perBatch(rank, getAffineConstantExpr(1, n.b.getContext()));
  perBatch[batch] = dims[batch];
  Value lengths = n.reshape(n.cast(n[1], n.b.getI64Type()), perBatch), steps = n.iota(dims[time], rank, time);
  Value mirrored = n.binary(BinaryKind::Sub, n.sub(lengths, steps), 1.0);
  Value from = n.select(n.compare(Predicate::Lt, steps, lengths), mirrored, steps);
  n.yield(n.create<GatherElementsOp>(x, n.broadcast(from, dims), time));
}

constexpr OpRow kRows[] = {
    {"ArgMax", importArgReduce<ReduceKind::Max>},
    {"ArgMin", importArgReduce<ReduceKind::Min>},
    {"Compress", importCompress},
    {"CumProd", importCumulative<ReduceKind::Prod>},
    {"CumSum", importCumulative<ReduceKind::Sum>},
    {"Gather", importGather},
    {"GatherElements", importGatherElements},
    {"GatherND", importGatherNd},
    {"NonZero", importNonZero},
    {"ReverseSequence", importReverseSequence},
    {"Scatter", importScatterElements},
    {"ScatterElements", importScatterElements},
    {"ScatterND", importScatterNd},
    {"TensorScatter", importTensorScatter},
    {"TopK", importTopK},
};

} // namespace

ArrayRef<OpRow> indexingOps() { return kRows; }

} // namespace ingot::importer
