// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/RegisterTile.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace ingot {
namespace {

/// Writes, for a tile of `rows` x `pixels` output pixels and `columns` output channels,
///
///   for unit in [begin, end)                         (image, group, column block, row block, pixel block), pixel block fastest
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
      : b(b), context(context), s(shape), tileRows(context.plan().getTile()[0]), tilePixels(context.plan().getTile()[1]),
        tileColumns(context.plan().getTile()[2]) {
    FlatBuffer x(b, context.inputs[cast<BlockArgument>(s.op.getX()).getArgNumber()]);
    input = x.memref;
    imageStride = x.strides.front();
    heightStride = s.twoSpatialDims ? x.strides[1] : 0;
    widthStride = x.strides.end()[-2];
    channelStride = x.strides.back();
    weights = FlatBuffer(b, context.inputs[cast<BlockArgument>(s.op.getW()).getArgNumber()]).memref;
  }

  void emit() {
    auto loop = scf::ForOp::create(b, context.begin, context.end, indexOf(b, 1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    int64_t columnBlocks = countTiles(s.panels(), tileColumns / kPanel), rowBlocks = countTiles(s.outHeight, tileRows),
            pixelBlocks = countTiles(s.outWidth, tilePixels);
    SmallVector<Value> at = decode(b, loop.getInductionVar(), {s.images, s.groups, columnBlocks, rowBlocks, pixelBlocks});
    emitByTile(b, at[2], columnBlocks, s.groupOutputs % tileColumns != 0, [&](bool lastColumns) {
      emitByTile(b, at[3], rowBlocks, s.outHeight % tileRows != 0, [&](bool lastRows) {
        emitByTile(b, at[4], pixelBlocks, s.outWidth % tilePixels != 0, [&](bool lastPixels) {
          emitTile(at, lastRows ? s.outHeight % tileRows : tileRows, lastPixels ? s.outWidth % tilePixels : tilePixels,
                   lastColumns ? s.groupOutputs % tileColumns : tileColumns);
        });
      });
    });
  }

private:
  void emitTile(ArrayRef<Value> at, int64_t rows, int64_t pixels, int64_t columns) {
    Value image = at[0], group = at[1], row = scaleIndex(b, at[3], tileRows), pixel = scaleIndex(b, at[4], tilePixels);
    Value inputBase = addIndex(b, scaleIndex(b, image, imageStride), scaleIndex(b, group, s.groupInputs * channelStride));
    inputBase = addIndex(b, inputBase, scaleIndex(b, row, s.strideHeight * heightStride));
    inputBase = addIndex(b, inputBase, scaleIndex(b, pixel, s.strideWidth * widthStride));
    int64_t panelStride = s.depth() * kPanel;
    Value weightBase = addIndex(b, scaleIndex(b, group, s.panels() * panelStride), scaleIndex(b, at[2], tileColumns / kPanel * panelStride));

    RegisterTile tile(b, rows * pixels, columns, context.plan().getUnroll());
    bool rowIsRun = channelStride == 1 && s.dilationWidth == 1 && (s.kernelWidth == 1 || widthStride == s.groupInputs);
    int64_t runs = rowIsRun ? 1 : s.kernelWidth, runDepth = rowIsRun ? s.kernelWidth * s.groupInputs : s.groupInputs;
    SmallVector<Value> sums = emitCarrying(b, s.kernelHeight, tile.start(), [&](Value kh, ValueRange carried) {
      Value rowBase = addIndex(b, inputBase, scaleIndex(b, kh, s.dilationHeight * heightStride));
      Value rowWeights = addIndex(b, weightBase, scaleIndex(b, kh, s.kernelWidth * s.groupInputs * kPanel));
      return emitCarrying(b, runs, SmallVector<Value>(carried), [&](Value kw, ValueRange inner) {
        Value runBase = addIndex(b, rowBase, scaleIndex(b, kw, s.dilationWidth * widthStride));
        Value runWeights = addIndex(b, rowWeights, scaleIndex(b, kw, s.groupInputs * kPanel));
        return tile.reduce(SmallVector<Value>(inner), runDepth, weights, runWeights, panelStride, [&](int64_t r, Value k) -> Value {
          int64_t offset = r / pixels * s.strideHeight * heightStride + r % pixels * s.strideWidth * widthStride;
          return memref::LoadOp::create(b, input, addIndex(b, offsetBy(b, runBase, offset), scaleIndex(b, k, channelStride)));
        });
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
    Value column = addIndex(b, scaleIndex(b, group, s.groupOutputs), scaleIndex(b, at[2], tileColumns));
    tile.store(context, s.op.getResult(), tile.finish(sums), coordinates, column);
  }

  ImplicitLocOpBuilder &b;
  KernelContext &context;
  ConvolutionShape s;
  int64_t tileRows, tilePixels, tileColumns;
  Value input, weights;
  int64_t imageStride, heightStride, widthStride, channelStride;
};

/// A 1x1 convolution is a product over all pixels, wherever they lie.
void emitPointwise(ImplicitLocOpBuilder &b, KernelContext &context, ConvolutionShape s) {
  RowsTimesPanels product;
  product.rowDims = {s.images};
  if (s.twoSpatialDims)
    product.rowDims.push_back(s.outHeight);
  product.rowDims.push_back(s.outWidth);
  product.rowStrides.assign(product.rowDims.size(), 0);
  product.depthStride = 0;
  if (auto argument = dyn_cast<BlockArgument>(s.op.getX())) {
    FlatBuffer x(b, context.inputs[argument.getArgNumber()]);
    product.lhsBuffer = x.memref;
    product.depthStride = x.strides.back();
    product.rowStrides.front() = x.strides.front();
    if (s.twoSpatialDims)
      product.rowStrides[1] = s.strideHeight * x.strides[1];
    product.rowStrides.back() = s.strideWidth * x.strides.end()[-2];
  }
  product.columns = s.groupOutputs;
  product.depth = s.groupInputs;
  product.lhsValue = s.op.getX();
  product.rhsBuffer = FlatBuffer(b, context.inputs[cast<BlockArgument>(s.op.getW()).getArgNumber()]).memref;
  product.anchorResult = s.op.getResult();
  product.tileRows = context.plan().getTile()[0];
  product.tileColumns = context.plan().getTile()[1];
  product.unroll = context.plan().getUnroll();
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
  if (context.plan().getUnits() != shape->units(tile))
    return context.region.emitOpError("has ") << shape->units(tile) << " units with this tile, but its plan says " << context.plan().getUnits();
  if (tile.size() == 2)
    emitPointwise(b, context, *shape);
  else
    ConvolutionEmitter(b, context, *shape).emit();
  return success();
}

} // namespace ingot
