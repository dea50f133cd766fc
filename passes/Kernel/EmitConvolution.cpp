// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Product/WeightFetch.h"
#include "passes/Kernel/RegisterTile.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace ingot {
namespace {

/// Writes, for a tile of `rows` x `pixels` output pixels and `columns` output channels,
///
///   for unit in [begin, end)                         (group, column block, image, row block, pixel block), pixel block fastest (walkTiles)
///     sums[pixel][panel] = 0
///     for kh
///       for kw                                       one run with the next loop when a row of the kernel is contiguous in the input
///         for channel
///           sums[pixel][panel] += broadcast(x[oh * strideH + kh, ow * strideW + kw, channel]) * w[panel, (kh, kw, channel), :]
///     out[oh, ow, column ...] = body(sums, ...)
///
/// The padding lies in the input buffer, so no loop has a bounds check.
class ConvolutionEmitter {
public:
  ConvolutionEmitter(ImplicitLocOpBuilder &b, KernelContext &context, const ConvolutionShape &shape)
      : b(b), context(context), index(b, context), s(shape), tileRows(context.plan().getTile()[0]), tilePixels(context.plan().getTile()[1]),
        tileColumns(context.plan().getTile()[2]) {
    FlatBuffer x(b, context, s.op.getX());
    input = x.memref;
    imageStride = x.strides.front();
    heightStride = s.twoSpatialDims ? x.strides[1] : b.getAffineConstantExpr(0);
    widthStride = x.strides.end()[-2];
    channelStride = x.strides.back();
    weights = FlatBuffer(b, context, s.op.getW()).memref;
  }

  void emit() {
    AffineExpr units = s.units(context.plan().getTile());
    int64_t parts = partsOfTile(context.plan(), units, s.mostParts(context.plan().getTile()));
    auto [begin, end] = shareOf(b, context, simplifyDim(units * parts));
    auto number = [&](int64_t value) { return b.getAffineConstantExpr(value); };
    AffineExpr columns = number(s.groupOutputs), columnBlocks = number(countTiles(s.panels(), tileColumns / kPanel));
    Dims places = {s.images, countTiles(s.outHeight, tileRows), countTiles(s.outWidth, tilePixels)};
    TileOrder order = {simplifyDim(places[0] * places[1] * places[2]), simplifyDim(columnBlocks * s.groups), s.isInBands()};
    auto locate = [&](Value placeNumber, Value column) {
      SmallVector<Value> place = index.decode(placeNumber, places), block = index.decode(column, {number(s.groups), columnBlocks});
      return SmallVector<Value>{place[0], block[0], block[1], place[1], place[2]};
    };
    auto emitColumns = [&](ArrayRef<Value> at, const TilePiece &ownColumns) {
      emitByTile(b, index, at[3], s.outHeight, tileRows, [&](const TilePiece &ownRows) {
        emitByTile(b, index, at[4], s.outWidth, tilePixels, [&](const TilePiece &ownPixels) { emitTile(at, ownRows, ownPixels, ownColumns); });
      });
    };
    manyBlocks = !isOne(simplifyDim(columnBlocks * s.groups));
    walkTiles(
        b, context, index, order, parts, begin, end,
        [&](Value place, Value column) {
          SmallVector<Value> at = locate(place, column);
          tileNumber = place;
          emitByPanels(b, index, at[2], columns, tileColumns, [&](const TilePiece &own) { emitColumns(at, own); });
        },
        [&](Value place, Value column, Value part) {
          SmallVector<Value> at = locate(place, column);
          emitPart(b, index, at[2], part, columns, tileColumns, [&](const TilePiece &own) { emitColumns(at, own); });
        });
  }

private:
  void emitTile(ArrayRef<Value> at, const TilePiece &ownRows, const TilePiece &ownPixels, const TilePiece &ownColumns) {
    int64_t rows = ownRows.size, pixels = ownPixels.size;
    Value image = at[0], group = at[1], row = ownRows.start(b, at[3], tileRows), pixel = ownPixels.start(b, at[4], tilePixels);
    Value inputBase = addIndex(b, index.scale(image, imageStride), index.scale(group, simplifyDim(channelStride * s.groupInputs)));
    inputBase = addIndex(b, inputBase, index.scale(row, simplifyDim(heightStride * s.strideHeight)));
    inputBase = addIndex(b, inputBase, index.scale(pixel, simplifyDim(widthStride * s.strideWidth)));
    int64_t panelStride = s.depth() * kPanel;
    Value weightBase = addIndex(b, scaleIndex(b, group, s.panels() * panelStride), scaleIndex(b, at[2], tileColumns / kPanel * panelStride));
    if (ownColumns.offset)
      weightBase = addIndex(b, weightBase, scaleIndex(b, ownColumns.offset, s.depth()));

    RegisterTile tile(b, index, rows * pixels, ownColumns, context.plan().getUnroll(), s.step);
    bool rowIsRun = isOne(channelStride) && s.dilationWidth == 1 && (s.kernelWidth == 1 || getConstant(widthStride) == s.groupInputs);
    int64_t runs = rowIsRun ? 1 : s.kernelWidth, runDepth = rowIsRun ? s.kernelWidth * s.groupInputs : s.groupInputs;
    std::optional<WeightFetch> ahead;
    if (LoadSchedule schedule = LoadSchedule::of(context.region); !schedule.isNone() && ownColumns.size == tileColumns)
      ahead = WeightFetch{schedule, weights, weightBase, tileColumns / kPanel, s.depth(), panelStride, manyBlocks ? tileNumber : Value()};
    SmallVector<Value> sums = emitCarrying(b, s.kernelHeight, tile.start(), [&](Value kh, ValueRange carried) {
      Value rowBase = addIndex(b, inputBase, index.scale(kh, simplifyDim(heightStride * s.dilationHeight)));
      Value rowWeights = addIndex(b, weightBase, scaleIndex(b, kh, s.kernelWidth * s.groupInputs * kPanel));
      return emitCarrying(b, runs, SmallVector<Value>(carried), [&](Value kw, ValueRange inner) {
        Value runBase = addIndex(b, rowBase, index.scale(kw, simplifyDim(widthStride * s.dilationWidth)));
        Value runWeights = addIndex(b, rowWeights, scaleIndex(b, kw, s.groupInputs * kPanel));
        Value runStart = addIndex(b, scaleIndex(b, kh, s.kernelWidth * s.groupInputs), scaleIndex(b, kw, s.groupInputs));
        auto prefetch = [&](Value k, int64_t steps) {
          if (ahead)
            ahead->emit(b, addIndex(b, runStart, k), steps);
        };
        auto left = [&](int64_t r, Value k, int64_t present) -> Value {
          AffineExpr offset = simplifyDim(heightStride * (r / pixels * s.strideHeight) + widthStride * (r % pixels * s.strideWidth));
          return s.step.loadLeft(b, input, addIndex(b, index.offset(runBase, offset), index.scale(k, channelStride)), present);
        };
        return tile.reduce(SmallVector<Value>(inner), b.getAffineConstantExpr(runDepth), weights, runWeights, b.getAffineConstantExpr(panelStride),
                           left, prefetch);
      });
    });

    SmallVector<SmallVector<Value>> coordinates;
    for (int64_t r = 0; r < rows * pixels; ++r) {
      SmallVector<Value> own = {image};
      if (s.twoSpatialDims)
        own.push_back(offsetBy(b, row, r / pixels));
      own.push_back(offsetBy(b, pixel, r % pixels));
      coordinates.push_back(own);
    }
    Value column = addIndex(b, scaleIndex(b, group, s.groupOutputs), ownColumns.start(b, at[2], tileColumns));
    tile.store(context, s.op.getResult(), tile.finish(sums), coordinates, column);
  }

