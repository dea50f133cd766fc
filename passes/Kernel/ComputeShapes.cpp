// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/ComputeShapes.h"

#include "dialects/Ingot/LeftOutPads.h"
#include "passes/Kernel/Product/TileWalk.h"

using namespace mlir;

namespace ingot {
namespace {

/// The step of the anchor's product of two operands.
ProductStep stepOf(Operation *anchor, int64_t group) {
  return {typeOf(anchor->getOperand(0)).getElementType(), typeOf(anchor->getOperand(1)).getElementType(), group};
}

/// The sums of tiles that the region's kernel writes beside the image; null where there are none.
TileSumsOp tileSumsOf(RegionOp region, Operation *anchor) {
  auto conv = dyn_cast<ConvOp>(anchor);
  auto all = region.getBody().front().getOps<TileSumsOp>();
  bool isOne = conv && conv.isDepthwise() && llvm::hasSingleElement(all) && typeOf((*all.begin()).getResult()).getElementType().isF32();
  return isOne && llvm::is_contained(region.getYielded(), (*all.begin()).getResult()) ? *all.begin() : TileSumsOp();
}

} // namespace

bool checkComputeRegion(RegionOp region, Operation *anchor, const ProductStep &step, std::string &why, AlternatingPanels *parts) {
  if (!step.exists())
    return why = "multiplies f32 with f32, f16 or bf16, pairs of bf16, and ui8 with i8", false;
  auto result = typeOf(anchor->getResult(0));
  if (llvm::is_contained(result.getShape(), 0) || result.getElementType() != step.getSumType(region.getContext()))
    return why = "computes nonempty results only, of f32, or of i32 from bytes", false;
  if (!isa<BlockArgument>(anchor->getOperand(1)))
    return why = "reads packed weights from a buffer only", false;
  Dims made = getDims(parts ? typeOf(parts->products[0]) : result);
  TileSumsOp sums = tileSumsOf(region, anchor);
  for (Value yielded : region.getYielded())
    if (getDims(typeOf(yielded)) != made && !(sums && yielded == sums.getResult()))
      return why = "writes results of the anchor's shape only", false;
  SmallVector<Operation *, 5> views = parts ? parts->operations() : SmallVector<Operation *, 5>();
  for (Operation &op : region.getBody().front().without_terminator()) {
    auto member = dyn_cast<RegionFormationInterface>(op);
    bool isConstant = member && member.getAnchor() == Anchor::Constant;
    if (&op != anchor && &op != sums && !isConstant && !llvm::is_contained(views, &op) && (!member || !member.isEpilogue() || isa<PackOp>(op)))
      return why = "has elementwise operations around its anchor only", false;
  }
  return true;
}

std::optional<ContractionShape> ContractionShape::match(RegionOp region, std::string &why) {
  auto op = dyn_cast_or_null<PackedMatMulOp>(region.getAnchorOp());
  if (!op)
    return why = "is built around 'ingot.packed_matmul' only", std::nullopt;
  ContractionShape shape;
  shape.op = op;
  shape.step = stepOf(op, op.getGroup());
  std::optional<AlternatingPanels> parts = AlternatingPanels::behind(op);
  if (!checkComputeRegion(region, op, shape.step, why, parts ? &*parts : nullptr))
    return std::nullopt;
  if (parts)
    shape.results.assign(std::begin(parts->products), std::end(parts->products));
  else
    shape.results.push_back(op.getResult());
  Dims dims = getDims(typeOf(op.getResult()));
  size_t batchDims = typeOf(op.getRhs()).getRank() - 3;
  shape.batchDims.assign(dims.begin(), dims.begin() + batchDims);
  shape.rowDims.assign(dims.begin() + batchDims, dims.end() - 1);
  shape.batches = productOf(shape.batchDims, op.getContext());
  shape.rows = productOf(shape.rowDims, op.getContext());
  shape.columns = dims.back();
  shape.depth = getDims(typeOf(op.getLhs())).back();
  shape.hasPrologue = !isa<BlockArgument>(op.getLhs());
  std::optional<int64_t> depth = getConstant(shape.depth);
  if (shape.step.getGroup() != 1 && !depth)
    return why = "multiplies groups along a known depth only", std::nullopt;
  if (shape.hasPrologue && !(depth && getConstant(shape.columns) && fitsPrologue(1, *depth)))
    return why = "computes short rows of its left side only", std::nullopt;
  return shape;
}

std::optional<ConvolutionShape> ConvolutionShape::match(RegionOp region, std::string &why) {
  auto op = dyn_cast_or_null<ConvOp>(region.getAnchorOp());
  if (!op || op.getLayout() != Layout::ChannelsLast)
    return why = "is built around a channels-last 'ingot.conv' only", std::nullopt;
  ConvolutionShape shape;
  shape.op = op;
  shape.step = stepOf(op, op.getPackedGroup());
  if (!checkComputeRegion(region, op, shape.step, why))
    return std::nullopt;
  if (Type element = typeOf(op.getW()).getElementType(); op.isDepthwise() && !element.isF32() && !element.isInteger(8))
    return why = "multiplies f32 and bytes in depthwise convolutions only", std::nullopt;
  shape.sums = tileSumsOf(region, op);
  size_t spatial = op.getKernel().size();
  if (spatial > 2)
    return why = "covers one and two spatial dims only", std::nullopt;
  if (!leavesOutPads(op))
    return why = "needs the padding in its input buffer", std::nullopt;
  int64_t inputs = typeOf(op.getX()).getShape().back(), outputs = typeOf(op.getResult()).getShape().back();
  if (ShapedType::isDynamic(inputs))
    return why = "covers a known number of channels only", std::nullopt;
  Dims out = getDims(typeOf(op.getResult()));
  auto pick = [&](ArrayRef<int64_t> values, size_t dim) { return spatial == 2 ? values[dim] : dim == 0 ? 1 : values[0]; };
  shape.twoSpatialDims = spatial == 2;
  shape.images = out[0];
  shape.outHeight = spatial == 2 ? out[1] : getAffineConstantExpr(1, op.getContext());
  shape.outWidth = out[spatial];
  Dims in = getDims(typeOf(op.getX()));
  shape.inHeight = spatial == 2 ? in[1] : shape.outHeight;
  shape.inWidth = in[spatial];
  shape.padTop = spatial == 2 ? op.getPads()[0] : 0;
  shape.padBottom = spatial == 2 ? op.getPads()[2] : 0;
  shape.padLeft = op.getPads()[spatial - 1];
  shape.padRight = op.getPads()[2 * spatial - 1];
  shape.kernelHeight = pick(op.getKernel(), 0);
  shape.kernelWidth = pick(op.getKernel(), 1);
  shape.strideHeight = pick(op.getStrides(), 0);
  shape.strideWidth = pick(op.getStrides(), 1);
  shape.dilationHeight = pick(op.getDilations(), 0);
  shape.dilationWidth = pick(op.getDilations(), 1);
  shape.groups = op.getGroups();
  shape.groupInputs = inputs / shape.groups;
  shape.groupOutputs = outputs / shape.groups;
  if (shape.groupInputs % shape.step.getGroup() != 0)
    return why = "multiplies whole groups of channels only", std::nullopt;
  shape.hasPrologue = !isa<BlockArgument>(op.getX());
  if (shape.hasPrologue && !(shape.isPointwise() && shape.strideHeight == 1 && shape.strideWidth == 1 && fitsPrologue(1, shape.groupInputs)))
    return why = "computes its input for a 1x1 kernel with stride 1 and few channels only", std::nullopt;
  return shape;
}

std::pair<int64_t, int64_t> ConvolutionShape::columnsOutside(int64_t firstPixel, int64_t pixels) const {
  if (padLeft == 0 && padRight == 0)
    return {0, 0};
  int64_t first = firstPixel * strideWidth - padLeft, end = first + (pixels - 1) * strideWidth + (kernelWidth - 1) * dilationWidth + 1;
  return {std::max<int64_t>(-first, 0), std::max<int64_t>(end - *getConstant(inWidth), 0)};
}

AffineExpr ConvolutionShape::units(ArrayRef<int64_t> tile) const {
  if (tile.size() == 2)
    return simplifyDim(countTiles(images * outHeight * outWidth, tile[0]) * countTiles(panels(), tile[1] / kPanel));
  return simplifyDim(images * groups * countTiles(panels(), tile[2] / kPanel) * countTiles(outHeight, tile[0]) * countTiles(outWidth, tile[1]));
}

bool ConvolutionShape::isInBands() const {
  double pixels = estimateDim(images) * estimateDim(outHeight) * estimateDim(outWidth);
  double channels = groups * (groupInputs * strideHeight * strideWidth + groupOutputs), weights = groups * depth() * groupOutputs;
  if (isPointwise())
    channels = groupInputs + groupOutputs;
  return TileOrder::isInBands(pixels * channels, weights);
}

} // namespace ingot
