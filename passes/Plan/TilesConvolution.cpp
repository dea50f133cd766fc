// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/RegisterTile.h"
#include "passes/Plan/BodyCost.h"
#include "passes/Plan/KernelModel.h"
#include "passes/Plan/TileCost.h"

using namespace mlir;

namespace ingot {
namespace {

/// Neighbouring pixels share input elements that are a pixel apart: unrolled further than that the code keeps them all, and the registers spill (99
/// against 81 % of the peak for 3 channels). Groups of bytes, which several panels read, are all loaded in front of the products where a loop has two
/// iterations (16 channels: two thirds of the time with one step in each of four).
int64_t limitUnroll(const ConvolutionShape &s, int64_t unroll) {
  constexpr int64_t kLeastIterations = 4;
  int64_t steps = s.strideWidth * s.groupInputs / s.step.getGroup();
  return std::clamp<int64_t>(s.step.getGroup() > 1 ? steps / kLeastIterations : steps, 1, unroll);
}

/// Of one element.
int64_t bytesOf(Value x) { return cast<ShapedType>(x.getType()).getElementTypeBitWidth() / 8; }

/// An implicit product: pixels x output channels. A tile is [pixels, columns] of a 1x1 kernel, else [rows, pixels of a row, columns].
class ConvolutionModel : public KernelModel {
public:
  ConvolutionModel(RegionOp region, const ConvolutionShape &shape, const MachineModel &machine)
      : KernelModel(Family::Convolution, kPanel), s(shape), machine(machine), cost{machine,
                                                                                   s.groupOutputs,
                                                                                   s.steps(),
                                                                                   limitUnroll(s, machine.isWide() ? 2 : 1),
                                                                                   s.strideWidth * s.groups * s.groupInputs * bytesOf(s.op.getX()),
                                                                                   prologueCycles(s.op.getX()),
                                                                                   /*anyColumns=*/false,
                                                                                   stepCycles(s.step, machine),
                                                                                   epilogueCycles(region, s.step)},
        allPixels(simplifyDim(s.images * s.outHeight * s.outWidth)) {}

  void forEachTile(llvm::function_ref<void(ArrayRef<int64_t>)> offer) const override {
    bool isStatic = getConstant(s.outHeight) && getConstant(s.outWidth);
    for (int64_t panels = 1; panels <= s.panels() && cost.fits(1, panels); ++panels) {
      if (s.isPointwise()) {
        for (int64_t rows = 1, most = largestOf(allPixels); rows <= most && cost.fits(rows, panels); ++rows)
          offer({rows, panels * kPanel});
        continue;
      }
      // Rows of pixels, or several whole rows where one is shorter than a good tile.
      int64_t height = isStatic ? *getConstant(s.outHeight) : 1, width = largestOf(s.outWidth);
      for (int64_t rows = 1; rows <= height && cost.fits(rows, panels); ++rows)
        for (int64_t pixels = rows == 1 ? 1 : width; pixels <= width && cost.fits(rows * pixels, panels); ++pixels)
          offer({rows, pixels, panels * kPanel});
    }
  }
  std::string refuse(ArrayRef<int64_t> tile) const override {
    if (std::string why = refuseProduct(tile, /*rank=*/s.isPointwise() ? 2 : 3); !why.empty())
      return why;
    if (tile.size() == 3 && tile[0] > 1 && getConstant(s.outWidth) != tile[1])
      return "must have whole rows of pixels, or one row";
    return cost.fits(pixelsOf(tile), tile.back() / kPanel) ? "" : "needs more registers than there are, or memory near the core for its left rows";
  }
  Dims getDims() const override { return {s.images, s.outHeight, s.outWidth}; }
  int64_t chooseUnroll(ArrayRef<int64_t> tile) const override {
    return limitUnroll(s, ingot::chooseUnroll(pixelsOf(tile), tile.back() / kPanel, machine));
  }
  int64_t mostUnroll(ArrayRef<int64_t> tile) const override {
    return limitUnroll(s, ingot::mostUnroll(pixelsOf(tile), tile.back() / kPanel, machine));
  }
  AffineExpr units(ArrayRef<int64_t> tile) const override { return s.units(tile); }
  int64_t mostParts(ArrayRef<int64_t> tile) const override { return s.mostParts(tile); }
  UnitGrid grid(ArrayRef<int64_t> tile, int64_t symbol) const override {
    UnitGrid columns = {{s.groups}, axisOf(s.groupOutputs, tile.back())}, pixels = {axisOf(estimateDim(allPixels, symbol), tile[0])};
    if (tile.size() == 3)
      pixels = {{estimateDim(s.images, symbol)}, axisOf(estimateDim(s.outHeight, symbol), tile[0]), axisOf(estimateDim(s.outWidth, symbol), tile[1])};
    bool rowsFirst = s.hasPrologue || s.isInBands();
    UnitGrid outer = rowsFirst ? pixels : columns;
    outer.append(rowsFirst ? columns : pixels);
    return outer;
  }
  ShareCuts cuts(ArrayRef<int64_t> tile) const override {
    if (s.hasPrologue)
      return {};
    int64_t blocks = s.groups * countTiles(s.groupOutputs, tile.back());
    if (s.isInBands())
      return blocks > 1 ? ShareCuts{.blocks = blocks} : ShareCuts{.units = 1};
    std::optional<int64_t> units = getConstant(s.units(tile));
    return {.units = units ? std::max<int64_t>(*units / blocks, 1) : 1};
  }
  WeightStream weights(ArrayRef<int64_t> tile) const override {
    int64_t places = countTiles(estimateDim(allPixels), tile[0]);
    if (tile.size() == 3)
      places = estimateDim(s.images) * countTiles(estimateDim(s.outHeight), tile[0]) * countTiles(estimateDim(s.outWidth), tile[1]);
    // Few weights of larger kernels are in the second cache anyway.
    bool areFew = tile.size() == 3 && s.groups * s.depth() * s.panels() * kPanel * bytesOf(ConvOp(s.op).getW()) <= machine.l2Bytes / 2;
    if (s.hasPrologue || places == 1 || areFew)
      return {};
    return {.blocks = s.groups * countTiles(s.groupOutputs, tile.back()), .tiles = places, .depth = s.depth()};
  }
  double cycles(ArrayRef<int64_t> tile, int64_t symbol) const override {
    auto rowBlock = [&](int64_t size) { return cost.rowBlock(size, tile.back() / kPanel); };
    if (tile.size() == 2)
      return coverCost(allPixels, estimateDim(allPixels, symbol), tile[0], rowBlock);
    auto rowOfTiles = [&](int64_t height) {
      return coverCost(s.outWidth, estimateDim(s.outWidth, symbol), tile[1], [&](int64_t width) { return rowBlock(height * width); });
    };
    double image = coverCost(s.outHeight, estimateDim(s.outHeight, symbol), tile[0], rowOfTiles);
    return estimateDim(s.images, symbol) * s.groups * image;
  }

private:
  static int64_t pixelsOf(ArrayRef<int64_t> tile) { return llvm::product_of(tile.drop_back()); }

  ConvolutionShape s;
  const MachineModel &machine;
  ProductCost cost;
  AffineExpr allPixels;
};

} // namespace

OwnedModel modelConvolution(RegionOp region, const MachineModel &machine) {
  std::string why;
  std::optional<ConvolutionShape> shape = ConvolutionShape::match(region, why);
  if (!shape || shape->op.isDepthwise())
    return {};
  return std::make_unique<ConvolutionModel>(region, *shape, machine);
}

} // namespace ingot
