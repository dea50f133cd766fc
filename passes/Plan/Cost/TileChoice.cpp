// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/Cost/TileChoice.h"

#include "passes/Plan/TileCost.h"

using namespace mlir;

namespace ingot {

/// How badly a tile divides among many threads, as `ingot-auto-parallelize` cuts it.
static double imbalanceOf(const KernelModel &model, ArrayRef<int64_t> tile) {
  UnitGrid grid = model.grid(tile, kTypicalSize);
  grid.push_back({model.mostParts(tile)});
  return std::max(kEven, worstImbalance(model.cycles(tile, kTypicalSize), grid));
}

std::vector<RankedTile> rankTiles(const KernelModel &model, const MachineModel &machine, size_t most) {
  // With known sizes nothing depends on the symbol.
  bool isStatic = llvm::all_of(model.getDims(), llvm::IsaPred<AffineConstantExpr>);
  ArrayRef<int64_t> sizes = isStatic ? ArrayRef(kTypicalSize) : ArrayRef(kSymbolSizes);
  std::vector<RankedTile> ranked;
  SmallVector<double> scale;
  model.forEachTile([&](ArrayRef<int64_t> tile) {
    double score = 0;
    for (auto [i, size] : llvm::enumerate(sizes)) {
      double cost = balanced(model.cycles(tile, size), model.grid(tile, size), machine);
      if (scale.size() < sizes.size())
        scale.push_back(isStatic ? 1 : cost);
      score += cost / scale[i];
    }
    // Of equally good tiles the one that was offered first.
    auto place = llvm::upper_bound(ranked, score, [](double score, const RankedTile &other) { return score < other.score; });
    ranked.insert(place, {SmallVector<int64_t, 4>(tile), score});
  });
  // Tiles that the model cannot tell apart: the one that more threads than the machine has share best.
  constexpr double kSame = 1.01;
  auto end = llvm::find_if(ranked, [&](const RankedTile &other) { return other.score > kSame * ranked.front().score; });
  size_t same = end - ranked.begin(), best = 0;
  double least = isStatic && same > 1 ? imbalanceOf(model, ranked.front().tile) : kEven;
  for (size_t i = 1; i < same && least > kEven; ++i)
    if (double own = imbalanceOf(model, ranked[i].tile); own < least)
      least = own, best = i;
  std::rotate(ranked.begin(), ranked.begin() + best, ranked.begin() + best + 1);
  if (ranked.size() > most)
    ranked.resize(most);
  return ranked;
}

void planAlone(RegionOp region, const MachineModel &machine) {
  OwnedModel model = modelRegion(region, machine);
  std::vector<RankedTile> ranked = rankTiles(*model, machine, 1);
  ArrayRef<int64_t> tile = ranked.front().tile;
  region.setPlanAttr(model->plan(region.getContext(), tile, model->chooseUnroll(tile)));
  region->setAttr(kCostAttr, CostModel(machine).of(region));
  if (isWorthSharing(model->cycles(tile, kTypicalSize), machine))
    region.setPlanAttr(shareOut(region.getPlanAttr(), model->units(tile)));
}

} // namespace ingot
