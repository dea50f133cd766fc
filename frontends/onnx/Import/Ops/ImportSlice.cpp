// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Slice. Bounds are numbers, sizes, or tensors; what cannot be told before a run becomes symbols.
#include "frontends/onnx/Import/GraphImporter.h"
#include "frontends/onnx/Import/Node.h"
#include "frontends/onnx/Import/Registry.h"

#include <numeric>

using namespace mlir;

namespace ingot::importer {
namespace {

/// One dim of an ONNX slice: the first element and the number of elements.
struct Range {
  int64_t begin, size;
};

Range resolveRange(int64_t start, int64_t end, int64_t step, int64_t extent) {
  auto clamp = [&](int64_t index, int64_t low, int64_t high) { return std::clamp(index < 0 ? index + extent : index, low, high); };
  if (step > 0) {
    int64_t begin = clamp(start, 0, extent), stop = clamp(end, 0, extent);
    return {begin, stop > begin ? (stop - begin - 1) / step + 1 : 0};
  }
  // INT64_MIN as the end would underflow in no case: extent is added to negative numbers only.
  int64_t begin = clamp(start, -1, extent - 1), stop = clamp(end, -1, extent - 1);
  if (begin <= stop)
    return {std::max<int64_t>(begin, 0), 0};
  uint64_t distance = begin - stop - 1, stride = 0 - static_cast<uint64_t>(step);
  return {begin, static_cast<int64_t>(distance / stride) + 1};
}

/// Starts or ends: sizes, or a tensor that a run computes.
struct Bounds {
  Dims known;
  Value computed; ///< null: `known` says it all

