// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pools with vectors over the channels:
//
//   for row in [from, to)                      (image, output row); the rows of its windows are clipped once
//     for column tile inside                   windows that need no clipping: `tile` pixels at once, each input vector loaded once
//     for column at the borders                one pixel, its window clipped
//       for channel block
//         for kernel row: sums = combine(sums, inputs)
//         out = body(sums)
#include "passes/Kernel/EmitPool.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Kernel/Elementwise/EmitElementwise.h"
#include "passes/Kernel/RegisterTile.h"
#include "passes/Kernel/RowWalk.h"

using namespace mlir;

namespace ingot {

std::optional<PoolShape> PoolShape::match(RegionOp region, std::string &why) {
  auto op = dyn_cast_or_null<PoolOp>(region.getAnchorOp());
  if (!op || op.getLayout() != Layout::ChannelsLast)
    return why = "is built around a channels-last 'ingot.pool' only", std::nullopt;
  auto type = cast<RankedTensorType>(op.getX().getType()), result = cast<RankedTensorType>(op.getResult().getType());
  size_t spatial = op.getKernel().size();
  Type computed = getComputeType(type.getElementType());
  bool isFloat = computed.isF32() || computed.isF64();
  if (spatial > 2 || type.isDynamicDim(type.getRank() - 1) || (result.hasStaticShape() && result.getNumElements() == 0))
    return why = "covers one or two spatial dims and a fixed number of channels only", std::nullopt;
  if (type.getShape().back() == 1) // in the body it would be a dim to broadcast along
    return why = "needs several channels", std::nullopt;
  if (op.getKind() == PoolKind::Lp || !(isFloat || (op.getKind() == PoolKind::Max && isa<IntegerType>(computed) && !computed.isInteger(1))))
    return why = "covers maxima, and averages of floats", std::nullopt;
  if (!isa<BlockArgument>(op.getX()))
    return why = "reads its input from a buffer only", std::nullopt;
  for (Value yielded : region.getYielded())
    if (getDims(cast<RankedTensorType>(yielded.getType())) != getDims(result))
      return why = "writes results of the anchor's shape only", std::nullopt;
  Dims in = getDims(type), out = getDims(result);
  AffineExpr one = getAffineConstantExpr(1, region.getContext());
  PoolShape shape{op, spatial == 2, in[0], type.getShape().back(), {one, one}, {one, one}};
  auto fill = [&](PoolDim &dim, size_t i) {
    dim = {in[i + 1],       out[i + 1],           op.getKernel()[i],    op.getStrides()[i],
           op.getPads()[i], op.getDilations()[i], op.getCountPads()[i], op.getCountPads()[spatial + i]};
  };
  if (spatial == 2)
    fill(shape.height, 0);
  fill(shape.width, spatial - 1);
  return shape;
}

namespace {

/// Outputs [first, last) have their whole window inside of the input.
struct Inside {
  AffineExpr first, last;
};

/// The taps [low, high) of a window that lie inside of the input; null values: all of them.
struct Clip {
  Value low, high;
};

class PoolEmitter {
public:
  PoolEmitter(ImplicitLocOpBuilder &b, KernelContext &context, const PoolShape &shape)
      : b(b), context(context), s(shape), element(cast<RankedTensorType>(s.op.getX().getType()).getElementType()),
        kind(s.op.getKind() == PoolKind::Max ? ReduceKind::Max : ReduceKind::Sum), lanes(context.plan().getLanes()),
        tilePixels(context.plan().getTile()[0]), symbols(context.symbols) {
    FlatBuffer buffer(b, context, s.op.getX());
    x = buffer.memref;
    imageStride = buffer.strides.front();
    heightStride = s.twoSpatialDims ? buffer.strides[1] : number(0);
    widthStride = buffer.strides.end()[-2];
    insideHeight = insideOf(s.height);
    insideWidth = insideOf(s.width);
  }

  void emit() {
    auto [from, to] = shareOf(b, context, s.pieces());
    makeLoop(b, from, to, 1, {}, [&](Value piece, ValueRange) -> SmallVector<Value> {
      SmallVector<Value> at = index().decode(piece, {s.images, s.height.out});
      image = at[0], row = at[1];
      Value start = startOf(s.height, row);
      rows = getConstant(insideHeight.first) == 0 && insideHeight.last == s.height.out ? Clip() : clip(s.height, start);
      rowCount = countOf(s.height, start, rows);
      rowBase = addIndex(b, index().scale(image, imageStride), index().scale(start, heightStride));
      emitColumns();
      return {};
    });
  }

private:
  AffineExpr number(int64_t value) { return getAffineConstantExpr(value, b.getContext()); }
  /// Index arithmetic with the model's symbols, and with those that `bounded` made.
  SymbolicIndex index() { return SymbolicIndex(b, symbols); }

