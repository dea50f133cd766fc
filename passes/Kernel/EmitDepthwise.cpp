// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Elementwise/EmitElementwise.h"
#include "passes/Kernel/RegisterTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot {
namespace {

/// Writes, with vectors over the tile's 8 or 16 channels and a tile of `rows` x `pixels` outputs,
///
///   for unit in [begin, end)                         (image, row block, pixel block, channel block): the order of memory
///     sums[row][pixel] = 0
///     for kh
///       weights of the kernel's row                  in registers
///       for each input vector that the row reads     loaded once
///         sums[...] += input * weights of each tap that uses it
///     out = body(sums, ...)
///     tile sums = all of out                         if the region has any: in an order that no share of the units changes
///
/// A kernel wider than `kMaxUnrolledWidth` loops over its taps, too.
///
/// Pads need not lie in memory, and nothing is multiplied with them. A tile whose windows are not all between the first and the last row is computed
/// row by row, with those rows of the kernel that are; tiles at the left and right edge have code of their own, without the taps that lie outside.
class DepthwiseEmitter {
public:
  DepthwiseEmitter(ImplicitLocOpBuilder &b, KernelContext &context, const ConvolutionShape &shape)
      : b(b), context(context), index(b, context), s(shape), tileRows(context.plan().getTile()[0]), tilePixels(context.plan().getTile()[1]),
        tileChannels(context.plan().getTile()[2]) {
    FlatBuffer x(b, context, s.op.getX());
    input = x.memref;
    imageStride = x.strides.front();
    heightStride = s.twoSpatialDims ? x.strides[1] : b.getAffineConstantExpr(0);
    widthStride = x.strides.end()[-2];
    weights = FlatBuffer(b, context, s.op.getW()).memref;
  }

