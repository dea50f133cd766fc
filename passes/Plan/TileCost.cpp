// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/TileCost.h"

#include "passes/Kernel/ComputeShapes.h"

using namespace mlir;

namespace ingot {

bool fitsRegisters(int64_t rows, int64_t panels, const MachineModel &machine) {
  // The scheduler loads what the next steps read early: with fewer than six registers for that, or eight beside five panels, sums of several panels
  // spill (9x48, 14x32, 5x80).
  int64_t others = panels * machine.registersPerVector() + 1;
  if (machine.avx512 && panels > 1)
    others = std::max<int64_t>(others, panels < 5 ? 6 : 8);
  return rows * panels * machine.registersPerVector() + others <= machine.vectorRegisters;
}

bool ProductCost::fits(int64_t rows, int64_t panels) const {
  return fitsRegisters(rows, panels, machine) && (prologueCycles == 0 || fitsPrologue(rows, depth));
}

double ProductCost::tile(int64_t rows, int64_t tileColumns) const {
  constexpr double kLatency = 4, kL2BytesPerCycle = 20, kL3BytesPerCycle = 7;
  int64_t panels = countTiles(tileColumns, kPanel), chains = 1;
  while (rows * panels * chains < 8 && chains * 2 <= unroll)
    chains *= 2;
  bool halfPanel = lanesOfLastPanel(rows, tileColumns) != kPanel;
  double vectors = panels - (halfPanel ? 0.5 : 0);
  double multiplyAdds = rows * vectors, loads = panels + rows;
  // The rhs block is read again for each block of rows: from the nearest cache that holds it.
  double block = static_cast<double>(panels) * kPanel * sizeof(float) * depth;
  double bytes = panels * kPanel * sizeof(float);
  double streaming = block <= 0.5 * machine.l1Bytes ? 0 : bytes / (block <= 0.7 * machine.l2Bytes ? kL2BytesPerCycle : kL3BytesPerCycle);
  double step = std::max({multiplyAdds, 0.6 * loads, kLatency / chains, streaming}) + 0.02 * loads;
  // LLVM moves sums around where vectors of 8 and 16 share a broadcast.
  if (machine.avx512 && halfPanel && panels > 1)
    step *= 1 + 0.25 / panels;
  // Rows at multiples of 4 KiB fall into one set of the L1 cache, which has 8 ways.
  if (rowStrideBytes != 0 && rowStrideBytes % 4096 == 0 && rows > 6)
    step *= 1 + 0.1 * (rows - 6);
  if (rows > 9) // more streams than the prefetchers follow
    step *= 1 + 0.01 * (rows - 9);
  constexpr double kStart = 40, kStore = 2;
  return kStart + step * depth + kStore * rows * panels * machine.registersPerVector();
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

TileChoice::TileChoice(ArrayRef<AffineExpr> dims) {
  if (llvm::all_of(dims, llvm::IsaPred<AffineConstantExpr>))
    sizes = {1};
  else
    sizes = {7, 13, 20, 37, 64, 113, 200}; // all kinds of rests
}

void TileChoice::offer(ArrayRef<int64_t> tile, llvm::function_ref<double(int64_t symbol)> cost) {
  double sum = 0;
  for (auto [i, size] : llvm::enumerate(sizes)) {
    double own = cost(size);
    if (first.size() < sizes.size())
      first.push_back(sizes.size() == 1 ? 1 : own);
    sum += own / first[i];
  }
  if (best.empty() || sum < bestCost) {
    bestCost = sum;
    best.assign(tile.begin(), tile.end());
  }
}

PlanAttr makeTiledPlan(RegionOp region, Family family, ArrayRef<int64_t> tile, int64_t unroll, int64_t lanes, AffineExpr units, double work) {
  constexpr int64_t kVirtualUnits = 256;
  std::optional<int64_t> number = getConstant(units);
  bool parallel = work > kParallelCycles && number != 1;
  return PlanAttr::get(region.getContext(), family, tile, unroll, lanes, number.value_or(parallel ? kVirtualUnits : 1), parallel);
}

int64_t chooseUnroll(int64_t rows, int64_t panels, const MachineModel &machine) {
  int64_t unroll = machine.avx512 ? 2 : 1, inFlight = 8 / machine.registersPerVector(), sums = 1;
  while (rows * panels * sums < inFlight && fitsRegisters(rows * sums * 2, panels, machine))
    sums *= 2;
  return std::max(unroll, sums);
}

double balanced(double cycles, int64_t units, const MachineModel &machine) {
  if (cycles < kParallelCycles)
    return cycles;
  return cycles * countTiles(units, machine.threads) * machine.threads / units;
}

} // namespace ingot