  /// `dim` within [low, high]. What only the call knows becomes a symbol of this kernel's own.
  AffineExpr bounded(AffineExpr dim, AffineExpr low, AffineExpr high) {
    dim = simplifyDim(dim);
    if (std::optional<int64_t> x = getConstant(dim), least = getConstant(low), most = getConstant(high); x && least && most)
      return number(std::clamp(*x, *least, *most));
    if (isNonNegative(dim - low) && isNonNegative(high - dim))
      return dim;
    Value atLeast = arith::MaxSIOp::create(b, index().of(dim), index().of(low));
    symbols.push_back(arith::MinSIOp::create(b, atLeast, index().of(high)));
    return getAffineSymbolExpr(symbols.size() - 1, b.getContext());
  }

  Inside insideOf(const PoolDim &dim) {
    AffineExpr first = bounded(number(llvm::divideCeilSigned(dim.pad, dim.stride)), number(0), dim.out);
    return {first, bounded((dim.in + (dim.pad - dim.reach())).floorDiv(dim.stride) + 1, first, dim.out)};
  }

  Value startOf(const PoolDim &dim, Value out) { return offsetBy(b, scaleIndex(b, out, dim.stride), -dim.pad); }

  /// Taps that read at or after 0 and before `end`, from `start`.
  Clip clip(const PoolDim &dim, Value start, int64_t begin = 0, int64_t afterEnd = 0) {
    Value zero = indexOf(b, 0), taps = indexOf(b, dim.kernel), step = indexOf(b, dim.dilation);
    auto tapAt = [&](AffineExpr position) {
      Value distance = arith::SubIOp::create(b, index().of(position), start);
      Value tap = dim.dilation == 1 ? distance : arith::CeilDivSIOp::create(b, distance, step).getResult();
      return arith::MinSIOp::create(b, arith::MaxSIOp::create(b, tap, zero), taps).getResult();
    };
    return {tapAt(number(begin)), tapAt(dim.in + afterEnd)};
  }

  /// How many taps an average counts.
  Value countOf(const PoolDim &dim, Value start, Clip inside) {
    if (s.op.getCountIncludePad() && inside.low)
      inside = clip(dim, start, -dim.countBegin, dim.countEnd);
    return inside.low ? arith::SubIOp::create(b, inside.high, inside.low).getResult() : indexOf(b, dim.kernel);
  }

  void emitColumns() {
    auto [first, last] = insideWidth;
    AffineExpr inside = simplifyDim(last - first), rest = simplifyDim(inside % tilePixels), full = simplifyDim(last - rest);
    if (full != first)
      makeLoop(b, index().of(first), index().of(full), tilePixels, {}, [&](Value column, ValueRange) -> SmallVector<Value> {
        emitPixels(column, tilePixels, {});
        return {};
      });
    if (std::optional<int64_t> pixels = getConstant(rest); pixels && *pixels != 0)
      emitPixels(index().of(full), *pixels, {});
    else if (!pixels)
      makeLoop(b, index().of(full), index().of(last), 1, {}, [&](Value column, ValueRange) -> SmallVector<Value> {
        emitPixels(column, 1, {});
        return {};
      });
    AffineExpr border = simplifyDim(s.width.out - inside);
    if (getConstant(border) != 0)
      makeLoop(b, indexOf(b, 0), index().of(border), 1, {}, [&, first = first](Value i, ValueRange) -> SmallVector<Value> {
        Value isLeft = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, i, index().of(first));
        Value column = arith::SelectOp::create(b, isLeft, i, index().offset(i, inside));
        emitPixels(column, 1, clip(s.width, startOf(s.width, column)));
        return {};
      });
  }

  void emitPixels(Value column, int64_t pixels, Clip columns) {
    Value start = startOf(s.width, column);
    Value base = addIndex(b, rowBase, index().scale(start, widthStride));
    Value count;
    if (s.op.getKind() == PoolKind::Average) {
      count = b.createOrFold<arith::MulIOp>(rowCount, countOf(s.width, start, columns));
      count = castElements(b, arith::IndexCastOp::create(b, b.getI64Type(), count), b.getI64Type(), getComputeType(element));
    }
    int64_t full = s.channels - s.channels % lanes;
    makeLoop(b, indexOf(b, 0), indexOf(b, full), lanes, {}, [&](Value channel, ValueRange) -> SmallVector<Value> {
      emitBlock(column, pixels, columns, addIndex(b, base, channel), channel, {}, count);
      return {};
    });
    if (full != s.channels)
      emitBlock(column, pixels, columns, offsetBy(b, base, full), indexOf(b, full), indexOf(b, s.channels - full), count);
  }