  size_t size() const { return computed ? typeOf(computed).getNumElements() : known.size(); }
  AffineExpr at(size_t i) const { return computed ? AffineExpr() : known[i]; }
  /// As a scalar.
  Value scalar(Node &n, size_t i) const {
    auto type = RankedTensorType::get({}, n.b.getI64Type());
    return computed ? n.cast(n.reshape(n.sliceAxis(computed, 0, i, 1), ArrayRef<int64_t>{}), n.b.getI64Type()) : n.dimsTensor({known[i]}, type);
  }
};

std::optional<Bounds> boundsOf(Node &n, unsigned index) {
  if (std::optional<Dims> known = n.readDims(n[index]))
    return Bounds{*known, {}};
  RankedTensorType type = typeOf(n[index]);
  if (type.getRank() == 1 && type.hasStaticShape() && n.symbols->isDynamic())
    return Bounds{{}, n[index]};
  if (std::optional<Dims> reported = n.dims(index))
    return Bounds{*reported, {}};
  return std::nullopt;
}

/// Start or end of a slice forward (or backward), counted from the front and clamped to the dim. Null where that depends on sizes that are not known.
AffineExpr resolveBound(Node &n, AffineExpr bound, AffineExpr extent, bool forward) {
  Symbols &symbols = n.graph.getSymbols();
  if (!bound)
    return nullptr;
  // Between which a bound lies: [0, extent] or, of a walk backward, [-1, extent - 1].
  AffineExpr least = getAffineConstantExpr(forward ? 0 : -1, n.b.getContext()), most = extent + least;
  if (getConstant(bound) >= std::numeric_limits<int32_t>::max()) // as far as it goes
    return most;
  if (std::optional<int64_t> number = getConstant(bound); number && *number < 0)
    bound = *number <= std::numeric_limits<int32_t>::min() ? least : simplifyDim(extent + *number);
  if (symbols.isAtLeast(bound - least, 0) && symbols.ensureAtMost(bound, most))
    return bound;
  if (symbols.isAtLeast(least - bound, 0)) // before the front
    return least;
  if (symbols.isAtLeast(bound - most, 0)) // behind the end
    return most;
  return nullptr;
}

/// Where a slice of one dim begins, and how many elements it has.
struct SymbolicRange {
  AffineExpr begin, size;
};

/// Computed when the model runs, as symbols. Forward only.
SymbolicRange computeRange(Node &n, Value start, Value end, int64_t step, AffineExpr extent) {
  auto type = RankedTensorType::get({}, n.b.getI64Type());
  Value size = n.dimsTensor({extent}, type), zero = n.scalar(0.0, n.b.getI64Type());
  auto clamp = [&](Value bound) {
    bound = n.select(n.compare(Predicate::Lt, bound, zero), n.add(bound, size), bound);
    return n.binary(BinaryKind::Min, n.binary(BinaryKind::Max, bound, zero), size);
  };
  Value from = clamp(start), count = n.sub(clamp(end), from);
  count = n.binary(BinaryKind::Max, n.div(n.add(count, n.scalar(step - 1, n.b.getI64Type())), n.scalar(step, n.b.getI64Type())), zero);
  constexpr int64_t kAny = std::numeric_limits<int64_t>::max();
  AffineExpr begin = n.bindDim(from, n.proto.name() + ".begin", {0, kAny}, extent);
  return {begin, n.bindDim(count, n.proto.name() + ".count", {0, kAny}, extent)};
}

/// Null where it cannot be told before a run.
SymbolicRange resolveSymbolic(Node &n, AffineExpr start, AffineExpr end, int64_t step, AffineExpr extent) {
  AffineExpr from = resolveBound(n, start, extent, step > 0), to = from ? resolveBound(n, end, extent, step > 0) : nullptr;
  if (!to)
    return {};
  AffineExpr distance = step > 0 ? to - from : from - to, none = getAffineConstantExpr(0, n.b.getContext());
  if (n.symbols->isAtLeast(-distance, 0))
    return {none, none};
  if (!n.symbols->isAtLeast(distance, 0))
    return {};
  return {from, simplifyDim(distance.ceilDiv(std::abs(step)))};
}

void importSlice(Node &n) {
  Value x = n[0];
  RankedTensorType type = typeOf(x);
  bool attributes = n.since() < 10;
  MLIRContext *context = n.b.getContext();
  auto numbers = [&](ArrayRef<int64_t> values) {
    return Dims(llvm::map_range(values, [&](int64_t value) { return getAffineConstantExpr(value, context); }));
  };
  std::optional<Bounds> starts = attributes ? Bounds{numbers(n.integers("starts")), {}} : boundsOf(n, 1);
  std::optional<Bounds> ends = attributes ? Bounds{numbers(n.integers("ends")), {}} : boundsOf(n, 2);
  std::optional<Ints> axes = n.listOf("axes", 3);
  std::optional<Ints> steps = n.has(4) ? n.ints(4) : std::optional<Ints>(Ints());
  if (!starts || !ends || !axes || !steps)
    return;
  if (axes->empty() && !n.has(3)) {
    axes->resize(starts->size());
    std::iota(axes->begin(), axes->end(), 0);
  }
  steps->resize(std::max(steps->size(), starts->size()), 1);
  axes = n.normalize(*axes, type.getRank());
  if (!axes)
    return;
  if (starts->size() != axes->size() || ends->size() != axes->size() || steps->size() != axes->size()) {
    n.error() << "needs one start, end, axis and step per sliced dim, has " << starts->size() << ", " << ends->size() << ", " << axes->size()
              << " and " << steps->size();
    return;
  }
  Dims sizes = getDims(type), offsets(type.getRank(), getAffineConstantExpr(0, context));
  Ints strides(type.getRank(), 1);
  for (auto [i, axis, step] : llvm::enumerate(*axes, *steps)) {
    if (step == 0) {
      n.error() << "the step of dim " << axis << " is 0";
      return;
    }
    AffineExpr start = starts->at(i), end = ends->at(i);
    std::optional<int64_t> extent = getConstant(sizes[axis]);
    strides[axis] = step;
    if (start && end && getConstant(start) && getConstant(end) && extent) {
      Range range = resolveRange(*getConstant(start), *getConstant(end), step, *extent);
      offsets[axis] = getAffineConstantExpr(range.begin, context);
      sizes[axis] = getAffineConstantExpr(range.size, context);
      continue;
    }
    SymbolicRange range = resolveSymbolic(n, start, end, step, sizes[axis]);
    if (!range.begin && step > 0 && n.symbols->isDynamic())
      range = computeRange(n, starts->scalar(n, i), ends->scalar(n, i), step, sizes[axis]);
    if (!range.begin) {
      if (start && end)
        n.graph.reportSymbolic(n.loc, {start, end, sizes[axis]});
      else
        n.error() << "walks backward from where only a run can tell";
      return;
    }
    offsets[axis] = range.begin;
    sizes[axis] = range.size;
  }
  n.yield(n.slice(x, offsets, sizes, strides));
}

constexpr OpRow kSliceOps[] = {{"Slice", importSlice}};

} // namespace

ArrayRef<OpRow> sliceOps() { return kSliceOps; }

} // namespace ingot::importer
