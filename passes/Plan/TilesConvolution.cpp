// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/ComputeShapes.h"
#include "passes/Plan/BodyCost.h"
#include "passes/Plan/TileCost.h"
#include "passes/Plan/Tiles.h"

using namespace mlir;

namespace ingot {
namespace {

/// Neighbouring pixels share input elements that are a pixel apart: unrolled further than that the code keeps them all, and the registers spill (99
/// against 81 % of the peak for 3 channels).
int64_t limitUnroll(const ConvolutionShape &s, int64_t unroll) { return std::clamp<int64_t>(s.strideWidth * s.groupInputs, 1, unroll); }

} // namespace

PlanAttr planConvolution(RegionOp region, const MachineModel &machine) {
  std::string why;
  std::optional<ConvolutionShape> shape = ConvolutionShape::match(region, why);
  if (!shape || shape->op.isDepthwise())
    return {};
  const ConvolutionShape &s = *shape;
  ProductCost cost{machine,
                   s.groupOutputs,
                   s.depth(),
                   limitUnroll(s, machine.avx512 ? 2 : 1),
                   s.strideWidth * s.groups * s.groupInputs * static_cast<int64_t>(sizeof(float)),
                   prologueCycles(shape->op.getX())};
  AffineExpr allPixels = simplifyDim(s.images * s.outHeight * s.outWidth);
  auto workOf = [&](ArrayRef<int64_t> tile, int64_t symbol) {
    int64_t panels = tile.back() / kPanel;
    auto rowBlock = [&](int64_t size) { return cost.rowBlock(size, panels); };
    if (tile.size() == 2)
      return coverCost(allPixels, estimateDim(allPixels, symbol), tile[0], rowBlock);
    auto rowOfTiles = [&](int64_t height) {
      return coverCost(s.outWidth, estimateDim(s.outWidth, symbol), tile[1], [&](int64_t width) { return rowBlock(height * width); });
    };
    double image = coverCost(s.outHeight, estimateDim(s.outHeight, symbol), tile[0], rowOfTiles);
    return estimateDim(s.images, symbol) * s.groups * image;
  };
  TileChoice choice({s.images, s.outHeight, s.outWidth});
  auto offer = [&](ArrayRef<int64_t> tile) {
    AffineExpr units = s.units(tile);
    choice.offer(tile, [&](int64_t symbol) { return balanced(workOf(tile, symbol), estimateDim(units, symbol), machine); });
  };
  bool isStatic = getConstant(s.outHeight) && getConstant(s.outWidth);
  for (int64_t panels = 1; panels <= s.panels() && cost.fits(1, panels); ++panels) {
    if (s.isPointwise()) {
      for (int64_t rows = 1, most = choice.largest(allPixels); rows <= most && cost.fits(rows, panels); ++rows)
        offer({rows, panels * kPanel});
      continue;
    }
    // Rows of pixels, or several whole rows where one is shorter than a good tile.
    int64_t height = isStatic ? *getConstant(s.outHeight) : 1, width = choice.largest(s.outWidth);
    for (int64_t rows = 1; rows <= height && cost.fits(rows, panels); ++rows)
      for (int64_t pixels = rows == 1 ? 1 : width; pixels <= width && cost.fits(rows * pixels, panels); ++pixels)
        offer({rows, pixels, panels * kPanel});
  }
  ArrayRef<int64_t> tile = choice.get();
  int64_t unroll = limitUnroll(s, chooseUnroll(llvm::product_of(tile.drop_back()), tile.back() / kPanel, machine));
  return makeTiledPlan(region, Family::Convolution, tile, unroll, kPanel, s.units(tile), workOf(tile, 64));
}

} // namespace ingot
