// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/TileCost.h"

#include "passes/Kernel/ComputeShapes.h"

using namespace mlir;

namespace ingot {

bool fitsRegisters(int64_t rows, int64_t panels, const MachineModel &machine) {
  // The scheduler loads what the next steps read early: with fewer than six registers for that, or eight beside five panels, sums of several panels
  // spill (9x48, 14x32, 5x80).
  int64_t others = panels * machine.registersPerVector() + 1;
  if (machine.isWide() && panels > 1)
    others = std::max<int64_t>(others, panels < 5 ? 6 : 8);
  return rows * panels * machine.registersPerVector() + others <= machine.vectorRegisters;
}

bool ProductCost::fits(int64_t rows, int64_t panels) const {
  if (stepCycles > 1) { // bytes at even and at odd places have registers of their own, on both sides
    int64_t registers = (rows * panels + 2 * panels) * machine.registersPerVector() + 3;
    if (rows * panels > 1 && registers > machine.vectorRegisters)
      return false;
  }
  return fitsRegisters(rows, panels, machine) && (prologueCycles == 0 || fitsPrologue(rows, depth));
}

double ProductCost::tile(int64_t rows, int64_t tileColumns) const {
  int64_t panels = countTiles(tileColumns, kPanel), chains = 1;
  while (rows * panels * chains < 8 && chains * 2 <= unroll)
    chains *= 2;
  bool halfPanel = lanesOfLastVector(tileColumns) != kPanel;
  double vectors = panels - (halfPanel ? 0.5 : 0);
  double multiplyAdds = rows * vectors * machine.cyclesPerVector() * stepCycles, loads = panels + (halfPanel && panels > 1 ? 2 : 1) * rows;
  // The rhs block is read again for each block of rows: from the nearest cache that holds it.
  double block = static_cast<double>(panels) * kPanel * sizeof(float) * depth;
  double bytes = panels * kPanel * sizeof(float);
  double streaming = block <= 0.5 * machine.l1Bytes ? 0 : bytes / std::max(machine.bytesPerCycle(block), machine.l3BytesPerCycle);
  double step = std::max({multiplyAdds, 0.6 * loads, machine.fmaLatency / chains, streaming}) + 0.02 * loads;
  // Rows at multiples of 4 KiB fall into one set of the L1 cache, which has 8 ways.
  if (rowStrideBytes != 0 && rowStrideBytes % 4096 == 0 && rows > 6)
    step *= 1 + 0.1 * (rows - 6);
  if (rows > 9) // more streams than the prefetchers follow
    step *= 1 + 0.01 * (rows - 9);
  constexpr double kStart = 40, kStore = 2;
  return kStart + step * depth + (kStore + epilogueCycles) * rows * panels * machine.registersPerVector();
}

double ProductCost::rowBlock(int64_t rows, int64_t panels) const {
  int64_t tileColumns = panels * kPanel, full = columns / tileColumns, rest = columns % tileColumns;
  double prologue = prologueCycles * rows * countTiles(depth, kPanel) * machine.registersPerVector();
  double last = rest == 0 ? 0 : tile(rows, anyColumns ? countTiles(rest, kPanel) * kPanel : rest);
  return prologue + full * tile(rows, tileColumns) + last;
}

double coverCost(AffineExpr extent, int64_t size, int64_t tile, llvm::function_ref<double(int64_t size)> cost) {
  int64_t full = size / tile, rest = size % tile;
  double sum = full * cost(tile);
  if (getConstant(extent))
    return sum + (rest ? cost(rest) : 0);
  for (int64_t piece = llvm::bit_floor<uint64_t>(rest); piece > 0; piece /= 2)
    if (rest & piece)
      sum += cost(piece);
  return sum;
}

double coverEvenlyCost(AffineExpr extent, int64_t size, int64_t tile, llvm::function_ref<double(int64_t size)> cost) {
  int64_t tiles = countTiles(size, tile), smaller = tiles * tile - size;
  if (getConstant(extent) || tile < 3 || smaller == 0 || smaller > tiles)
    return coverCost(extent, size, tile, cost);
  return (tiles - smaller) * cost(tile) + smaller * cost(tile - 1);
}

int64_t chooseUnroll(int64_t rows, int64_t panels, const MachineModel &machine) {
  int64_t unroll = machine.isWide() ? 2 : 1, inFlight = 8 / machine.registersPerVector(), sums = 1;
  while (rows * panels * sums < inFlight && fitsRegisters(rows * sums * 2, panels, machine))
    sums *= 2;
  return std::max(unroll, sums);
}

int64_t mostUnroll(int64_t rows, int64_t panels, const MachineModel &machine) {
  constexpr int64_t kMost = 8;
  int64_t most = 1;
  while (most < kMost && (rows * panels * most >= kMost || fitsRegisters(rows * most * 2, panels, machine)))
    most *= 2;
  return most;
}

std::string refuseProduct(ArrayRef<int64_t> tile, size_t rank) {
  if (tile.size() == rank && llvm::all_of(tile, [](int64_t size) { return size > 0; }) && tile.back() % kPanel == 0)
    return "";
  return "must have " + std::to_string(rank) + " sizes, the last of them columns in multiples of " + std::to_string(kPanel);
}

UnitAxis axisOf(int64_t size, int64_t tile) {
  int64_t rest = size % tile;
  return {std::max<int64_t>(countTiles(size, tile), 1), rest == 0 ? 1 : static_cast<double>(rest) / tile};
}

/// The work of the first `units` units of a grid, in full ones.
static double workBefore(ArrayRef<UnitAxis> grid, int64_t units) {
  if (grid.empty())
    return units;
  int64_t inner = 1;
  double innerWork = 1;
  for (const UnitAxis &axis : grid.drop_front()) {
    inner *= axis.count;
    innerWork *= axis.count - 1 + axis.last;
  }
  int64_t digit = units / inner;
  double work = digit < grid.front().count ? digit : digit - 1 + grid.front().last;
  double own = digit == grid.front().count - 1 ? grid.front().last : 1;
  return work * innerWork + own * workBefore(grid.drop_front(), units % inner);
}

double largestShare(ArrayRef<UnitAxis> grid, int64_t threads) {
  int64_t units = 1;
  for (const UnitAxis &axis : grid)
    units *= axis.count;
  if (units <= 0)
    return 1;
  double most = 0, before = 0;
  for (int64_t thread = 1; thread <= threads; ++thread) {
    double now = workBefore(grid, units * thread / threads);
    most = std::max(most, now - before);
    before = now;
  }
  return most / before;
}

double worstImbalance(double cycles, ArrayRef<UnitAxis> grid) {
  constexpr double kLargeShare = 185000, kMostThreads = 64;
  double worst = 1;
  for (int64_t threads = 2; static_cast<double>(threads) <= std::min(cycles / kLargeShare, kMostThreads); ++threads)
    worst = std::max(worst, largestShare(grid, threads) * static_cast<double>(threads));
  return worst;
}

double balanced(double cycles, ArrayRef<UnitAxis> grid, const MachineModel &machine) {
  return isWorthSharing(cycles, machine) ? cycles * largestShare(grid, machine.threads) * machine.threads : cycles;
}

} // namespace ingot
