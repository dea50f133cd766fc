// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Attention/AttentionShape.h"
#include "passes/Plan/TileCost.h"

#include <cmath>

using namespace mlir;

namespace ingot {
namespace {

/// Keys and values of one block take a quarter of the second cache each: the rows of a unit read them again and again.
int64_t blockKeysOf(const AttentionShape &shape, const MachineModel &machine) {
  int64_t widest = std::max(shape.depth, shape.columns), bytes = widest * static_cast<int64_t>(sizeof(float));
  int64_t most = std::max<int64_t>(machine.l2Bytes / 4 / bytes / kPanel, 4) * kPanel;
  constexpr int64_t kMostKeys = 512, kManyKeys = 256; // a row of scores should leave room in the nearest cache
  std::optional<int64_t> keys = getConstant(shape.keys);
  if (keys && *keys <= std::min(most, kMostKeys))
    return countTiles(*keys, kPanel) * kPanel;
  return std::min(most, kManyKeys);
}

/// Where there are several blocks of keys, a unit packs each of them for about this many rows, whose results so far stay in half of the second cache:
/// the more rows, the less packing (Whisper's encoder, 1500 rows and keys: 1 to 2.5 % less than with 384).
constexpr int64_t kUnitRows[] = {1536, 768, 384, 192};

/// Two products and a softmax. The register tiles are chosen; the block of keys follows from the caches, and the rows of a unit from the block.
class AttentionModel : public KernelModel {
public:
  AttentionModel(const AttentionShape &shape, const MachineModel &machine)
      : KernelModel(Family::Attention, kPanel), shape(shape), machine(machine), blockKeys(blockKeysOf(shape, machine)) {}

  void forEachTile(llvm::function_ref<void(ArrayRef<int64_t>)> offer) const override {
    int64_t allColumns = countTiles(shape.columns, kPanel), allKeys = blockKeys / kPanel;
    for (int64_t rows = 1, most = largestOf(shape.rows); rows <= most && fitsRegisters(rows, 1, machine); ++rows)
      for (int64_t keys = 1; keys <= allKeys && fitsRegisters(rows, keys, machine); ++keys)
        for (int64_t columns = 1; columns <= allColumns && fitsRegisters(rows, columns, machine); ++columns) {
          AttentionTile tile{rows, keys * kPanel, columns * kPanel, blockKeys, rows};
          if (tile.isSingle(shape)) // units of the same head share what is packed
            offer(tile.asArray());
          else
            for (int64_t unit : kUnitRows) {
              tile.unitRows = countTiles(unit, rows) * rows;
              int64_t bytes = tile.unitRows * allColumns * kPanel * static_cast<int64_t>(sizeof(float));
              if (bytes <= machine.l2Bytes / 2 || unit == *std::rbegin(kUnitRows))
                offer(tile.asArray());
            }
        }
  }
  Dims getDims() const override { return {shape.rows, shape.keys}; }
  int64_t chooseUnroll(ArrayRef<int64_t>) const override { return machine.isWide() ? 2 : 1; }
  int64_t mostUnroll(ArrayRef<int64_t> tile) const override { return chooseUnroll(tile); }
  AffineExpr units(ArrayRef<int64_t> tile) const override { return AttentionTile::of(tile)->units(shape); }
  UnitGrid grid(ArrayRef<int64_t> tile, int64_t symbol) const override {
    return {{estimateDim(shape.batch, symbol)}, {estimateDim(shape.heads, symbol)}, axisOf(estimateDim(shape.rows, symbol), tile.front())};
  }
  /// Whole heads, whose keys and values are packed once.
  ShareCuts cuts(ArrayRef<int64_t> tile) const override { return {.units = getConstant(countTiles(shape.rows, tile.front())).value_or(0)}; }
  int64_t scratchBytes(ArrayRef<int64_t> tile) const override { return AttentionScratch(shape, *AttentionTile::of(tile)).bytes(); }
  double cycles(ArrayRef<int64_t> tile, int64_t symbol) const override {
    int64_t keys = estimateDim(shape.keys, symbol), rows = estimateDim(shape.rows, symbol), unroll = chooseUnroll(tile);
    int64_t seen = std::max<int64_t>(std::llround(visibleKeys(shape.op, static_cast<double>(rows), static_cast<double>(keys))), 1);
    ProductCost scores{machine, countTiles(seen, kPanel) * kPanel, shape.depth, unroll, 0}, results{machine, shape.columns, seen, unroll, 0};
    constexpr double kExponential = 8, kPacking = 6; // cycles of a vector
    double weights = static_cast<double>(countTiles(seen, kPanel)) * machine.registersPerVector();
    double vectors = static_cast<double>(countTiles(keys, kPanel)) * machine.registersPerVector();
    double tiles = coverCost(shape.rows, rows, tile[0], [&](int64_t size) {
      return scores.rowBlock(size, tile[1] / kPanel) + results.rowBlock(size, tile[2] / kPanel) + static_cast<double>(size) * weights * kExponential;
    });
    double heads = static_cast<double>(estimateDim(shape.batch, symbol)) * static_cast<double>(estimateDim(shape.heads, symbol));
    double packings = AttentionTile::of(tile)->isSingle(shape) ? 1 : static_cast<double>(countTiles(rows, tile.back()));
    return heads * (tiles + packings * static_cast<double>(shape.depth + shape.columns) * vectors * kPacking);
  }

private:
  AttentionShape shape;
  const MachineModel &machine;
  int64_t blockKeys;
};

} // namespace

OwnedModel modelAttention(RegionOp region, const MachineModel &machine) {
  std::string why;
  std::optional<AttentionShape> shape = AttentionShape::match(region, why);
  return shape ? std::make_unique<AttentionModel>(*shape, machine) : nullptr;
}

} // namespace ingot