  void emit() {
    auto [begin, end] = shareOf(b, context, s.depthwiseUnits(context.plan().getTile()));
    auto loop = scf::ForOp::create(b, begin, end, indexOf(b, 1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    AffineExpr channels = b.getAffineConstantExpr(s.groups);
    SmallVector<Value> at = index.decode(loop.getInductionVar(), {s.images, countTiles(s.outHeight, tileRows), countTiles(s.outWidth, tilePixels),
                                                                  countTiles(channels, tileChannels)});
    emitByTile(b, index, at[3], channels, tileChannels, [&](const TilePiece &ownChannels) {
      emitByTile(b, index, at[1], s.outHeight, tileRows,
                 [&](const TilePiece &ownRows) { emitByPixels(at[2], [&](const Pixels &own) { emitRows(at, ownRows, own, ownChannels.size); }); });
    });
  }

private:
  static constexpr int64_t kMaxUnrolledWidth = 9;

  /// The rows [first, end) of the kernel; null values: all.
  struct KernelRows {
    Value first, end;
  };

  /// The pixels of a tile, and how many columns of their windows lie left and right of the input.
  struct Pixels {
    TilePiece piece;
    std::pair<int64_t, int64_t> outside;
  };

  /// Neighbouring tiles of a row that have the same code.
  struct Run {
    int64_t end;
    Pixels pixels;
  };

  /// Code for each kind of tile along a row.
  void emitByPixels(Value position, llvm::function_ref<void(const Pixels &)> body) {
    if (s.padLeft == 0 && s.padRight == 0)
      return emitByTile(b, index, position, s.outWidth, tilePixels, [&](const TilePiece &piece) { body({piece, {0, 0}}); });
    SmallVector<Run> runs;
    int64_t width = *getConstant(s.outWidth);
    for (int64_t tile = 0; tile * tilePixels < width; ++tile) {
      int64_t size = std::min(tilePixels, width - tile * tilePixels);
      auto outside = s.columnsOutside(tile * tilePixels, size);
      if (runs.empty() || runs.back().pixels.piece.size != size || runs.back().pixels.outside != outside)
        runs.push_back({0, {{size}, outside}});
      runs.back().end = tile + 1;
    }
    emitRun(position, ArrayRef(runs), body);
  }

  void emitRun(Value position, ArrayRef<Run> runs, llvm::function_ref<void(const Pixels &)> body) {
    if (runs.size() == 1)
      return body(runs.front().pixels);
    Value isHere = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, position, indexOf(b, runs.front().end));
    auto either = scf::IfOp::create(b, isHere, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(either.thenBlock());
    body(runs.front().pixels);
    b.setInsertionPointToStart(either.elseBlock());
    emitRun(position, runs.drop_front(), body);
  }

  void emitRows(ArrayRef<Value> at, const TilePiece &ownRows, const Pixels &ownPixels, int64_t channels) {
    Value row = ownRows.start(b, at[1], tileRows);
    auto whole = [&] { storeSums(at, {emitTile(at, row, ownRows.size, {}, ownPixels, channels)}); };
    if (!s.leavesOutRows())
      return whole();
    auto byRow = [&] {
      SmallVector<Value> sums;
      for (int64_t r = 0; r < ownRows.size; ++r) {
        Value own = offsetBy(b, row, r);
        sums.push_back(emitTile(at, own, 1, kernelRowsInside(own), ownPixels, channels));
      }
      storeSums(at, sums);
    };
    if (!s.mayLieInside(ownRows.size))
      return byRow();
    auto isAtLeast = [&](Value x, Value y) { return arith::CmpIOp::create(b, arith::CmpIPredicate::sge, x, y).getResult(); };
    Value top = offsetBy(b, scaleIndex(b, row, s.strideHeight), -s.padTop);
    Value last = offsetBy(b, top, (ownRows.size - 1) * s.strideHeight + (s.kernelHeight - 1) * s.dilationHeight);
    Value isInside = arith::AndIOp::create(b, isAtLeast(top, indexOf(b, 0)), isAtLeast(index.offset(index.of(s.inHeight), number(-1)), last));
    auto either = scf::IfOp::create(b, isInside, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(either.thenBlock());
    whole();
    b.setInsertionPointToStart(either.elseBlock());
    byRow();
  }

  AffineExpr number(int64_t value) { return b.getAffineConstantExpr(value); }

  /// Those that read at or after row 0 and before the end, from the window of an output row.
  KernelRows kernelRowsInside(Value row) {
    Value top = offsetBy(b, scaleIndex(b, row, s.strideHeight), -s.padTop), zero = indexOf(b, 0), all = indexOf(b, s.kernelHeight);
    auto firstFrom = [&](Value position) {
      Value distance = arith::SubIOp::create(b, position, top);
      if (s.dilationHeight != 1)
        distance = arith::CeilDivSIOp::create(b, distance, indexOf(b, s.dilationHeight));
      return arith::MinSIOp::create(b, arith::MaxSIOp::create(b, distance, zero), all).getResult();
    };
    return {firstFrom(zero), firstFrom(index.of(s.inHeight))};
  }

  /// Returns the sum of the tile's elements; null when nobody wants it.
  Value emitTile(ArrayRef<Value> at, Value row, int64_t rows, KernelRows kernelRows, const Pixels &ownPixels, int64_t channels) {
    int64_t pixels = ownPixels.piece.size;
    lanes = channels <= kPanel / 2 ? kPanel / 2 : kPanel;
    sumType = VectorType::get({lanes}, s.step.getSumType(b.getContext()));
    inputType = VectorType::get({lanes}, cast<MemRefType>(input.getType()).getElementType());
    active = channels < lanes ? indexOf(b, channels) : Value();
    mask = active ? vector::CreateMaskOp::create(b, VectorType::get({lanes}, b.getI1Type()), ValueRange{active}).getResult() : Value();
    Value zero = arith::ConstantOp::create(b, b.getZeroAttr(sumType));
    Value pixel = ownPixels.piece.start(b, at[2], tilePixels), channel = scaleIndex(b, at[3], tileChannels);
    Value top = offsetBy(b, scaleIndex(b, row, s.strideHeight), -s.padTop);
    Value inputBase = addIndex(b, addIndex(b, index.scale(at[0], imageStride), channel), index.scale(top, heightStride));
    inputBase = addIndex(b, inputBase, index.scale(offsetBy(b, scaleIndex(b, pixel, s.strideWidth), -s.padLeft), widthStride));
    SmallVector<Value> panel = decode(b, at[3], {countTiles(s.groups, kPanel), kPanel / tileChannels});
    Value weightBase = addIndex(b, scaleIndex(b, panel[0], s.kernelHeight * s.kernelWidth * kPanel), scaleIndex(b, panel[1], tileChannels));
    prefetchNextRows(inputBase, rows, pixels);
    auto addRow = [&](Value kh, ValueRange carried) {
      return addKernelRow(SmallVector<Value>(carried), addIndex(b, inputBase, index.scale(kh, simplifyDim(heightStride * s.dilationHeight))),
                          addIndex(b, weightBase, scaleIndex(b, kh, s.kernelWidth * kPanel)), rows, pixels, ownPixels.outside);
    };
    SmallVector<Value> sums(rows * pixels, zero);
    sums = kernelRows.first ? makeLoop(b, kernelRows.first, kernelRows.end, 1, sums, addRow) : emitCarrying(b, s.kernelHeight, sums, addRow);
    return store(sums, at[0], row, pixel, channel, rows, pixels);
  }

  /// Fetches the rows that the row block below reads and this one does not: a line per pixel, one row of the image apart, which hardware does not
  /// see.
  void prefetchNextRows(Value inputBase, int64_t rows, int64_t pixels) {
    int64_t firstNew = (rows - 1) * s.strideHeight + (s.kernelHeight - 1) * s.dilationHeight + 1;
    for (int64_t y = 0; y < rows * s.strideHeight; ++y)
      for (int64_t x = 0; x < pixels * s.strideWidth; ++x) {
        Value line = index.offset(inputBase, simplifyDim(heightStride * (firstNew + y) + widthStride * x));
        memref::PrefetchOp::create(b, input, line, /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
      }
  }

  SmallVector<Value> addKernelRow(SmallVector<Value> sums, Value base, Value weightBase, int64_t rows, int64_t pixels,
                                  std::pair<int64_t, int64_t> outside) {
    int64_t end = (pixels - 1) * s.strideWidth + (s.kernelWidth - 1) * s.dilationWidth + 1 - outside.second;
    if (s.kernelWidth <= kMaxUnrolledWidth)
      return addTaps(sums, base, loadWeights(weightBase, s.kernelWidth), rows, pixels, outside.first, end);
    if (outside.first != 0 || outside.second != 0) {
      for (int64_t kw = 0; kw < s.kernelWidth; ++kw) {
        int64_t distance = kw * s.dilationWidth;
        sums = addTaps(sums, index.offset(base, simplifyDim(widthStride * distance)), loadWeights(offsetBy(b, weightBase, kw * kPanel), 1), rows,
                       pixels, outside.first - distance, end - distance);
      }
      return sums;
    }
    return emitCarrying(b, s.kernelWidth, sums, [&](Value kw, ValueRange carried) {
      Value tapBase = addIndex(b, base, index.scale(kw, simplifyDim(widthStride * s.dilationWidth)));
      return addTaps(SmallVector<Value>(carried), tapBase, loadWeights(addIndex(b, weightBase, scaleIndex(b, kw, kPanel)), 1), rows, pixels, 0, end);
    });
  }

  SmallVector<Value> loadWeights(Value base, int64_t count) {
    SmallVector<Value> taps;
    for (int64_t t = 0; t < count; ++t)
      taps.push_back(s.step.loadRight(b, weights, offsetBy(b, base, t * kPanel), lanes));
    return taps;
  }

  /// Adds neighbouring taps of one row of the kernel to all sums, those that read the columns [first, end) from `base`. Walks over the input in the
  /// order of memory and loads each vector once.
  SmallVector<Value> addTaps(SmallVector<Value> sums, Value base, ArrayRef<Value> taps, int64_t rows, int64_t pixels, int64_t first, int64_t end) {
    int64_t width = taps.size(), inputPixels = (pixels - 1) * s.strideWidth + (width - 1) * s.dilationWidth + 1;
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t x = std::max<int64_t>(first, 0); x < std::min(inputPixels, end); ++x) {
        Value loaded;
        for (int64_t i = 0; i < pixels; ++i) {
          int64_t distance = x - i * s.strideWidth, tap = distance / s.dilationWidth;
          if (distance < 0 || distance % s.dilationWidth != 0 || tap >= width)
            continue;
          if (!loaded)
            loaded = loadInput(index.offset(base, simplifyDim(heightStride * (r * s.strideHeight) + widthStride * x)));
          Value &sum = sums[r * pixels + i];
          sum = s.step.multiplyAdd(b, loaded, taps[tap], sum);
        }
      }
    return sums;
  }

  Value loadInput(Value index) {
    if (!active)
      return widen(vector::LoadOp::create(b, inputType, input, index));
    Value nothing = arith::ConstantOp::create(b, b.getZeroAttr(inputType));
    return widen(vector::MaskedLoadOp::create(b, inputType, input, index, mask, nothing));
  }

  /// Bytes as the i32 that they are multiplied in.
  Value widen(Value loaded) {
    Type element = cast<RankedTensorType>(s.op.getX().getType()).getElementType();
    return element.isF32() ? loaded : castElements(b, loaded, element, sumType.getElementType());
  }

  /// Returns the sum of what is stored, as `emitTile`.
  Value store(ArrayRef<Value> sums, Value image, Value row, Value pixel, Value channel, int64_t rows, int64_t pixels) {
    BodyEmitter body(b, context);
    SmallVector<Value> stored;
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t i = 0; i < pixels; ++i) {
        SmallVector<Value> indices = {image};
        if (s.twoSpatialDims)
          indices.push_back(offsetBy(b, row, r));
        indices.append({offsetBy(b, pixel, i), channel});
        body.bind(s.op.getResult(), sums[r * pixels + i]);
        body.emitAndStore(indices, lanes, active);
        if (s.sums)
          stored.push_back(body.emit(s.sums.getX(), indices, lanes, active));
      }
    return s.sums ? addUp(stored) : Value();
  }

  /// In pairs, then pairs of pairs: short chains.
  Value addUp(SmallVector<Value> values) {
    for (; values.size() > 1; values.resize((values.size() + 1) / 2))
      for (size_t i = 0; 2 * i < values.size(); ++i)
        values[i] = 2 * i + 1 < values.size() ? arith::AddFOp::create(b, values[2 * i], values[2 * i + 1]).getResult() : values[2 * i];
    return values.front();
  }

  void storeSums(ArrayRef<Value> at, SmallVector<Value> sums) {
    if (!s.sums)
      return;
    SmallVector<Value> indices = {at[0]};
    if (s.twoSpatialDims)
      indices.push_back(at[1]);
    indices.append({at[2], scaleIndex(b, at[3], tileChannels)});
    Value output = context.outputs[llvm::find(context.region.getYielded(), s.sums.getResult()).getIndex()];
    storeElements(b, addUp(std::move(sums)), output, indices, b.getF32Type(), active);
  }

  ImplicitLocOpBuilder &b;
  KernelContext &context;
  SymbolicIndex index;
  ConvolutionShape s;
  int64_t tileRows, tilePixels, tileChannels;
  Value input, weights;
  AffineExpr imageStride, heightStride, widthStride;
  // Of the channel block in hand.
  int64_t lanes = kPanel;
  VectorType sumType, inputType;
  Value active, mask;
};

} // namespace

LogicalResult emitDepthwise(ImplicitLocOpBuilder &b, KernelContext &context) {
  std::string why;
  std::optional<ConvolutionShape> shape = ConvolutionShape::match(context.region, why);
  if (!shape)
    return context.region.emitOpError("is planned for 'depthwise', which ") << why;
  if (!shape->op.isDepthwise())
    return context.region.emitOpError("is planned for 'depthwise', but its channels are not each a group");
  ArrayRef<int64_t> tile = context.plan().getTile();
  if (tile.size() != 3 || tile[0] < 1 || tile[1] < 1 || (tile[2] != kPanel && tile[2] != kPanel / 2))
    return context.region.emitOpError("needs a tile [rows, pixels, channels] with ") << kPanel / 2 << " or " << kPanel << " channels";
  if (auto units = getConstant(shape->depthwiseUnits(tile)); units && context.plan().getUnits() != *units)
    return context.region.emitOpError("has ") << *units << " units with this tile, but its plan says " << context.plan().getUnits();
  if (shape->sums && shape->sums.getTile() != (shape->twoSpatialDims ? tile.take_front(2) : tile.slice(1, 1)))
    return context.region.emitOpError("adds up tiles of [") << shape->sums.getTile() << "], which are not those of its plan";
  unsigned input = cast<BlockArgument>(shape->op.getX()).getArgNumber();
  if (!isOne(context.region.getBufferStrides(input).back()) && shape->groups > 1)
    return context.region.emitOpError("needs contiguous channels in ") << context.inputs[input].getType();
  DepthwiseEmitter(b, context, *shape).emit();
  return success();
}

} // namespace ingot