  ImplicitLocOpBuilder &b;
  KernelContext &context;
  SymbolicIndex index;
  ConvolutionShape s;
  int64_t tileRows, tilePixels, tileColumns;
  Value input, weights;
  Value tileNumber;        ///< of those with the same weights
  bool manyBlocks = false; ///< of columns
  AffineExpr imageStride, heightStride, widthStride, channelStride;
};

/// A 1x1 convolution is a product over all pixels, wherever they lie.
void emitPointwise(ImplicitLocOpBuilder &b, KernelContext &context, ConvolutionShape s) {
  RowsTimesPanels product;
  product.rowDims = {s.images};
  if (s.twoSpatialDims)
    product.rowDims.push_back(s.outHeight);
  product.rowDims.push_back(s.outWidth);
  product.rowStrides.assign(product.rowDims.size(), b.getAffineConstantExpr(0));
  product.depthStride = b.getAffineConstantExpr(0);
  if (!s.hasPrologue) {
    FlatBuffer x(b, context, s.op.getX());
    product.lhsBuffer = x.memref;
    product.depthStride = x.strides.back();
    product.rowStrides.front() = x.strides.front();
    if (s.twoSpatialDims)
      product.rowStrides[1] = simplifyDim(x.strides[1] * s.strideHeight);
    product.rowStrides.back() = simplifyDim(x.strides.end()[-2] * s.strideWidth);
  }
  product.step = s.step;
  product.columns = b.getAffineConstantExpr(s.groupOutputs);
  product.depth = b.getAffineConstantExpr(s.groupInputs);
  product.lhsValue = s.op.getX();
  product.rhsBuffer = FlatBuffer(b, context, s.op.getW()).memref;
  product.rhsValue = s.op.getW();
  product.results = {s.op.getResult()};
  product.tileRows = context.plan().getTile()[0];
  product.tileColumns = context.plan().getTile()[1];
  product.unroll = context.plan().getUnroll();
  product.parts = partsOfTile(context.plan(), s.units(context.plan().getTile()), s.mostParts(context.plan().getTile()));
  emitRowsTimesPanels(b, context, product);
}

} // namespace

LogicalResult emitConvolution(ImplicitLocOpBuilder &b, KernelContext &context) {
  std::string why;
  std::optional<ConvolutionShape> shape = ConvolutionShape::match(context.region, why);
  if (!shape)
    return context.region.emitOpError("is planned for 'convolution', which ") << why;
  if (shape->op.isDepthwise())
    return context.region.emitOpError("is planned for 'convolution', but is depthwise");
  ArrayRef<int64_t> tile = context.plan().getTile();
  bool valid = tile.size() == 2 ? shape->isPointwise() : tile.size() == 3 && !shape->hasPrologue;
  if (!valid || llvm::any_of(tile, [](int64_t size) { return size < 1; }) || tile.back() % kPanel != 0)
    return context.region.emitOpError("needs a tile [rows, pixels, columns], or [pixels, columns] for 1x1, with columns in multiples of ") << kPanel;
  if (partsOfTile(context.plan(), shape->units(tile), shape->mostParts(tile)) == 0)
    return context.region.emitOpError("has ") << *getConstant(shape->units(tile)) << " units with this tile, but its plan says "
                                              << context.plan().getUnits();
  if (tile.size() == 2)
    emitPointwise(b, context, *shape);
  else
    ConvolutionEmitter(b, context, *shape).emit();
  return success();
}

} // namespace ingot
