// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_BODYCOST_H
#define PASSES_PLAN_BODYCOST_H

#include "passes/Kernel/Product/ProductStep.h"
#include "passes/Plan/KernelModel.h"

namespace ingot {

/// Cycles of one core to compute the elementwise operations of a region's body, loads and stores of its arguments and results included.
double bodyCycles(RegionOp region, int64_t lanes, int64_t symbol);

/// Cycles of one core for one vector of the values that a product's left side `lhs` is computed from, stored where the kernel reads it; 0 for a
/// buffer.
double prologueCycles(mlir::Value lhs);

/// Cycles of one core for what follows a product of bytes, on one vector of results; 0 for other products, where it hides behind the product.
double epilogueCycles(RegionOp region, const ProductStep &step);

/// Elements of one vector for a region that yields these types: 64-bit elements take 8, all others 16 (half of both without AVX-512).
int64_t lanesOf(RegionOp region, const MachineModel &machine);

/// How many elements a tensor has; with symbolic dims a typical number, or that for a value of all symbols.
int64_t estimateElements(mlir::Type type, int64_t symbol = kTypicalSize);

/// A family with one tile, whose pieces may be shared out in any number.
class SharedModel : public KernelModel {
public:
  /// `cycles(symbol)`: for the whole region.
  SharedModel(Family family, int64_t tile, int64_t lanes, mlir::AffineExpr pieces, std::function<double(int64_t symbol)> cycles)
      : KernelModel(family, lanes), tile(tile), pieces(pieces), cost(std::move(cycles)) {}

  void forEachTile(llvm::function_ref<void(llvm::ArrayRef<int64_t>)> offer) const override { offer(tile); }
  mlir::AffineExpr units(llvm::ArrayRef<int64_t>) const override;
  double cycles(llvm::ArrayRef<int64_t>, int64_t symbol) const override { return cost(symbol); }

private:
  int64_t tile;
  mlir::AffineExpr pieces;
  std::function<double(int64_t)> cost;
};

} // namespace ingot

#endif
