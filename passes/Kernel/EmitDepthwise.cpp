// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
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
///
/// A kernel wider than `kMaxUnrolledWidth` loops over its taps, too.
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
      emitByTile(b, index, at[1], s.outHeight, tileRows, [&](const TilePiece &ownRows) {
        emitByTile(b, index, at[2], s.outWidth, tilePixels, [&](const TilePiece &ownPixels) { emitTile(at, ownRows, ownPixels, ownChannels.size); });
      });
    });
  }

private:
  static constexpr int64_t kMaxUnrolledWidth = 9;

  void emitTile(ArrayRef<Value> at, const TilePiece &ownRows, const TilePiece &ownPixels, int64_t channels) {
    int64_t rows = ownRows.size, pixels = ownPixels.size;
    lanes = channels <= kPanel / 2 ? kPanel / 2 : kPanel;
    vector = VectorType::get({lanes}, b.getF32Type());
    active = channels < lanes ? indexOf(b, channels) : Value();
    mask = active ? vector::CreateMaskOp::create(b, VectorType::get({lanes}, b.getI1Type()), ValueRange{active}).getResult() : Value();
    zero = arith::ConstantOp::create(b, b.getZeroAttr(vector));
    Value row = ownRows.start(b, at[1], tileRows), pixel = ownPixels.start(b, at[2], tilePixels), channel = scaleIndex(b, at[3], tileChannels);
    Value inputBase =
        addIndex(b, addIndex(b, index.scale(at[0], imageStride), channel), index.scale(row, simplifyDim(heightStride * s.strideHeight)));
    inputBase = addIndex(b, inputBase, index.scale(pixel, simplifyDim(widthStride * s.strideWidth)));
    SmallVector<Value> panel = decode(b, at[3], {countTiles(s.groups, kPanel), kPanel / tileChannels});
    Value weightBase = addIndex(b, scaleIndex(b, panel[0], s.kernelHeight * s.kernelWidth * kPanel), scaleIndex(b, panel[1], tileChannels));
    prefetchNextRows(inputBase, rows, pixels);
    SmallVector<Value> sums = emitCarrying(b, s.kernelHeight, SmallVector<Value>(rows * pixels, zero), [&](Value kh, ValueRange carried) {
      return addKernelRow(SmallVector<Value>(carried), addIndex(b, inputBase, index.scale(kh, simplifyDim(heightStride * s.dilationHeight))),
                          addIndex(b, weightBase, scaleIndex(b, kh, s.kernelWidth * kPanel)), rows, pixels);
    });
    store(sums, at[0], row, pixel, channel, rows, pixels);
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

  SmallVector<Value> addKernelRow(SmallVector<Value> sums, Value base, Value weightBase, int64_t rows, int64_t pixels) {
    if (s.kernelWidth <= kMaxUnrolledWidth)
      return addTaps(sums, base, loadWeights(weightBase, s.kernelWidth), rows, pixels);
    return emitCarrying(b, s.kernelWidth, sums, [&](Value kw, ValueRange carried) {
      Value tapBase = addIndex(b, base, index.scale(kw, simplifyDim(widthStride * s.dilationWidth)));
      return addTaps(SmallVector<Value>(carried), tapBase, loadWeights(addIndex(b, weightBase, scaleIndex(b, kw, kPanel)), 1), rows, pixels);
    });
  }

  SmallVector<Value> loadWeights(Value base, int64_t count) {
    SmallVector<Value> taps;
    for (int64_t t = 0; t < count; ++t)
      taps.push_back(vector::LoadOp::create(b, vector, weights, offsetBy(b, base, t * kPanel)));
    return taps;
  }

  /// Adds neighbouring taps of one row of the kernel to all sums. Walks over the input in the order of memory and loads each vector once.
  SmallVector<Value> addTaps(SmallVector<Value> sums, Value base, ArrayRef<Value> taps, int64_t rows, int64_t pixels) {
    int64_t width = taps.size(), inputPixels = (pixels - 1) * s.strideWidth + (width - 1) * s.dilationWidth + 1;
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t x = 0; x < inputPixels; ++x) {
        Value loaded;
        for (int64_t i = 0; i < pixels; ++i) {
          int64_t distance = x - i * s.strideWidth, tap = distance / s.dilationWidth;
          if (distance < 0 || distance % s.dilationWidth != 0 || tap >= width)
            continue;
          if (!loaded)
            loaded = loadInput(index.offset(base, simplifyDim(heightStride * (r * s.strideHeight) + widthStride * x)));
          Value &sum = sums[r * pixels + i];
          sum = vector::FMAOp::create(b, loaded, taps[tap], sum);
        }
      }
    return sums;
  }

  Value loadInput(Value index) {
    if (!active)
      return vector::LoadOp::create(b, vector, input, index);
    return vector::MaskedLoadOp::create(b, vector, input, index, mask, zero);
  }

  void store(ArrayRef<Value> sums, Value image, Value row, Value pixel, Value channel, int64_t rows, int64_t pixels) {
    BodyEmitter body(b, context);
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t i = 0; i < pixels; ++i) {
        SmallVector<Value> indices = {image};
        if (s.twoSpatialDims)
          indices.push_back(offsetBy(b, row, r));
        indices.append({offsetBy(b, pixel, i), channel});
        body.bind(s.op.getResult(), sums[r * pixels + i]);
        body.emitAndStore(indices, lanes, active);
      }
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
  VectorType vector;
  Value active, mask, zero;
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
  unsigned input = cast<BlockArgument>(shape->op.getX()).getArgNumber();
  if (!isOne(context.region.getBufferStrides(input).back()) && shape->groups > 1)
    return context.region.emitOpError("needs contiguous channels in ") << context.inputs[input].getType();
  DepthwiseEmitter(b, context, *shape).emit();
  return success();
}

} // namespace ingot
