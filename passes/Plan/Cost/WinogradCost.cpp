// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/Cost/WinogradCost.h"

#include "passes/Plan/Cost/TileChoice.h"
#include "passes/Plan/TileCost.h"

using namespace mlir;

namespace ingot {
namespace {

/// Cycles of the transforms of one tile for one vector of 16 channels (measured on Zen 4).
double inputCycles(int64_t height, int64_t width) { return 4.2 * (height + 2) * (width + 2); }
double outputCycles(int64_t height, int64_t width) { return 2.4 * (height + 2) * (width + 2) + 2.5 * height * width; }

} // namespace

WinogradCost::WinogradCost(const WinogradSizes &sizes, const MachineModel &machine, ArrayRef<int64_t> tile) : s(sizes), machine(machine), tile(tile) {
  int64_t points = s.points() * s.points();
  double filters = sizeof(float) * kPanel * static_cast<double>(points * s.inputs) * s.panels();
  double panels = sizeof(float) * static_cast<double>(tile[2] * points * s.inputs);
  double inputs = sizeof(float) * static_cast<double>(s.inputElements(tile));
  // What is read again: the filters for each block, those of a unit for each piece of its tiles, the transformed input for each column block.
  auto bytesPerCycle = [&](double bytes, double part) { return bytes <= part * machine.l2Bytes ? machine.l2BytesPerCycle : machine.l3BytesPerCycle; };
  // Those that the second cache does not keep have been driven out by other layers' since the last run; two threads at least share the memory.
  double memory = std::min(machine.dramBytesPerCycle, machine.sharedDramBytesPerCycle / 2);
  filterBytesPerCycle = filters + inputs <= 0.8 * machine.l2Bytes ? machine.l2BytesPerCycle : memory;
  againBytesPerCycle = bytesPerCycle(panels + inputs, 0.8);
  inputBytesPerCycle = bytesPerCycle(inputs, 0.6);
}

double WinogradCost::image(int64_t height, int64_t width) const {
  auto row = [&](int64_t blockHeight) {
    return coverCost(s.outWidth, width, tile[1] * s.tile, [&](int64_t blockWidth) { return block(blockHeight, blockWidth); });
  };
  return coverCost(s.outHeight, height, tile[0] * s.tile, row);
}

double WinogradCost::block(int64_t height, int64_t width) const {
  WinogradBlock block(s.tile, height, width);
  double cycles = 0;
  for (const TileGroup &group : block.groups)
    cycles += group.count() * inputCycles(group.height, group.width) * countTiles(s.inputs, kPanel) * machine.cyclesPerVector();
  int64_t full = s.outputs / tile[2], rest = s.outputs % tile[2];
  return cycles + full * columnBlock(block, tile[2]) + (rest ? columnBlock(block, rest) : 0);
}

double WinogradCost::columnBlock(const WinogradBlock &block, int64_t columns) const {
  int64_t tiles = block.tiles(), pieces = countPieces(tiles, tile[3]);
  double cycles = 0;
  for (const TileGroup &group : block.groups)
    cycles += group.count() * outputCycles(group.height, group.width) * countTiles(columns, kPanel) * machine.cyclesPerVector();
  for (int64_t i = 0; i < pieces; ++i) {
    int64_t begin = pieceBegin(tiles, pieces, i), end = pieceBegin(tiles, pieces, i + 1);
    for (const PointRange &range : block.ranges)
      if (int64_t rows = std::min(end, range.last) - std::max(begin, range.first); rows > 0)
        cycles += range.count() * product(rows, columns, i == 0 ? filterBytesPerCycle : againBytesPerCycle);
  }
  return cycles;
}

double WinogradCost::product(int64_t rows, int64_t columns, double bytesPerCycle) const {
  constexpr double kStart = 25, kStore = 2;
  int64_t panels = countTiles(columns, kPanel), chains = 1, unroll = machine.isWide() ? 2 : 1;
  while (rows * panels * chains < 8 && chains * 2 <= unroll)
    chains *= 2;
  bool halfPanel = lanesOfLastVector(columns) != kPanel;
  double vectors = panels - (halfPanel ? 0.5 : 0), loads = panels + (halfPanel && panels > 1 ? 2 : 1) * rows;
  double streaming = panels * kPanel * sizeof(float) / bytesPerCycle + rows * sizeof(float) / inputBytesPerCycle;
  double step = std::max({rows * vectors * machine.cyclesPerVector(), 0.6 * loads, machine.fmaLatency / chains, streaming}) + 0.02 * loads;
  if (rows > 8) // more streams than the prefetchers follow, while the filters come from memory
    step *= 1 + 0.03 * (rows - 8);
  return kStart + step * s.inputs + kStore * rows * panels * machine.registersPerVector();
}

double winogradCycles(const WinogradSizes &sizes, const MachineModel &machine) {
  OwnedModel model = modelWinograd(sizes, machine);
  std::vector<RankedTile> ranked = rankTiles(*model, machine, 1);
  ArrayRef<int64_t> tile = ranked.front().tile;
  return balanced(model->cycles(tile, kTypicalSize), model->grid(tile, kTypicalSize), machine);
}

double directCycles(const WinogradSizes &s, const MachineModel &machine) {
  ProductCost cost{machine, s.outputs, s.inputs * 9, machine.isWide() ? 2 : 1, s.inputs * static_cast<int64_t>(sizeof(float))};
  double best = 0, pixels = static_cast<double>(estimateDim(s.images)) * estimateDim(s.outHeight) * estimateDim(s.outWidth);
  for (int64_t panels = 1; panels <= s.panels() && cost.fits(1, panels); ++panels)
    for (int64_t rows = 1; rows <= pixels && cost.fits(rows, panels); ++rows)
      if (double cycles = cost.rowBlock(rows, panels) / rows * pixels; best == 0 || cycles < best)
        best = cycles;
  return best;
}

} // namespace ingot
