// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/Cost/TileChoice.h"

#include "passes/Plan/TileCost.h"

using namespace mlir;

namespace ingot {

std::vector<RankedTile> rankTiles(const KernelModel &model, const MachineModel &machine, size_t most) {
  // With known sizes nothing depends on the symbol.
  bool isStatic = llvm::all_of(model.getDims(), llvm::IsaPred<AffineConstantExpr>);
  ArrayRef<int64_t> sizes = isStatic ? ArrayRef(kTypicalSize) : ArrayRef(kSymbolSizes);
  std::vector<RankedTile> ranked;
  SmallVector<double> first;
  model.forEachTile([&](ArrayRef<int64_t> tile) {
    double score = 0;
    for (auto [i, size] : llvm::enumerate(sizes)) {
      double cost = balanced(model.cycles(tile, size), model.grid(tile, size), machine);
      if (first.size() < sizes.size())
        first.push_back(isStatic ? 1 : cost);
      score += cost / first[i];
    }
    // Of equally good tiles the one that was offered first.
    auto place = llvm::upper_bound(ranked, score, [](double score, const RankedTile &other) { return score < other.score; });
    if (ranked.size() < most || place != ranked.end())
      ranked.insert(place, {SmallVector<int64_t, 4>(tile), score});
    if (ranked.size() > most)
      ranked.pop_back();
  });
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
