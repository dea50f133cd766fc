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

struct Choice {
  double cost = 0, work = 0;
  SmallVector<int64_t> tile;

  void offer(double work, ArrayRef<int64_t> tile, int64_t units, const MachineModel &machine) {
    double cost = balanced(work, units, machine);
    if (this->tile.empty() || cost < this->cost)
      *this = {cost, work, SmallVector<int64_t>(tile)};
  }
};

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
  Choice choice;
  for (int64_t panels = 1; panels <= s.panels() && cost.fits(1, panels); ++panels) {
    if (s.isPointwise()) {
      int64_t pixels = s.images * s.outHeight * s.outWidth;
      for (int64_t rows = 1; rows <= pixels && cost.fits(rows, panels); ++rows) {
        int64_t full = pixels / rows, rest = pixels % rows;
        SmallVector<int64_t> tile = {rows, panels * kPanel};
        choice.offer(full * cost.rowBlock(rows, panels) + (rest ? cost.rowBlock(rest, panels) : 0), tile, s.units(tile), machine);
      }
      continue;
    }
    // Rows of pixels, or several whole rows where one is shorter than a good tile.
    for (int64_t rows = 1; rows <= s.outHeight && cost.fits(rows, panels); ++rows)
      for (int64_t pixels = rows == 1 ? 1 : s.outWidth; pixels <= s.outWidth && cost.fits(rows * pixels, panels); ++pixels) {
        int64_t fullRows = s.outHeight / rows, restRows = s.outHeight % rows, fullPixels = s.outWidth / pixels, restPixels = s.outWidth % pixels;
        auto rowOfTiles = [&](int64_t height) {
          return fullPixels * cost.rowBlock(height * pixels, panels) + (restPixels ? cost.rowBlock(height * restPixels, panels) : 0);
        };
        double image = fullRows * rowOfTiles(rows) + (restRows ? rowOfTiles(restRows) : 0);
        SmallVector<int64_t> tile = {rows, pixels, panels * kPanel};
        choice.offer(s.images * s.groups * image, tile, s.units(tile), machine);
      }
  }
  int64_t units = s.units(choice.tile), panels = choice.tile.pop_back_val() / kPanel;
  int64_t unroll = limitUnroll(s, chooseUnroll(llvm::product_of(choice.tile), panels, machine));
  choice.tile.push_back(panels * kPanel);
  return PlanAttr::get(region.getContext(), Family::Convolution, choice.tile, unroll, kPanel, units, units > 1 && choice.work > kParallelCycles);
}

} // namespace ingot
