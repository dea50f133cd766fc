// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/ComputeShapes.h"
#include "passes/Plan/BodyCost.h"
#include "passes/Plan/TileCost.h"
#include "passes/Plan/Tiles.h"

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
  return getConstant(stride).value_or(0) * static_cast<int64_t>(sizeof(float));
}

} // namespace

PlanAttr planContraction(RegionOp region, const MachineModel &machine) {
  std::string why;
  std::optional<ContractionShape> shape = ContractionShape::match(region, why);
  if (!shape)
    return {};
  int64_t strideBytes = rowStrideBytes(region, shape->op.getLhs());
  double prologue = prologueCycles(shape->op.getLhs());
  auto costAt = [&](int64_t symbol) {
    return ProductCost{machine,
                       estimateDim(shape->columns, symbol),
                       estimateDim(shape->depth, symbol),
                       machine.avx512 ? 2 : 1,
                       strideBytes,
                       prologue,
                       /*anyColumns=*/!getConstant(shape->columns)};
  };
  auto workOf = [&](int64_t rows, int64_t panels, int64_t symbol) {
    ProductCost cost = costAt(symbol);
    auto rowBlock = [&](int64_t size) { return cost.rowBlock(size, panels); };
    return estimateDim(shape->batches, symbol) * coverCost(shape->rows, estimateDim(shape->rows, symbol), rows, rowBlock);
  };
  TileChoice choice({shape->batches, shape->rows, shape->columns, shape->depth});
  ProductCost bounds = costAt(1);
  for (int64_t panels = 1, most = choice.largest(shape->panels()); panels <= most && bounds.fits(1, panels); ++panels)
    for (int64_t rows = 1, most = choice.largest(shape->rows); rows <= most && bounds.fits(rows, panels); ++rows) {
      SmallVector<int64_t> tile = {rows, panels * kPanel};
      AffineExpr units = shape->units(tile);
      choice.offer(tile, [&](int64_t symbol) { return balanced(workOf(rows, panels, symbol), estimateDim(units, symbol), machine); });
    }
  int64_t rows = choice.get()[0], panels = choice.get()[1] / kPanel;
  return makeTiledPlan(region, Family::Contraction, choice.get(), chooseUnroll(rows, panels, machine), kPanel, shape->units(choice.get()),
                       workOf(rows, panels, 64));
}

PlanAttr planGemv(RegionOp region, const MachineModel &machine) {
  std::string why;
  std::optional<ContractionShape> shape = ContractionShape::match(region, why);
  std::optional<int64_t> rows = shape ? getConstant(shape->rows) : std::nullopt;
  if (!rows || *rows > kGemvRows || (shape->hasPrologue && !fitsPrologue(*rows, *getConstant(shape->depth))))
    return {};
  int64_t allPanels = estimateDim(shape->panels()), batches = estimateDim(shape->batches);
  int64_t panels = std::clamp<int64_t>(batches * allPanels / machine.threads, 1, std::min(kGemvPanels, allPanels));
  while (panels > 1 && !fitsRegisters(*rows, panels, machine))
    --panels;
  SmallVector<int64_t> tile = {*rows, panels * kPanel};
  double bytes = sizeof(float) * kPanel * static_cast<double>(allPanels) * estimateDim(shape->depth) * batches;
  return makeTiledPlan(region, Family::Gemv, tile, chooseUnroll(*rows, panels, machine), kPanel, shape->units(tile), bytes / 16);
}

} // namespace ingot
