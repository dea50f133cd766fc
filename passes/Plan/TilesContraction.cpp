// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/RegisterTile.h"
#include "passes/Plan/BodyCost.h"
#include "passes/Plan/KernelModel.h"
#include "passes/Plan/TileCost.h"

using namespace mlir;

namespace ingot {
namespace {

/// GEMV is bound by memory, and four streams are read faster than one (28 against 15 GB/s from DRAM on Zen 4).
constexpr int64_t kGemvRows = 3, kGemvPanels = 4;

/// Bytes between the rows of the body's value `lhs`, as far as its buffer is known.
int64_t rowStrideBytes(RegionOp region, Value lhs) {
  auto argument = dyn_cast<BlockArgument>(lhs);
  if (!argument)
    return 0;
  auto tensor = cast<RankedTensorType>(argument.getType());
  bool hasBuffer = isa<MemRefType>(region.getInputs()[argument.getArgNumber()].getType());
  AffineExpr stride = hasBuffer ? region.getBufferStrides(argument.getArgNumber()).end()[-2] : getDims(tensor).back();
  return getConstant(stride).value_or(0) * static_cast<int64_t>(tensor.getElementTypeBitWidth() / 8);
}

/// Why a tile cannot be one of the shape, as far as the number of its columns decides; or nothing.
std::string refuseColumns(const ContractionShape &shape, ArrayRef<int64_t> tile) {
  if (std::string why = refuseProduct(tile, /*rank=*/2); !why.empty())
    return why;
  return tile.back() % shape.columnStep() == 0 ? "" : "must have whole panels of both products: columns in multiples of 32";
}

/// Rows x columns of a product with packed panels. A tile is [rows, columns].
class ContractionModel : public KernelModel {
public:
  ContractionModel(const ContractionShape &shape, RegionOp region, const MachineModel &machine)
      : KernelModel(Family::Contraction, kPanel), shape(shape), machine(machine), strideBytes(rowStrideBytes(region, this->shape.op.getLhs())),
        prologue(prologueCycles(this->shape.op.getLhs())), epilogue(epilogueCycles(region, this->shape.step)) {}

  void forEachTile(llvm::function_ref<void(ArrayRef<int64_t>)> offer) const override {
    ProductCost bounds = costAt(1);
    int64_t least = shape.columnStep() / kPanel;
    for (int64_t panels = least, most = largestOf(shape.panels()); panels <= most && (panels == least || bounds.fits(1, panels)); panels += least)
      for (int64_t rows = 1, most = largestOf(shape.rows); rows <= most && bounds.fits(rows, panels); ++rows)
        offer({rows, panels * kPanel});
  }
  std::string refuse(ArrayRef<int64_t> tile) const override {
    if (std::string why = refuseColumns(shape, tile); !why.empty())
      return why;
    return costAt(1).fits(tile[0], tile[1] / kPanel) ? "" : "needs more registers than there are, or memory near the core for its left rows";
  }
  Dims getDims() const override { return {shape.batches, shape.rows, shape.columns, shape.depth}; }
  int64_t chooseUnroll(ArrayRef<int64_t> tile) const override { return ingot::chooseUnroll(tile[0], tile[1] / kPanel, machine); }
  int64_t mostUnroll(ArrayRef<int64_t> tile) const override { return ingot::mostUnroll(tile[0], tile[1] / kPanel, machine); }
  AffineExpr units(ArrayRef<int64_t> tile) const override { return shape.units(tile); }
  int64_t mostParts(ArrayRef<int64_t> tile) const override { return shape.mostParts(tile); }
  WeightStream weights(ArrayRef<int64_t> tile) const override {
    int64_t tiles = countTiles(estimateDim(shape.rows), tile[0]);
    if (shape.hasPrologue || tiles == 1)
      return {};
    return {.blocks = countTiles(estimateDim(shape.columns), tile[1]), .tiles = tiles, .depth = getConstant(shape.depth).value_or(0)};
  }
  ShareCuts cuts(ArrayRef<int64_t> tile) const override {
    if (shape.hasPrologue)
      return {};
    int64_t blocks = getConstant(countTiles(shape.columns, tile[1])).value_or(1);
    if (shape.batchDims.empty() && isInBands())
      return blocks > 1 ? ShareCuts{.blocks = blocks} : ShareCuts{.units = 1};
    return {.units = getConstant(countTiles(shape.rows, tile[0])).value_or(1)};
  }
  UnitGrid grid(ArrayRef<int64_t> tile, int64_t symbol) const override {
    UnitAxis rows = axisOf(estimateDim(shape.rows, symbol), tile[0]), columns = axisOf(estimateDim(shape.columns, symbol), tile[1]);
    if (shape.hasPrologue || (shape.batchDims.empty() && isInBands()))
      std::swap(rows, columns);
    return {{estimateDim(shape.batches, symbol)}, columns, rows};
  }
  double cycles(ArrayRef<int64_t> tile, int64_t symbol) const override {
    ProductCost cost = costAt(symbol);
    auto rowBlock = [&](int64_t size) { return cost.rowBlock(size, tile[1] / kPanel); };
    auto cover = shape.hasPrologue ? coverCost : coverEvenlyCost;
    return estimateDim(shape.batches, symbol) * cover(shape.rows, estimateDim(shape.rows, symbol), tile[0], rowBlock);
  }

private:
  /// As the kernel numbers its units.
  bool isInBands() const {
    double depth = estimateDim(shape.depth), columns = estimateDim(shape.columns), elements = estimateDim(shape.rows) * (depth + columns);
    return TileOrder::choose(shape.rows, shape.columns, elements, columns * depth).inBands;
  }
  ProductCost costAt(int64_t symbol) const {
    return {machine,
            estimateDim(shape.columns, symbol),
            estimateDim(shape.steps(), symbol),
            machine.isWide() ? 2 : 1,
            strideBytes,
            prologue,
            /*anyColumns=*/!getConstant(shape.columns),
            stepCycles(shape.step, machine),
            epilogue};
  }

