// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operators whose result has as many elements as data says. Where the data is a constant, so is the size; else the operation gives a tensor of the
// largest size and a count, the count becomes a symbol, and the result is a slice.
#include "frontends/onnx/Import/GraphImporter.h"
#include "frontends/onnx/Import/Node.h"
#include "frontends/onnx/Import/Registry.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace ingot::importer {
namespace {

/// Elements of a Range whose ends are computed when the model runs.
constexpr int64_t kMaxRange = 1 << 24;

AffineExpr number(Node &n, int64_t value) { return getAffineConstantExpr(value, n.b.getContext()); }
RankedTensorType countType(Node &n) { return RankedTensorType::get({}, n.b.getI64Type()); }
Value flat(Node &n, Value value) { return n.reshape(value, ArrayRef<int64_t>{}); }
RankedTensorType indexType(Node &n, ArrayRef<AffineExpr> dims) { return makeTensorType(dims, n.b.getI64Type()); }

/// What `count`, at most `limit`, becomes at run time.
AffineExpr bindCount(Node &n, Value count, AffineExpr limit) {
  return n.bindDim(count, n.proto.name() + ".count", {0, std::numeric_limits<int64_t>::max()}, limit);
}

Value takeFirst(Node &n, Value x, int64_t axis, AffineExpr count) { return n.sliceAxis(x, axis, number(n, 0), count); }

void importTopK(Node &n) {
  std::optional<int64_t> axis = n.axis(rankOf(n[0]));
  if (!axis)
    return;
  AffineExpr size = getDims(typeOf(n[0]))[*axis];
  bool isKnown = n.since() < 10 || n.readDims(n[1]).has_value() || !getConstant(size);
  std::optional<int64_t> k = !isKnown ? *getConstant(size) : n.since() < 10 ? n.integer("k") : n.integer(1u);
  if (!k)
    return;
  AffineExpr count = isKnown ? AffineExpr() : n.bindDim(n[1], n.proto.name() + ".k", {0, *k}, size);
  Operation *op = n.createOp<TopKOp>(n[0], *k, *axis, n.since() < 11 || n.flag("largest"));
  if (!op)
    return;
  for (unsigned i : {0, 1})
    n.yield(i, count ? takeFirst(n, op->getResult(i), *axis, count) : op->getResult(i));
}

/// The positions of the elements that are not zero, when they are known.
std::optional<Ints> nonZeroPositions(Node &n, Value x) {
  Ints positions;
  if (std::optional<SmallVector<double>> reals = n.readFloats(x)) {
    for (auto [i, element] : llvm::enumerate(*reals))
      if (element != 0.0)
        positions.push_back(i);
    return positions;
  }
  std::optional<Ints> elements = n.readInts(x);
  if (!elements)
    return std::nullopt;
  for (auto [i, element] : llvm::enumerate(*elements))
    if (element != 0)
      positions.push_back(i);
  return positions;
}

/// The coordinates of the elements that are not zero, one column each.
Value nonZero(Node &n, Value x) {
  RankedTensorType type = typeOf(x);
  if (std::optional<Ints> known = nonZeroPositions(n, x)) {
    Ints coordinates;
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      int64_t inner = 1;
      for (int64_t size : type.getShape().drop_front(dim + 1))
        inner *= size;
      for (int64_t position : *known)
        coordinates.push_back(position / inner % type.getDimSize(dim));
    }
    return n.reshape(n.ints(coordinates), {type.getRank(), static_cast<int64_t>(known->size())});
  }
  AffineExpr elements = productOf(getDims(type), n.b.getContext());
  auto op = NonZeroOp::create(n.b, n.loc, indexType(n, {number(n, type.getRank()), elements}), countType(n), x);
  return takeFirst(n, op.getIndices(), 1, bindCount(n, op.getCount(), elements));
}

void importNonZero(Node &n) { n.yield(nonZero(n, n[0])); }

void importCompress(Node &n) {
  Value positions = nonZero(n, n[1]);
  positions = n.reshape(positions, getDims(typeOf(positions))[1]);
  Value x = n[0];
  if (!n.hasAttribute("axis"))
    n.yield(n.create<GatherOp>(n.reshape(x, productOf(getDims(typeOf(x)), n.b.getContext())), positions, 0));
  else if (std::optional<int64_t> axis = n.axis(rankOf(x)))
    n.yield(n.create<GatherOp>(x, positions, *axis));
}

