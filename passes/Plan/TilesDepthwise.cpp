// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/ComputeShapes.h"
#include "passes/Plan/KernelModel.h"
#include "passes/Plan/TileCost.h"

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

/// One input channel for each output channel. A tile is [rows, pixels of a row, channels].
class DepthwiseModel : public KernelModel {
public:
  DepthwiseModel(const ConvolutionShape &shape, const MachineModel &machine)
      : KernelModel(Family::Depthwise, kPanel / machine.registersPerVector()), s(shape), machine(machine) {}

  void forEachTile(llvm::function_ref<void(ArrayRef<int64_t>)> offer) const override {
    int64_t height = std::min<int64_t>(largestOf(s.outHeight), 2), width = largestOf(s.outWidth);
    for (int64_t rows = 1; rows <= height; ++rows)
      for (int64_t pixels = 1; pixels <= width && (rows * pixels == 1 || fits(rows * pixels)); ++pixels)
        offer({rows, pixels, getLanes()});
  }
  std::string refuse(ArrayRef<int64_t> tile) const override {
    if (tile.size() != 3 || tile[0] < 1 || tile[1] < 1 || tile[2] != getLanes())
      return "must be [rows, pixels of a row, " + std::to_string(getLanes()) + "]";
    return fits(tile[0] * tile[1]) ? "" : "needs more registers than there are";
  }
  Dims getDims() const override { return {s.outHeight, s.outWidth}; }
  AffineExpr units(ArrayRef<int64_t> tile) const override { return s.depthwiseUnits(tile); }
  UnitGrid grid(ArrayRef<int64_t> tile, int64_t symbol) const override {
    return {{estimateDim(s.images, symbol)},
            axisOf(estimateDim(s.outHeight, symbol), tile[0]),
            axisOf(estimateDim(s.outWidth, symbol), tile[1]),
            {countTiles(s.groups, tile[2])}};
  }
  double cycles(ArrayRef<int64_t> tile, int64_t symbol) const override {
    auto rowOfTiles = [&](int64_t height) {
      return coverCost(s.outWidth, estimateDim(s.outWidth, symbol), tile[1], [&](int64_t width) { return tileCycles(s, height, width); });
    };
    // What is left out at the borders is not counted; where no tile lies inside, all are computed row by row.
    auto rows = [&](int64_t height) { return s.mayLieInside(height) ? rowOfTiles(height) : height * rowOfTiles(1); };
    double image = coverCost(s.outHeight, estimateDim(s.outHeight, symbol), tile[0], rows);
    return image * estimateDim(s.images, symbol) * countTiles(s.groups, getLanes());
  }

private:
  /// What is neither an accumulator nor a weight: inputs on their way. With fewer, the scheduler's reordering makes sums spill (68 against 97 % of
  /// the peak).
  bool fits(int64_t sums) const {
    int64_t weights = std::min<int64_t>(s.kernelWidth, 9), spare = machine.vectorRegisters / 4;
    return weights + sums + spare <= machine.vectorRegisters;
  }

  ConvolutionShape s;
  const MachineModel &machine;
};

} // namespace

OwnedModel modelDepthwise(RegionOp region, const MachineModel &machine) {
  std::string why;
  std::optional<ConvolutionShape> shape = ConvolutionShape::match(region, why);
  if (!shape || !shape->op.isDepthwise())
    return {};
  return std::make_unique<DepthwiseModel>(*shape, machine);
}

} // namespace ingot