  ContractionShape shape;
  const MachineModel &machine;
  int64_t strideBytes;
  double prologue, epilogue;
};

/// A product of a few rows, which reads its right side once: bound by memory. A tile is [rows, columns], all rows.
class GemvModel : public KernelModel {
public:
  GemvModel(const ContractionShape &shape, int64_t rows, const MachineModel &machine)
      : KernelModel(Family::Gemv, kPanel), shape(shape), machine(machine), rows(rows) {}

  void forEachTile(llvm::function_ref<void(ArrayRef<int64_t>)> offer) const override {
    int64_t least = shape.columnStep() / kPanel;
    for (int64_t panels = least, most = std::min(kGemvPanels, estimateDim(shape.panels())); panels <= most; panels += least)
      if (panels == least || fitsRegisters(rows, panels, machine))
        offer({rows, panels * kPanel});
  }
  std::string refuse(ArrayRef<int64_t> tile) const override {
    if (std::string why = refuseColumns(shape, tile); !why.empty())
      return why;
    if (tile[0] != rows)
      return "must have all of the " + std::to_string(rows) + " rows";
    return fitsRegisters(rows, tile[1] / kPanel, machine) ? "" : "needs more registers than there are";
  }
  int64_t chooseUnroll(ArrayRef<int64_t> tile) const override { return ingot::chooseUnroll(rows, tile[1] / kPanel, machine); }
  int64_t mostUnroll(ArrayRef<int64_t> tile) const override { return ingot::mostUnroll(tile[0], tile[1] / kPanel, machine); }
  AffineExpr units(ArrayRef<int64_t> tile) const override { return shape.units(tile); }
  int64_t mostParts(ArrayRef<int64_t> tile) const override { return shape.mostParts(tile); }
  ShareCuts cuts(ArrayRef<int64_t>) const override { return {.units = 1}; }
  /// The more streams, the faster; but every thread wants some of the panels.
  double cycles(ArrayRef<int64_t> tile, int64_t symbol) const override {
    double panels = estimateDim(shape.panels(), symbol), batches = estimateDim(shape.batches, symbol), depth = estimateDim(shape.steps(), symbol);
    double bytes = sizeof(float) * kPanel * panels * depth * batches, streams = static_cast<double>(tile[1]) / kPanel;
    constexpr double kBytesPerCycle = 16;
    double arithmetic = rows * panels * depth * batches * machine.cyclesPerVector() * stepCycles(shape.step, machine);
    return std::max(arithmetic, bytes / kBytesPerCycle) * (1 + 0.1 * (kGemvPanels - streams)) + 40 * batches * panels / streams;
  }

private:
  ContractionShape shape;
  const MachineModel &machine;
  int64_t rows;
};

} // namespace

OwnedModel modelContraction(RegionOp region, const MachineModel &machine) {
  std::string why;
  std::optional<ContractionShape> shape = ContractionShape::match(region, why);
  return shape ? std::make_unique<ContractionModel>(*shape, region, machine) : nullptr;
}

OwnedModel modelGemv(RegionOp region, const MachineModel &machine) {
  std::string why;
  std::optional<ContractionShape> shape = ContractionShape::match(region, why);
  std::optional<int64_t> rows = shape ? getConstant(shape->rows) : std::nullopt;
  if (!rows || *rows > kGemvRows || (shape->hasPrologue && !fitsPrologue(*rows, *getConstant(shape->depth))))
    return {};
  return std::make_unique<GemvModel>(*shape, *rows, machine);
}

} // namespace ingot