  /// One block of channels of some pixels of the row.
  void emitBlock(Value column, int64_t pixels, Clip columns, Value base, Value channel, Value active, Value count) {
    Type vector = VectorType::get({lanes}, getComputeType(element));
    SmallVector<Value> sums(pixels, neutralElement(b, kind, vector, element));
    auto emitRow = [&](Value kh, ValueRange carried) {
      Value from = addIndex(b, base, index().scale(kh, heightStride * s.height.dilation));
      return columns.low ? addClipped(carried.front(), from, columns, active) : addWhole(carried, from, active);
    };
    constexpr int64_t kUnrolledTaps = 16;
    if (!rows.low && s.height.kernel * s.width.kernel <= kUnrolledTaps) {
      for (int64_t kh = 0; kh < s.height.kernel; ++kh)
        sums = emitRow(indexOf(b, kh), sums);
    } else {
      sums = makeLoop(b, rows.low ? rows.low : indexOf(b, 0), rows.low ? rows.high : indexOf(b, s.height.kernel), 1, sums, emitRow);
    }
    BodyEmitter body(b, context);
    for (auto [i, sum] : llvm::enumerate(sums)) {
      if (count)
        sum = arith::DivFOp::create(b, sum, vector::BroadcastOp::create(b, vector, count));
      SmallVector<Value> indices = {image};
      if (s.twoSpatialDims)
        indices.push_back(row);
      indices.append({offsetBy(b, column, i), channel});
      body.bind(s.op.getResult(), narrowElements(b, sum, element));
      body.emitAndStore(indices, lanes, active);
    }
  }

  Value load(Value at, Value active) { return widenElements(b, loadElements(b, x, at, lanes, element, active)); }
  Value combine(Value sum, Value value) { return combineElements(b, kind, sum, value, element, /*fast=*/true); }

  /// A kernel row over neighbouring pixels: an input that several windows share is loaded once.
  SmallVector<Value> addWhole(ValueRange carried, Value from, Value active) {
    SmallVector<Value> sums(carried);
    constexpr int64_t kUnrolledWidth = 16;
    if (s.width.kernel > kUnrolledWidth)
      return makeLoop(b, indexOf(b, 0), indexOf(b, s.width.kernel), 1, carried, [&](Value kw, ValueRange before) {
        SmallVector<Value> next(before);
        Value at = addIndex(b, from, index().scale(kw, widthStride * s.width.dilation));
        for (auto [i, sum] : llvm::enumerate(next))
          sum = combine(sum, load(index().offset(at, widthStride * (i * s.width.stride)), active));
        return next;
      });
    DenseMap<int64_t, Value> loaded;
    for (int64_t kw = 0; kw < s.width.kernel; ++kw)
      for (auto [i, sum] : llvm::enumerate(sums)) {
        int64_t distance = i * s.width.stride + kw * s.width.dilation;
        Value &value = loaded[distance];
        if (!value)
          value = load(index().offset(from, widthStride * distance), active);
        sum = combine(sum, value);
      }
    return sums;
  }

  /// A kernel row of one pixel, only the taps inside.
  SmallVector<Value> addClipped(Value sum, Value from, Clip columns, Value active) {
    return makeLoop(b, columns.low, columns.high, 1, sum, [&](Value kw, ValueRange before) -> SmallVector<Value> {
      return {combine(before.front(), load(addIndex(b, from, index().scale(kw, widthStride * s.width.dilation)), active))};
    });
  }

  ImplicitLocOpBuilder &b;
  KernelContext &context;
  PoolShape s;
  Type element;
  ReduceKind kind;
  int64_t lanes, tilePixels;
  SmallVector<Value> symbols;
  Value x; ///< flat
  AffineExpr imageStride, heightStride, widthStride;
  Inside insideHeight, insideWidth;
  // Of the output row in hand.
  Value image, row, rowBase, rowCount;
  Clip rows;
};

} // namespace

LogicalResult emitPool(ImplicitLocOpBuilder &b, KernelContext &context) {
  std::string why;
  std::optional<PoolShape> shape = PoolShape::match(context.region, why);
  if (!shape)
    return context.region.emitOpError("is planned for 'pool', which ") << why;
  PlanAttr plan = context.plan();
  if (plan.getTile().size() != 1 || plan.getTile()[0] < 1 || plan.getLanes() < 2)
    return context.region.emitOpError("needs a tile [pixels] and vectors");
  PoolEmitter(b, context, *shape).emit();
  return success();
}

} // namespace ingot