void importUnique(Node &n) {
  Value x = n[0], rows;
  int64_t axis = 0;
  if (n.hasAttribute("axis")) {
    std::optional<int64_t> given = n.axis(rankOf(x));
    if (!given)
      return;
    axis = *given;
    Ints order = {axis};
    for (int64_t dim = 0; dim < rankOf(x); ++dim)
      if (dim != axis)
        order.push_back(dim);
    rows = n.transpose(x, order);
    Dims dims = getDims(typeOf(rows));
    rows = n.reshape(rows, {dims.front(), productOf(ArrayRef(dims).drop_front(), n.b.getContext())});
  } else {
    x = n.reshape(x, productOf(getDims(typeOf(x)), n.b.getContext()));
    rows = n.unsqueeze(x, {1});
  }
  if (!rows)
    return;
  AffineExpr most = getDims(typeOf(rows)).front();
  RankedTensorType indices = indexType(n, most);
  auto op = UniqueOp::create(n.b, n.loc, TypeRange{indices, indices, indices, countType(n)}, rows, n.flag("sorted"));
  AffineExpr count = bindCount(n, op.getCount(), most);
  Value first = takeFirst(n, op.getFirst(), 0, count);
  n.yield(0, n.create<GatherOp>(x, first, axis));
  n.yield(1, first);
  n.yield(2, op.getInverse());
  n.yield(3, takeFirst(n, op.getOccurrences(), 0, count));
}

void importNonMaxSuppression(Node &n) {
  Type i64 = n.b.getI64Type(), f32 = n.b.getF32Type();
  auto scalarOr = [&](unsigned index, double otherwise, Type element) {
    return n.has(index) ? n.cast(flat(n, n[index]), element) : n.scalar(otherwise, element);
  };
  Value most = scalarOr(2, 0.0, i64), overlap = scalarOr(3, 0.0, f32), least = scalarOr(4, -std::numeric_limits<double>::infinity(), f32);
  if (rankOf(n[0]) != 3 || rankOf(n[1]) != 3) {
    n.error() << "needs boxes and scores of rank 3, has " << n[0].getType() << " and " << n[1].getType();
    return;
  }
  Dims scores = getDims(typeOf(n[1]));
  AffineExpr perClass = scores[2];
  std::optional<Ints> known = n.readInts(most);
  if (std::optional<int64_t> spatial = getConstant(perClass); known && spatial)
    perClass = number(n, std::clamp<int64_t>(known->front(), 0, *spatial));
  AffineExpr rows = simplifyDim(scores[0] * scores[1] * perClass);
  auto op = NonMaxSuppressionOp::create(n.b, n.loc, TypeRange{indexType(n, {rows, number(n, 3)}), countType(n)}, n[0], n[1], most, overlap, least,
                                        n.flag("center_point_box"));
  n.yield(takeFirst(n, op.getSelected(), 0, bindCount(n, op.getCount(), rows)));
}

/// The number of elements of a Range of integers whose ends are numbers or sizes; null when they are neither, or it may be negative.
AffineExpr knownCount(Node &n) {
  std::optional<Dims> start = n.readDims(n[0]), limit = n.readDims(n[1]);
  std::optional<Ints> delta = n.readInts(n[2]);
  if (!start || !limit || !delta || delta->front() == 0)
    return nullptr;
  AffineExpr distance = delta->front() > 0 ? limit->front() - start->front() : start->front() - limit->front();
  AffineExpr count = simplifyDim(distance.ceilDiv(std::abs(delta->front())));
  if (std::optional<int64_t> size = getConstant(count))
    return number(n, std::max<int64_t>(*size, 0));
  return n.symbols->isAtLeast(count, 0) ? count : AffineExpr();
}

void importRange(Node &n) {
  Type element = elementOf(n[0]);
  std::optional<Ints> step = n.readInts(n[2]);
  std::optional<SmallVector<double>> start = n.readFloats(n[0]), limit = n.readFloats(n[1]), delta = n.readFloats(n[2]);
  AffineExpr count = isa<IntegerType>(element) ? knownCount(n) : AffineExpr();
  if ((step && step->front() == 0) || (delta && delta->front() == 0.0)) {
    n.error() << "the step of Range node '" << n.proto.name() << "' is 0";
    return;
  }
  if (start && limit && delta) {
    double size = std::ceil((limit->front() - start->front()) / delta->front());
    if (!std::isfinite(size)) {
      n.error() << "the ends of Range node '" << n.proto.name() << "' are not finite";
      return;
    }
    count = number(n, std::max<int64_t>(static_cast<int64_t>(size), 0));
  }
  if (!count) {
    auto real = [&](unsigned index) { return n.cast(flat(n, n[index]), n.b.getF64Type()); };
    if (!step && !delta)
      n.requireZero(n.cast(n.compare(Predicate::Eq, real(2), n.scalar(0.0, n.b.getF64Type())), n.b.getI64Type()), "has a step of 0");
    Value size = n.unary(UnaryKind::Ceil, n.div(n.sub(real(1), real(0)), real(2)));
    size = n.cast(n.binary(BinaryKind::Max, size, n.scalar(0.0, n.b.getF64Type())), n.b.getI64Type());
    count = n.bindGrowing(size, n.proto.name() + ".count", kMaxRange);
  }
  n.yield(n.add(flat(n, n[0]), n.mul(n.cast(n.iota(count), element), flat(n, n[2]))));
}

constexpr OpRow kCountedOps[] = {
    {"Compress", importCompress}, {"NonMaxSuppression", importNonMaxSuppression},
    {"NonZero", importNonZero},   {"Range", importRange},
    {"TopK", importTopK},         {"Unique", importUnique},
};

} // namespace

ArrayRef<OpRow> countedOps() { return kCountedOps; }

} // namespace ingot::importer
