// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/Cost/WinogradCost.h"
#include "passes/Plan/TileCost.h"

using namespace mlir;

namespace ingot {
namespace {

/// The sizes of blocks to choose from along a dim of `extent` results, smallest first. Of a known number of tiles: every way to cut them into blocks
/// that differ by little. Otherwise few tiles, as there is code for each power of two up to them.
SmallVector<int64_t> blockSizes(AffineExpr extent, int64_t tile, int64_t mostOfOpen) {
  SmallVector<int64_t> sizes;
  if (!getConstant(extent)) {
    for (int64_t size = 1; size <= mostOfOpen; size *= 2)
      sizes.push_back(size);
    return sizes;
  }
  int64_t tiles = countTiles(*getConstant(extent), tile);
  for (int64_t blocks = tiles; blocks >= 1; --blocks)
    if (int64_t size = countTiles(tiles, blocks); sizes.empty() || size != sizes.back())
      sizes.push_back(size);
  return sizes;
}

/// Blocks of tiles x output channels. A tile of the plan is [rows of tiles, tiles of a row, columns, rows of a register tile].
class WinogradModel : public KernelModel {
public:
  WinogradModel(const WinogradSizes &sizes, const MachineModel &machine)
      : KernelModel(Family::Winograd, kPanel / machine.registersPerVector()), s(sizes), machine(machine) {}

  void forEachTile(llvm::function_ref<void(ArrayRef<int64_t>)> offer) const override {
    // The code for each piece of a block is written out; beyond these there is nothing to gain.
    constexpr int64_t kMostPieces = 4, kMostTiles = 64;
    for (int64_t height : blockSizes(s.outHeight, s.tile, 2))
      for (int64_t width : blockSizes(s.outWidth, s.tile, 8))
        for (int64_t panels = 1; panels <= std::min<int64_t>(s.panels(), 4) && height * width <= kMostTiles; ++panels)
          for (int64_t pieces = 1, last = 0; pieces <= kMostPieces; ++pieces) {
            int64_t rows = countTiles(height * width, pieces);
            SmallVector<int64_t> tile = {height, width, panels * kPanel, rows};
            if (rows != std::exchange(last, rows) && fitsRegisters(rows, panels, machine) &&
                (height * width == 1 || s.scratchBytes(tile) <= machine.l2Bytes * 3 / 4))
              offer(tile);
          }
  }
  std::string refuse(ArrayRef<int64_t> tile) const override {
    constexpr int64_t kMostTiles = 256, kMostPieces = 16;
    bool isTile = tile.size() == 4 && llvm::all_of(tile, [](int64_t size) { return size > 0; }) && tile[2] % kPanel == 0;
    if (!isTile)
      return "must have 4 sizes: rows of tiles, tiles of a row, columns in multiples of " + std::to_string(kPanel) + ", rows of a register tile";
    if (tile[0] * tile[1] > kMostTiles || countPieces(tile[0] * tile[1], tile[3]) > kMostPieces)
      return "has more tiles in a block than there is memory or code for";
    return fitsRegisters(tile[3], tile[2] / kPanel, machine) ? "" : "needs more registers than there are";
  }
  Dims getDims() const override { return {s.images, s.outHeight, s.outWidth}; }
  int64_t chooseUnroll(ArrayRef<int64_t> tile) const override { return ingot::chooseUnroll(tile[3], tile[2] / kPanel, machine); }
  int64_t mostUnroll(ArrayRef<int64_t> tile) const override { return ingot::mostUnroll(tile[3], tile[2] / kPanel, machine); }
  AffineExpr units(ArrayRef<int64_t> tile) const override { return s.units(tile); }
  UnitGrid grid(ArrayRef<int64_t> tile, int64_t symbol) const override {
    UnitGrid grid = {{estimateDim(s.images, symbol)},
                     axisOf(estimateDim(s.outHeight, symbol), tile[0] * s.tile),
                     axisOf(estimateDim(s.outWidth, symbol), tile[1] * s.tile)};
    if (!s.isOpen())
      grid.push_back(axisOf(s.outputs, tile[2]));
    return grid;
  }
  ShareCuts cuts(ArrayRef<int64_t> tile) const override { return {.units = s.isOpen() ? 1 : countTiles(s.outputs, tile[2])}; }
  WeightStream weights(ArrayRef<int64_t> tile) const override {
    AffineExpr blocks = s.images * countTiles(s.outHeight, tile[0] * s.tile) * countTiles(s.outWidth, tile[1] * s.tile);
    return {.blocks = countTiles(s.outputs, tile[2]), .tiles = 1, .depth = s.inputs, .hasImage = !isOne(simplifyDim(blocks))};
  }
  double cycles(ArrayRef<int64_t> tile, int64_t symbol) const override {
    return estimateDim(s.images, symbol) * WinogradCost(s, machine, tile).image(estimateDim(s.outHeight, symbol), estimateDim(s.outWidth, symbol));
  }
  int64_t scratchBytes(ArrayRef<int64_t> tile) const override { return s.scratchBytes(tile); }

private:
  WinogradSizes s;
  const MachineModel &machine;
};

} // namespace

OwnedModel modelWinograd(const WinogradSizes &sizes, const MachineModel &machine) { return std::make_unique<WinogradModel>(sizes, machine); }

OwnedModel modelWinograd(RegionOp region, const MachineModel &machine) {
  std::string why;
  std::optional<WinogradShape> shape = WinogradShape::match(region, why);
  return shape ? modelWinograd(static_cast<const WinogradSizes &>(*shape), machine) : OwnedModel();
}

} // namespace ingot
