// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Blocks/BlockShape.h"
#include "passes/Plan/KernelModel.h"
#include "passes/Plan/TileCost.h"

using namespace mlir;

namespace ingot {
namespace {

constexpr int64_t kMostPanels = 4;
/// Rows of weights, 4 KiB of a panel: one row on one thread of Zen 4 reads 23 GB/s of DRAM with it and 19 without, where activations are as exact as
/// f32; for those of bytes, whose products wait for memory alone, it makes no difference.
constexpr int64_t kFetchAhead = 512;

/// A product with weights of 4 bits. A tile is [rows, columns] of a unit and the rows of a register tile.
class BlocksModel : public KernelModel {
public:
  BlocksModel(const BlockShape &shape, const MachineModel &machine) : KernelModel(Family::Blocks, kPanel), s(shape), machine(machine) {}

  void forEachTile(llvm::function_ref<void(ArrayRef<int64_t>)> offer) const override {
    // There is code for each power of two of an open number of rows.
    bool isOpen = !getConstant(s.rows);
    constexpr int64_t kOpenRows = 16;
    int64_t most = isOpen ? kOpenRows : estimateDim(s.rows);
    for (int64_t panels = 1; panels <= std::min(s.panels(), kMostPanels); ++panels)
      for (int64_t rows = 1; rows <= most && (rows * panels == 1 || fits(rows, panels)); rows = isOpen ? 2 * rows : rows + 1)
        offer({rowsOfUnit(most, rows), panels * kPanel, rows});
  }
  std::string refuse(ArrayRef<int64_t> tile) const override {
    if (tile.size() != 3 || !llvm::all_of(tile, [](int64_t size) { return size > 0; }) || tile[1] % kPanel != 0)
      return "must have 3 sizes: rows, columns in multiples of " + std::to_string(kPanel) + ", rows of a register tile";
    constexpr int64_t kMostRows = 512;
    return tile[0] <= kMostRows && fits(tile[2], tile[1] / kPanel) ? "" : "needs more registers than there are, or memory near the core";
  }
  Dims getDims() const override { return {s.rows}; }
  AffineExpr units(ArrayRef<int64_t> tile) const override { return s.units(tile); }
  UnitGrid grid(ArrayRef<int64_t> tile, int64_t symbol) const override {
    return {axisOf(estimateDim(s.rows, symbol), tile[0]), axisOf(s.columns, tile[1])};
  }
  WeightStream weights(ArrayRef<int64_t>) const override { return {.blocks = 1, .tiles = 1, .depth = s.depth, .ahead = kFetchAhead}; }
  int64_t scratchBytes(ArrayRef<int64_t> tile) const override { return tile[0] * s.rowBytes(); }

  double cycles(ArrayRef<int64_t> tile, int64_t symbol) const override {
    constexpr double kSplitPerByte = 0.5;
    double panels = static_cast<double>(s.panels()), rows = estimateDim(s.rows, symbol);
    auto unitRows = [&](int64_t size) {
      int64_t full = size / tile[2], rest = size % tile[2], wide = tile[1] / kPanel;
      return static_cast<double>(full) * block(tile[2], wide) + (rest > 0 ? block(rest, wide) : 0);
    };
    double perBlock = coverCost(s.rows, estimateDim(s.rows, symbol), tile[0], unitRows) / (static_cast<double>(tile[1]) / kPanel);
    return perBlock * s.blocks() * panels + rows * s.depth * s.bytes * kSplitPerByte;
  }

private:
  /// As many rows as the second cache keeps, in register tiles of `rows`, and such that `all` rows are units of about the same size.
  int64_t rowsOfUnit(int64_t all, int64_t rows) const {
    constexpr double kPart = 0.65;
    int64_t kept = std::max(static_cast<int64_t>(kPart * machine.l2Bytes / s.rowBytes()) / rows * rows, rows);
    return countTiles(countTiles(all, countTiles(all, kept)), rows) * rows;
  }

  /// Sums and the integers that they are made of stay in registers, beside two vectors of weights for each panel and what is multiplied by them.
  bool fits(int64_t rows, int64_t panels) const {
    int64_t registers = (rows * panels * (s.bytes + 1) + panels + 3) * machine.registersPerVector();
    return registers <= machine.vectorRegisters;
  }

  /// Cycles of a register tile and a block of the weights.
  double block(int64_t rows, int64_t panels) const {
    constexpr double kUnpack = 0.5, kBytesPerCycle = 8, kLatency = 4;
    double products = 2 * rows * s.bytes * machine.cyclesPerVector() + kUnpack;
    // One panel behind the other is one stream, which hardware fetches best: 27 GB/s on one thread of Zen 4, four at once 23.
    double memory = panels * kChunkBytes / kBytesPerCycle * (1 + 0.1 * (panels - 1));
    double chunk = std::max({panels * products, memory, 2 * kLatency});
    return chunk * s.block / kChunkRows + rows * panels * (2 + s.bytes) * machine.cyclesPerVector();
  }

  BlockShape s;
  const MachineModel &machine;
};

} // namespace

OwnedModel modelBlocks(RegionOp region, const MachineModel &machine) {
  std::string why;
  std::optional<BlockShape> shape = BlockShape::match(region, why);
  return shape ? std::make_unique<BlocksModel>(*shape, machine) : nullptr;
}

} // namespace ingot
