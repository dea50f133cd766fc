// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Sparse/SparseShape.h"
#include "passes/Plan/KernelModel.h"
#include "passes/Plan/Sparse/SparseCost.h"
#include "passes/Plan/TileCost.h"

using namespace mlir;

namespace ingot {
namespace {

/// A product with weights whose zero blocks are left out. A tile is [rows, columns] of a unit and the rows of a register tile.
class SparseModel : public KernelModel {
public:
  SparseModel(const SparseShape &shape, const MachineModel &machine) : KernelModel(Family::Sparse, kPanel), s(shape), machine(machine) {}

  void forEachTile(llvm::function_ref<void(ArrayRef<int64_t>)> offer) const override {
    // There is code for each power of two of an open number of rows. Few columns to a unit, as panels have more or fewer blocks.
    constexpr int64_t kOpenRows = 16, kMostPanels = 4;
    bool isOpen = !getConstant(s.rows);
    int64_t all = isOpen ? kOpenRows : estimateDim(s.rows), columns = std::min(s.panels(), kMostPanels) * kPanel;
    for (int64_t rows = 1; rows <= std::min(all, mostSparseRows(machine)); rows = isOpen ? 2 * rows : rows + 1)
      offer({isOpen ? all : rowsOfSparseUnit(all, s.steps(), rows, machine), columns, rows});
  }
  std::string refuse(ArrayRef<int64_t> tile) const override {
    if (tile.size() != 3 || !llvm::all_of(tile, [](int64_t size) { return size > 0; }) || tile[1] % kPanel != 0)
      return "must have 3 sizes: rows, columns in multiples of " + std::to_string(kPanel) + ", rows of a register tile";
    constexpr int64_t kMostRows = 512;
    return tile[0] <= kMostRows && tile[2] <= mostSparseRows(machine) ? "" : "needs more registers than there are, or memory near the core";
  }
  int64_t chooseUnroll(ArrayRef<int64_t> tile) const override { return sparseChains(tile[2]); }
  int64_t mostUnroll(ArrayRef<int64_t> tile) const override { return mostSparseRows(machine) / tile[2]; }
  Dims getDims() const override { return {s.rows}; }
  AffineExpr units(ArrayRef<int64_t> tile) const override { return s.units(tile); }
  UnitGrid grid(ArrayRef<int64_t> tile, int64_t symbol) const override {
    return {axisOf(estimateDim(s.rows, symbol), tile[0]), axisOf(s.columns, tile[1])};
  }
  int64_t scratchBytes(ArrayRef<int64_t> tile) const override { return tile[0] * s.rowBytes(); }
  double cycles(ArrayRef<int64_t> tile, int64_t symbol) const override {
    return sparseCycles({estimateDim(s.rows, symbol), s.panels(), s.steps(), s.blocks}, tile[0], tile[2], machine);
  }

private:
  SparseShape s;
  const MachineModel &machine;
};

} // namespace

OwnedModel modelSparse(RegionOp region, const MachineModel &machine) {
  std::string why;
  std::optional<SparseShape> shape = SparseShape::match(region, why);
  return shape ? std::make_unique<SparseModel>(*shape, machine) : nullptr;
}

} // namespace ingot
