// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/ComputeShapes.h"
#include "passes/Plan/TileCost.h"
#include "passes/Plan/Tiles.h"

using namespace mlir;

namespace ingot {
namespace {

/// Cycles of one tile: every input vector that it touches is loaded once, weights of a kernel row once per row unless they stay in registers.
double tileCycles(const ConvolutionShape &s, int64_t rows, int64_t pixels, bool holdsWeights, const MachineModel &machine) {
  double taps = s.kernelHeight * s.kernelWidth, multiplyAdds = taps * rows * pixels;
  double width = (pixels - 1) * s.strideWidth + (s.kernelWidth - 1) * s.dilationWidth + 1;
  double height = holdsWeights ? (rows - 1) * s.strideHeight + (s.kernelHeight - 1) * s.dilationHeight + 1 : rows * s.kernelHeight;
  double loads = height * std::min(width, static_cast<double>(pixels * s.kernelWidth)) + (holdsWeights ? 0 : taps);
  double stores = 2.0 * rows * pixels;
  double latency = 4 * taps * std::max(1.0, 4.0 / (rows * pixels)) / 4;
  return std::max({multiplyAdds, loads, latency}) + 0.1 * loads + 0.5 * stores + 8;
}

} // namespace

PlanAttr planDepthwise(RegionOp region, const MachineModel &machine) {
  std::string why;
  std::optional<ConvolutionShape> shape = ConvolutionShape::match(region, why);
  if (!shape || !shape->op.isDepthwise())
    return {};
  const ConvolutionShape &s = *shape;
  int64_t taps = s.kernelHeight * s.kernelWidth, channels = kPanel / machine.registersPerVector();
  double best = 0;
  SmallVector<int64_t> bestTile;
  int64_t bestUnroll = 1;
  for (bool holdsWeights : {true, false}) {
    int64_t held = holdsWeights ? taps : std::min<int64_t>(s.kernelWidth, 9);
    for (int64_t rows = 1; rows <= std::min<int64_t>(s.outHeight, 2); ++rows)
      for (int64_t pixels = 1; pixels <= s.outWidth && held + rows * pixels + 2 <= machine.vectorRegisters; ++pixels) {
        int64_t restRows = s.outHeight % rows, restPixels = s.outWidth % pixels;
        auto rowOfTiles = [&](int64_t height) {
          return s.outWidth / pixels * tileCycles(s, height, pixels, holdsWeights, machine) +
                 (restPixels ? tileCycles(s, height, restPixels, holdsWeights, machine) : 0);
        };
        double image = s.outHeight / rows * rowOfTiles(rows) + (restRows ? rowOfTiles(restRows) : 0);
        if (bestTile.empty() || image < best)
          best = image, bestTile = {rows, pixels, channels}, bestUnroll = holdsWeights ? s.kernelHeight : 1;
      }
  }
  if (bestTile.empty()) // more taps in a row than registers
    bestTile = {1, 1, channels};
  int64_t units = s.depthwiseUnits(bestTile);
  double work = best * s.images * countTiles(s.groups, channels);
  return PlanAttr::get(region.getContext(), Family::Depthwise, bestTile, bestUnroll, channels, units, units > 1 && work > kParallelCycles);
}

} // namespace ingot
