// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/ComputeShapes.h"
#include "passes/Plan/TileCost.h"
#include "passes/Plan/Tiles.h"

using namespace mlir;

namespace ingot {
namespace {

/// Cycles of one tile: each input vector is loaded once per kernel row that reads it, and its lines come from the second cache once per tile.
double tileCycles(const ConvolutionShape &s, int64_t rows, int64_t pixels) {
  double taps = s.kernelHeight * s.kernelWidth, multiplyAdds = taps * rows * pixels;
  double width = std::min((pixels - 1) * s.strideWidth + (s.kernelWidth - 1) * s.dilationWidth + 1, pixels * s.kernelWidth);
  double height = std::min((rows - 1) * s.strideHeight + (s.kernelHeight - 1) * s.dilationHeight + 1, rows * s.kernelHeight);
  double loads = rows * s.kernelHeight * width + taps;
  double latency = 4 * taps * std::max(1.0, 4.0 / (rows * pixels)) / 4;
  return std::max({multiplyAdds, loads, latency}) + 0.25 * height * width + rows * pixels + 8;
}

} // namespace

PlanAttr planDepthwise(RegionOp region, const MachineModel &machine) {
  std::string why;
  std::optional<ConvolutionShape> shape = ConvolutionShape::match(region, why);
  if (!shape || !shape->op.isDepthwise())
    return {};
  const ConvolutionShape &s = *shape;
  int64_t channels = kPanel / machine.registersPerVector(), weights = std::min<int64_t>(s.kernelWidth, 9);
  // What is neither an accumulator nor a weight: inputs on their way. With fewer, the scheduler's reordering makes sums spill (68 against 97 % of the
  // peak).
  int64_t spare = machine.vectorRegisters / 4;
  auto imageCost = [&](int64_t rows, int64_t pixels, int64_t symbol) {
    auto rowOfTiles = [&](int64_t height) {
      return coverCost(s.outWidth, estimateDim(s.outWidth, symbol), pixels, [&](int64_t width) { return tileCycles(s, height, width); });
    };
    return coverCost(s.outHeight, estimateDim(s.outHeight, symbol), rows, rowOfTiles);
  };
  TileChoice choice({s.outHeight, s.outWidth});
  int64_t height = choice.largest(s.outHeight), width = choice.largest(s.outWidth);
  for (int64_t rows = 1; rows <= std::min<int64_t>(height, 2); ++rows)
    for (int64_t pixels = 1; pixels <= width && weights + rows * pixels + spare <= machine.vectorRegisters; ++pixels)
      choice.offer({rows, pixels, channels}, [&](int64_t symbol) { return imageCost(rows, pixels, symbol); });
  SmallVector<int64_t> tile(choice.get());
  double work = tile.empty() ? 0 : imageCost(tile[0], tile[1], 64) * estimateDim(s.images) * countTiles(s.groups, channels);
  if (tile.empty()) // more taps in a row than registers
    tile = {1, 1, channels};
  return makeTiledPlan(region, Family::Depthwise, tile, /*unroll=*/1, channels, s.depthwiseUnits(tile), work);
}

} // namespace ingot
