// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operators that move elements: reshapes, transposes, slices, concatenations, pads.
#include "dialects/Ingot/SymbolicDims.h"
#include "frontends/onnx/Import/GraphImporter.h"
#include "frontends/onnx/Import/Node.h"
#include "frontends/onnx/Import/Registry.h"

#include <limits>
#include <numeric>

using namespace mlir;

namespace ingot::importer {
namespace {

/// The dim that -1 stands for: what is left of `from` after all other dims of `to`.
std::optional<AffineExpr> inferredDim(Node &n, ArrayRef<AffineExpr> from, ArrayRef<AffineExpr> to) {
  AffineExpr total = productOf(from, n.b.getContext()), known = productOf(to, n.b.getContext());
  if (AffineExpr dim = divideDim(total, known))
    return dim;
  if (std::optional<int64_t> divisor = getConstant(known); divisor && *divisor > 0 && !getConstant(total))
    return simplifyDim(total.floorDiv(*divisor)); // checked when the model runs
  if (getConstant(known))
    n.error() << "cannot find the dim that -1 stands for: " << *getConstant(total) << " elements do not divide by " << *getConstant(known);
  else
    n.graph.reportSymbolic(n.loc, to);
  return std::nullopt;
}

/// To a shape that a run computes: zeros copy dims and -1 stands for the rest, as numbers in tensors; the results become symbols.
void reshapeAtRunTime(Node &n) {
  RankedTensorType type = typeOf(n[1]);
  Dims from = getDims(typeOf(n[0]));
  if (!n.symbols->isDynamic() || type.getRank() != 1 || !type.hasStaticShape()) {
    n.dims(1); // reports
    return;
  }
  int64_t rank = type.getDimSize(0);
  Value wanted = n.cast(n[1], n.b.getI64Type()), zero = n.scalar(0.0, n.b.getI64Type());
  if (!n.flag("allowzero")) {
    Dims own(from);
    own.resize(rank, getAffineConstantExpr(0, n.b.getContext()));
    wanted = n.select(n.compare(Predicate::Eq, wanted, zero), n.dimsTensor(own), wanted);
  }
  Value total = n.dimsTensor({productOf(from, n.b.getContext())}), others = n.unary(UnaryKind::Abs, n.reduce(ReduceKind::Prod, wanted, {0}, true));
  Value rest = n.div(total, n.binary(BinaryKind::Max, others, n.scalar(1.0, n.b.getI64Type())));
  wanted = n.select(n.compare(Predicate::Lt, wanted, zero), rest, wanted);
  if (std::optional<Dims> to = n.bindDims(wanted, "shape"))
    n.yield(n.reshape(n[0], *to));
}

void importReshape(Node &n) {
  Value x = n[0];
  std::optional<Dims> to;
  if (n.hasAttribute("shape")) {
    to.emplace(llvm::map_range(n.integers("shape"), [&](int64_t size) { return getAffineConstantExpr(size, n.b.getContext()); }));
  } else {
    to = n.readDims(n[1]);
    if (!to) {
      if (std::optional<Dims> declared = n.declaredDims(0))
        return n.yield(n.reshape(x, *declared));
      return reshapeAtRunTime(n);
    }
  }
  Dims from = getDims(typeOf(x));
  std::optional<size_t> missing;
  for (auto [i, dim] : llvm::enumerate(*to)) {
    std::optional<int64_t> size = getConstant(dim);
    if (size == 0 && !n.flag("allowzero")) {
      if (i >= from.size()) {
        n.error() << "the shape copies dim " << i << " of an operand of rank " << from.size();
        return;
      }
      dim = from[i];
    }
    if (size == -1)
      missing = i;
  }
  if (missing) {
    Dims others = *to;
    others.erase(others.begin() + *missing);
    std::optional<AffineExpr> dim = inferredDim(n, from, others);
    if (!dim)
      return;
    (*to)[*missing] = *dim;
  }
  n.yield(n.reshape(x, *to));
}

void importTranspose(Node &n) {
  Ints permutation = n.integers("perm");
  if (permutation.empty()) {
    permutation.resize(rankOf(n[0]));
    std::iota(permutation.rbegin(), permutation.rend(), 0);
  }
  n.yield(n.transpose(n[0], permutation));
}

void importSqueeze(Node &n) {
  std::optional<Ints> axes = n.listOf("axes", 1);
  if (!axes)
    return;
  RankedTensorType type = typeOf(n[0]);
  if (axes->empty() && !n.has(1) && !n.hasAttribute("axes"))
    for (auto [i, size] : llvm::enumerate(type.getShape()))
      if (size == 1)
        axes->push_back(i);
  axes = n.normalize(*axes, type.getRank());
  if (!axes)
    return;
  for (int64_t axis : *axes)
    if (type.getDimSize(axis) != 1) {
      n.error() << "cannot squeeze dim " << axis << " of " << type << ": its size is not 1";
      return;
    }
  n.yield(n.squeeze(n[0], *axes));
}

void importUnsqueeze(Node &n) {
  std::optional<Ints> axes = n.listOf("axes", 1);
  if (axes)
    axes = n.normalize(*axes, rankOf(n[0]) + static_cast<int64_t>(axes->size()));
  if (axes)
    n.yield(n.unsqueeze(n[0], *axes));
}

void importFlatten(Node &n) {
  Dims from = getDims(typeOf(n[0]));
  int64_t rank = from.size(), axis = n.integer("axis");
  if (axis < -rank || axis > rank) {
    n.error() << "axis " << axis << " is not a dim of a tensor of rank " << rank;
    return;
  }
  axis += axis < 0 ? rank : 0;
  MLIRContext *context = n.b.getContext();
  n.yield(n.reshape(n[0], {productOf(ArrayRef(from).take_front(axis), context), productOf(ArrayRef(from).drop_front(axis), context)}));
}

void importConcat(Node &n) {
  SmallVector<Value> inputs;
  for (unsigned i = 0; i < n.size(); ++i)
    inputs.push_back(n[i]);
  if (std::optional<int64_t> axis = n.axis(rankOf(n[0])))
    n.yield(n.concat(inputs, *axis));
}

void importSplit(Node &n) {
  Value x = n[0];
  MLIRContext *context = n.b.getContext();
  std::optional<int64_t> axis = n.axis(rankOf(x));
  std::optional<Ints> given = n.listOf("split", 1);
  if (!axis || !given)
    return;
  AffineExpr extent = getDims(typeOf(x))[*axis];
  Dims sizes(llvm::map_range(*given, [&](int64_t size) { return getAffineConstantExpr(size, context); }));
  if (sizes.empty()) {
    int64_t parts = n.integer("num_outputs", n.numOutputs());
    AffineExpr size = simplifyDim(extent.ceilDiv(parts)), left = extent;
    for (int64_t i = 0; i < parts; ++i) { // the last ones get what is left, if anything is
      std::optional<int64_t> fixed = getConstant(left);
      sizes.push_back(fixed ? getAffineConstantExpr(std::min(*getConstant(size), *fixed), context) : i + 1 < parts ? size : left);
      left = simplifyDim(left - sizes.back());
    }
    if (parts == 2 && !getConstant(extent))
      sizes.back() = extent.floorDiv(2);
    else if (!n.graph.getSymbols().isAtLeast(sizes.back(), 0))
      return n.graph.reportSymbolic(n.loc, {extent});
  } else if (AffineExpr total = std::accumulate(sizes.begin(), sizes.end(), getAffineConstantExpr(0, context), std::plus<>());
             !n.requireEqual(total, extent)) {
    n.error() << "the parts do not add up to the elements of dim " << *axis << " of " << x.getType();
    return;
  }
  if (sizes.size() < n.numOutputs()) {
    n.error() << "has " << n.numOutputs() << " results and only " << sizes.size() << " parts";
    return;
  }
  AffineExpr begin = getAffineConstantExpr(0, context);
  for (unsigned i = 0; i < n.numOutputs(); ++i) {
    n.yield(i, n.sliceAxis(x, *axis, begin, sizes[i]));
    begin = simplifyDim(begin + sizes[i]);
  }
}

/// Each of the pads that a run computes.
constexpr int64_t kMaxComputedPad = 1 << 12, kMaxComputedPads = 8;

/// Pads that a run computes, as symbols; nothing for others.
std::optional<Dims> computedPads(Node &n) {
  RankedTensorType type = typeOf(n[1]);
  if (n.readInts(n[1]) || !n.symbols->isDynamic() || n.string("mode") != "constant" || type.getRank() != 1 || !type.hasStaticShape() ||
      type.getNumElements() > kMaxComputedPads)
    return std::nullopt;
  Dims pads;
  for (int64_t i = 0; i < type.getNumElements(); ++i)
    pads.push_back(n.bindGrowing(n.sliceAxis(n[1], 0, i, 1), n.proto.name() + ".pad" + std::to_string(i), kMaxComputedPad));
  return pads;
}

/// Pads that depend on open dims: borders of one number, concatenated.
void importOpenPad(Node &n, ArrayRef<AffineExpr> pads) {
  Value x = n[0];
  Ints all(rankOf(x));
  std::iota(all.begin(), all.end(), 0);
  std::optional<Ints> axes = n.has(3) ? n.ints(3) : all;
  if (axes)
    axes = n.normalize(*axes, rankOf(x));
  if (!axes)
    return;
  if (pads.size() != 2 * axes->size()) {
    n.error() << "needs two pads for each of " << axes->size() << " dims, has " << pads.size();
    return;
  }
  if (n.string("mode") != "constant" || !llvm::all_of(pads, [&](AffineExpr pad) { return n.graph.getSymbols().isAtLeast(pad, 0); }))
    return n.graph.reportSymbolic(n.loc, pads);
  Dims low(all.size(), getAffineConstantExpr(0, n.b.getContext())), high = low;
  for (auto [i, axis] : llvm::enumerate(*axes)) {
    low[axis] = simplifyDim(pads[i]);
    high[axis] = simplifyDim(pads[axes->size() + i]);
  }
  n.yield(n.padConstant(x, low, high, n.has(2) ? n.reshape(n[2], ArrayRef<int64_t>{}) : Value()));
}

void importPad(Node &n) {
  Value x = n[0];
  int64_t rank = rankOf(x);
  bool attributes = n.since() < 11;
  if (std::optional<Dims> open = attributes ? std::nullopt : getPlaceholderDims(n[1]))
    return importOpenPad(n, *open);
  if (std::optional<Dims> computed = attributes ? std::nullopt : computedPads(n))
    return importOpenPad(n, *computed);
  std::optional<Ints> pads = attributes ? n.integers("pads") : n.ints(1);
  std::optional<Ints> axes = n.has(3) ? n.ints(3) : Ints();
  if (!pads || !axes)
    return;
  if (!n.has(3)) {
    axes->resize(rank);
    std::iota(axes->begin(), axes->end(), 0);
  }
  axes = n.normalize(*axes, rank);
  if (!axes)
    return;
  if (pads->size() != 2 * axes->size()) {
    n.error() << "needs two pads for each of " << axes->size() << " dims, has " << pads->size();
    return;
  }
  Ints low(rank, 0), high(rank, 0);
  for (auto [i, axis] : llvm::enumerate(*axes)) {
    low[axis] = (*pads)[i];
    high[axis] = (*pads)[axes->size() + i];
  }
  StringRef name = n.string("mode");
  PadMode mode = name == "reflect" ? PadMode::Reflect : name == "edge" ? PadMode::Edge : name == "wrap" ? PadMode::Wrap : PadMode::Constant;
  TypedAttr value = attributes ? TypedAttr(getScalar(n.real("value"), elementOf(x))) : TypedAttr();
  if (n.has(2)) {
    DenseElementsAttr dense = getDenseConstant(n[2]);
    if (!dense) {
      // A border computed at run time: pad a mask along with the tensor.
      auto zeros = getScalar(0.0, n.b.getI1Type());
      Value inside = n.pad(PadMode::Constant, n.full(getDims(typeOf(x)), n.scalar(1.0, n.b.getI1Type())), low, high, zeros);
      Value border = n.reshape(n[2], ArrayRef<int64_t>{});
      return n.yield(n.select(inside, n.pad(mode, x, low, high), border));
    }
    value = cast<TypedAttr>(dense.reshape(RankedTensorType::get({}, dense.getElementType())));
  }
  n.yield(n.pad(mode, x, low, high, value));
}

/// To a shape that a run computes: its dims become symbols; those that `x` has must be 1 or the same there.
void expandAtRunTime(Node &n) {
  Dims from = getDims(typeOf(n[0]));
  std::optional<Dims> to = n.dims(1);
  if (!to)
    return;
  for (size_t back = 1; back <= std::min(from.size(), to->size()); ++back) {
    AffineExpr &own = from[from.size() - back], &wanted = (*to)[to->size() - back];
    if (getConstant(own) == 1 || own == wanted)
      continue;
    Value size = n.dimsTensor({wanted}), known = n.dimsTensor({own}), one = n.dimsTensor({getAffineConstantExpr(1, n.b.getContext())});
    Value wrong = n.mul(n.sub(size, one), n.sub(size, known));
    n.requireZero(wrong, "expands a dim to a size that is neither 1 nor that of the operand");
    wanted = own;
  }
  FailureOr<Dims> joined = broadcastDims(*to, from);
  if (succeeded(joined))
    n.yield(n.broadcast(n[0], *joined));
  else
    n.error() << "cannot expand " << n[0].getType() << " to the given shape";
}

void importExpand(Node &n) {
  std::optional<Dims> to = n.readDims(n[1]);
  if (!to)
    to = n.declaredDims(0);
  if (!to)
    return expandAtRunTime(n);
  Value x = n.equalize(n[0], *to);
  FailureOr<Dims> joined = broadcastDims(*to, getDims(typeOf(x)));
  if (failed(joined)) {
    n.error() << "cannot expand " << n[0].getType() << " to the given shape";
    return;
  }
  n.yield(n.broadcast(x, *joined));
}

/// [a, b] tiled [r, s] is [1, a, 1, b] broadcast to [r, a, s, b] and reshaped to [r a, s b].
void importTile(Node &n) {
  std::optional<Dims> repeats = n.dims(1);
  if (!repeats)
    return;
  Dims from = getDims(typeOf(n[0])), apart, wide, to;
  if (repeats->size() != from.size()) {
    n.error() << "needs one repeat per dim of a tensor of rank " << from.size() << ", has " << repeats->size();
    return;
  }
  MLIRContext *context = n.b.getContext();
  for (auto [dim, repeat] : llvm::zip_equal(from, *repeats)) {
    if (getConstant(repeat) != 1) {
      apart.push_back(getAffineConstantExpr(1, context));
      wide.push_back(repeat);
    }
    apart.push_back(dim);
    wide.push_back(dim);
    to.push_back(dim * repeat);
  }
  n.yield(n.reshape(n.broadcast(n.reshape(n[0], apart), wide), to));
}

void importDepthToSpace(Node &n) {
  Dims dims = getDims(typeOf(n[0]));
  int64_t size = n.integer("blocksize");
  AffineExpr batch = dims[0], block = getAffineConstantExpr(size, n.b.getContext()), channels = dims[1].floorDiv(size * size), h = dims[2],
             w = dims[3];
  bool columnFirst = n.string("mode") == "CRD";
  Value x = columnFirst ? n.reshape(n[0], {batch, channels, block, block, h, w}) : n.reshape(n[0], {batch, block, block, channels, h, w});
  x = n.transpose(x, columnFirst ? ArrayRef<int64_t>{0, 1, 4, 2, 5, 3} : ArrayRef<int64_t>{0, 3, 4, 1, 5, 2});
  n.yield(n.reshape(x, {batch, channels, h * size, w * size}));
}

void importSpaceToDepth(Node &n) {
  Dims dims = getDims(typeOf(n[0]));
  int64_t size = n.integer("blocksize");
  AffineExpr batch = dims[0], block = getAffineConstantExpr(size, n.b.getContext()), channels = dims[1];
  AffineExpr h = simplifyDim(dims[2].floorDiv(size)), w = simplifyDim(dims[3].floorDiv(size));
  Ints order = n.string("mode") == "CRD" ? Ints{0, 1, 3, 5, 2, 4} : Ints{0, 3, 5, 1, 2, 4};
  Value x = n.transpose(n.reshape(n[0], {batch, channels, h, block, w, block}), order);
  n.yield(n.reshape(x, {batch, channels * (size * size), h, w}));
}

/// Upper (or lower) triangle: an element stays where column - row >= k (or <= k).
void importTrilu(Node &n) {
  Value x = n[0];
  int64_t rank = rankOf(x);
  Dims dims = getDims(typeOf(x));
  Value k = n.has(1) ? n.reshape(n[1], ArrayRef<int64_t>{}) : n.scalar(0.0, n.b.getI64Type());
  Value distance = n.sub(n.iota(dims[rank - 1], 2, 1), n.iota(dims[rank - 2], 2, 0));
  Value stays = n.compare(n.flag("upper") ? Predicate::Ge : Predicate::Le, distance, k);
  n.yield(n.select(stays, x, n.scalar(0.0, elementOf(x))));
}

/// Crops or pads each dim around its centre to the given size.
void importCenterCropPad(Node &n) {
  Value x = n[0];
  int64_t rank = rankOf(x);
  std::optional<Ints> sizes = n.ints(1);
  Ints all(rank);
  std::iota(all.begin(), all.end(), 0);
  std::optional<Ints> axes = n.normalize(n.hasAttribute("axes") ? n.integers("axes") : all, rank);
  if (!sizes || !axes)
    return;
  Ints low(rank, 0), high(rank, 0);
  for (auto [axis, size] : llvm::zip(*axes, *sizes)) {
    std::optional<int64_t> extent = n.fixedDim(x, axis);
    if (!extent)
      return;
    int64_t missing = size - *extent;
    low[axis] = missing >= 0 ? missing / 2 : -(-missing / 2);
    high[axis] = missing - low[axis];
  }
  n.yield(n.pad(PadMode::Constant, x, low, high));
}

constexpr OpRow kLayoutOps[] = {
    {"CenterCropPad", importCenterCropPad},
    {"Concat", importConcat},
    {"DepthToSpace", importDepthToSpace},
    {"Expand", importExpand},
    {"Flatten", importFlatten},
    {"Pad", importPad},
    {"Reshape", importReshape},
    {"SpaceToDepth", importSpaceToDepth},
    {"Split", importSplit},
    {"Squeeze", importSqueeze},
    {"Tile", importTile},
    {"Transpose", importTranspose},
    {"Trilu", importTrilu},
    {"Unsqueeze", importUnsqueeze},
};

} // namespace

ArrayRef<OpRow> layoutOps() { return kLayoutOps; }

} // namespace ingot::importer
