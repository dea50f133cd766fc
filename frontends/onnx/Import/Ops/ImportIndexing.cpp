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

template <ReduceKind kind> void importCumulative(Node &n) {
  std::optional<int64_t> given = n.integer(1u);
  std::optional<int64_t> axis = given ? n.normalize(*given, rankOf(n[0])) : std::nullopt;
  if (axis)
    n.yield(n.create<CumulativeOp>(kind, n[0], *axis, n.flag("exclusive"), n.flag("reverse")));
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

constexpr OpRow kIndexingOps[] = {
    {"ArgMax", importArgReduce<ReduceKind::Max>},
    {"ArgMin", importArgReduce<ReduceKind::Min>},
    {"CumProd", importCumulative<ReduceKind::Prod>},
    {"CumSum", importCumulative<ReduceKind::Sum>},
    {"Gather", importGather},
    {"GatherElements", importGatherElements},
    {"GatherND", importGatherNd},
    {"ReverseSequence", importReverseSequence},
    {"Scatter", importScatterElements},
    {"ScatterElements", importScatterElements},
    {"ScatterND", importScatterNd},
    {"TensorScatter", importTensorScatter},
};

} // namespace

ArrayRef<OpRow> indexingOps() { return kIndexingOps; }

} // namespace ingot::importer
