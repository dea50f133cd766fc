// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Sparse/PairShape.h"
#include "passes/Plan/KernelModel.h"
#include "passes/Plan/Sparse/SparseCost.h"
#include "passes/Plan/TileCost.h"

using namespace mlir;

namespace ingot {
namespace {

/// A product with two of four weights. A tile is [rows, columns] of a unit.
class PairsModel : public KernelModel {
public:
  PairsModel(const PairShape &shape, const MachineModel &machine) : KernelModel(Family::Pairs, kPanel), s(shape), machine(machine) {}

  void forEachTile(llvm::function_ref<void(ArrayRef<int64_t>)> offer) const override {
    constexpr int64_t kMostPanels = 4;
    int64_t columns = std::min(s.panels(), kMostPanels) * kPanel;
    for (int64_t rows = 1; rows <= std::min(estimateDim(s.rows), mostPairRows(machine)); ++rows)
      offer({rows, columns});
  }
  Dims getDims() const override { return {s.rows}; }
  AffineExpr units(ArrayRef<int64_t> tile) const override { return s.units(tile); }
  UnitGrid grid(ArrayRef<int64_t> tile, int64_t symbol) const override {
    return {axisOf(estimateDim(s.rows, symbol), tile[0]), axisOf(s.columns, tile[1])};
  }
  double cycles(ArrayRef<int64_t> tile, int64_t symbol) const override {
    return pairCycles({estimateDim(s.rows, symbol), s.panels(), s.depth, 0}, tile[0], machine);
  }

private:
  PairShape s;
  const MachineModel &machine;
};

} // namespace

OwnedModel modelPairs(RegionOp region, const MachineModel &machine) {
  std::string why;
  std::optional<PairShape> shape = PairShape::match(region, why);
  return shape ? std::make_unique<PairsModel>(*shape, machine) : nullptr;
}

} // namespace ingot
