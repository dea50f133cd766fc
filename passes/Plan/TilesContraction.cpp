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
  Type type = region.getInputs()[argument.getArgNumber()].getType();
  SmallVector<int64_t> strides;
  int64_t offset;
  if (auto memref = dyn_cast<MemRefType>(type); memref && succeeded(memref.getStridesAndOffset(strides, offset)))
    return strides.end()[-2] * sizeof(float);
  return cast<ShapedType>(type).getShape().back() * sizeof(float);
}

} // namespace

PlanAttr planContraction(RegionOp region, const MachineModel &machine) {
  std::string why;
  std::optional<ContractionShape> shape = ContractionShape::match(region, why);
  if (!shape)
    return {};
  ProductCost cost{
      machine, shape->columns, shape->depth, machine.avx512 ? 2 : 1, rowStrideBytes(region, shape->op.getLhs()), prologueCycles(shape->op.getLhs())};
  double best = 0, bestWork = 0;
  SmallVector<int64_t> bestTile;
  for (int64_t panels = 1; panels <= shape->panels(); ++panels) {
    if (!cost.fits(1, panels))
      break;
    for (int64_t rows = 1; rows <= shape->rows && cost.fits(rows, panels); ++rows) {
      int64_t full = shape->rows / rows, rest = shape->rows % rows;
      double work = shape->batches * (full * cost.rowBlock(rows, panels) + (rest ? cost.rowBlock(rest, panels) : 0));
      SmallVector<int64_t> tile = {rows, panels * kPanel};
      double total = balanced(work, shape->units(tile), machine);
      if (bestTile.empty() || total < best)
        best = total, bestWork = work, bestTile = tile;
    }
  }
  int64_t units = shape->units(bestTile);
  return PlanAttr::get(region.getContext(), Family::Contraction, bestTile, chooseUnroll(bestTile[0], bestTile[1] / kPanel, machine), kPanel, units,
                       units > 1 && bestWork > kParallelCycles);
}

PlanAttr planGemv(RegionOp region, const MachineModel &machine) {
  std::string why;
  std::optional<ContractionShape> shape = ContractionShape::match(region, why);
  if (!shape || shape->rows > kGemvRows || (shape->hasPrologue && !fitsPrologue(shape->rows, shape->depth)))
    return {};
  int64_t panels = std::clamp<int64_t>(shape->batches * shape->panels() / machine.threads, 1, std::min(kGemvPanels, shape->panels()));
  while (panels > 1 && !fitsRegisters(shape->rows, panels, machine))
    --panels;
  SmallVector<int64_t> tile = {shape->rows, panels * kPanel};
  int64_t units = shape->units(tile);
  double bytes = sizeof(float) * kPanel * static_cast<double>(shape->panels()) * shape->depth * shape->batches;
  return PlanAttr::get(region.getContext(), Family::Gemv, tile, chooseUnroll(shape->rows, panels, machine), kPanel, units,
                       units > 1 && bytes / 16 > kParallelCycles);
}

} // namespace ingot
