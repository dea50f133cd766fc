// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Chain/RowStage.h"

#include "passes/Kernel/ComputeShapes.h"
#include "passes/Kernel/FailureSites.h"

using namespace mlir;

namespace ingot {

std::optional<RowStage> RowStage::of(RegionOp region, std::string &why) {
  PlanAttr plan = region.getPlanAttr();
  if (!plan || (plan.getFamily() != Family::Convolution && plan.getFamily() != Family::Depthwise))
    return why = "is no convolution with a plan", std::nullopt;
  std::optional<ConvolutionShape> shape = ConvolutionShape::match(region, why);
  if (!shape)
    return std::nullopt;
  auto input = dyn_cast<BlockArgument>(shape->op.getX());
  std::optional<int64_t> images = getConstant(shape->images), rows = getConstant(shape->outHeight), pixels = getConstant(shape->outWidth),
                         inRows = getConstant(shape->inHeight), inPixels = getConstant(shape->inWidth);
  if (!input || !images || !rows || !pixels || !inRows || !inPixels)
    return why = "computes its input itself, or has sizes that only a run knows", std::nullopt;
  if (!shape->twoSpatialDims || *rows < 2)
    return why = "has no rows", std::nullopt;
  if (plan.getScratch() != 0 || !failureSites(region).empty())
    return why = "needs memory of its own, or may fail", std::nullopt;
  RowStage stage{.images = *images, .rows = *rows, .pixels = *pixels, .inRows = *inRows, .inPixels = *inPixels};
  stage.stride = shape->strideHeight;
  stage.pad = shape->padTop;
  stage.window = (shape->kernelHeight - 1) * shape->dilationHeight + 1;
  stage.image = input.getArgNumber();
  ArrayRef<int64_t> tile = plan.getTile();
  AffineExpr units;
  if (plan.getFamily() == Family::Depthwise) {
    units = shape->depthwiseUnits(tile);
    stage.block = tile[0];
    stage.unitsPerBlock = countTiles(*pixels, tile[1]) * countTiles(shape->groups, tile[2]);
  } else {
    units = shape->units(tile);
    int64_t columnBlocks = shape->groups * countTiles(shape->panels(), tile.back() / kPanel);
    if (columnBlocks != 1 && !shape->isInBands())
      return why = "is divided by its columns, not by its rows", std::nullopt;
    stage.isFlat = tile.size() == 2;
    stage.block = tile[0];
    stage.unitsPerBlock = stage.isFlat ? columnBlocks : columnBlocks * countTiles(*pixels, tile[1]);
  }
  if (getConstant(units) != plan.getUnits())
    return why = "is divided inside of its tiles", std::nullopt;
  auto result = cast<RankedTensorType>(region.getYielded().front().getType());
  stage.pixelBytes = result.getShape().back() * llvm::divideCeil(getStorageType(result.getElementType()).getIntOrFloatBitWidth(), 8);
  return stage;
}

} // namespace ingot
