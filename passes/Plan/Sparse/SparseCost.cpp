// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/Sparse/SparseCost.h"

#include "passes/Kernel/ComputeShapes.h"

namespace ingot {
namespace {

constexpr double kBlockBytes = 64, kPlaceBytes = 4;

/// Cycles of a register tile and a block.
double blockCycles(int64_t rows, const MachineModel &machine) {
  constexpr double kOverhead = 1.5; // the place of the block
  return std::max(rows * machine.cyclesPerVector() + kOverhead, machine.fmaLatency / static_cast<double>(sparseChains(rows)));
}

/// Bytes per cycle at which weights of so many bytes come.
double fetchRate(const SparseSizes &sizes, double bytes, const MachineModel &machine) {
  return machine.bytesPerCycle(std::max(bytes, static_cast<double>(sizes.modelBytes)));
}

} // namespace

int64_t sparseChains(int64_t tileRows) { return tileRows >= 4 ? 1 : tileRows >= 2 ? 2 : 4; }

int64_t mostSparseRows(const MachineModel &machine) { return machine.vectorRegisters / machine.registersPerVector() - (machine.isWide() ? 4 : 2); }

int64_t rowsOfSparseUnit(int64_t rows, int64_t steps, int64_t tileRows, const MachineModel &machine) {
  constexpr double kPart = 0.6;
  int64_t kept = std::max(static_cast<int64_t>(kPart * machine.l2Bytes / (steps * 4)) / tileRows * tileRows, tileRows);
  return countTiles(countTiles(rows, countTiles(rows, kept)), tileRows) * tileRows;
}

double sparseCycles(const SparseSizes &sizes, int64_t unitRows, int64_t tileRows, const MachineModel &machine) {
  constexpr double kTranspose = 0.4, kStart = 12; // per word of the left side; of a register tile
  int64_t full = sizes.rows / tileRows, rest = sizes.rows % tileRows, tiles = full + (rest > 0 ? 1 : 0);
  double perBlock = full * blockCycles(tileRows, machine) + (rest > 0 ? blockCycles(rest, machine) : 0);
  // Blocks come from the second cache for the first register tile of a unit, and from the first for the others; all of them once from memory.
  double units = countTiles(sizes.rows, unitRows), bytes = sizes.blocks * (kBlockBytes + kPlaceBytes);
  double computed = sizes.blocks * perBlock + units * bytes / machine.l2BytesPerCycle * 0.25;
  double fetched = bytes / fetchRate(sizes, bytes, machine);
  return std::max(computed, fetched) + sizes.rows * sizes.steps * kTranspose + tiles * sizes.panels * kStart;
}

double sparseCycles(const SparseSizes &sizes, const MachineModel &machine) {
  double best = std::numeric_limits<double>::infinity();
  for (int64_t tileRows = 1; tileRows <= std::min(sizes.rows, mostSparseRows(machine)); ++tileRows)
    best = std::min(best, sparseCycles(sizes, rowsOfSparseUnit(sizes.rows, sizes.steps, tileRows, machine), tileRows, machine));
  return best;
}

int64_t mostPairRows(const MachineModel &machine) { return machine.isWide() ? 8 : 2; }

double pairCycles(const SparseSizes &sizes, int64_t tileRows, const MachineModel &machine) {
  // Of a group of four rows: two values, each with two tests of bits and, for each row, three choices and a multiply-add. Measured on Zen 4.
  constexpr double kTests = 8, kChoices = 13;
  auto groupCycles = [&](int64_t rows) { return (kTests + kChoices * rows) * machine.cyclesPerVector(); };
  double groups = static_cast<double>(sizes.panels) * sizes.steps / 4, bytes = groups * (2 * kBlockBytes + kBlockBytes / 8);
  int64_t full = sizes.rows / tileRows, rest = sizes.rows % tileRows;
  double perGroup = full * groupCycles(tileRows) + (rest > 0 ? groupCycles(rest) : 0);
  return std::max(groups * perGroup, bytes / fetchRate(sizes, bytes, machine) * static_cast<double>(full + (rest > 0 ? 1 : 0)));
}

double denseCycles(const SparseSizes &sizes, const MachineModel &machine) {
  constexpr double kShareOfPeak = 0.95;
  double all = static_cast<double>(sizes.panels) * sizes.steps, bytes = all * kBlockBytes;
  double computed = sizes.rows * all * machine.cyclesPerVector() / kShareOfPeak;
  return std::max(computed, bytes / fetchRate(sizes, bytes, machine));
}

} // namespace ingot
