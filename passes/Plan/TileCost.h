// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_TILECOST_H
#define PASSES_PLAN_TILECOST_H

#include "dialects/Ingot/Shapes.h"
#include "passes/Kernel/SymbolicIndex.h"
#include "passes/Plan/MachineModel.h"

namespace ingot {

/// Whether the accumulators of a tile and what a step reads (a row of the rhs, a broadcast) fit into the registers.
bool fitsRegisters(int64_t rows, int64_t panels, const MachineModel &machine);

/// A product of `rows` x `depth` by packed `depth` x `columns`, tiled in registers. Cycles of one core.
struct ProductCost {
  const MachineModel &machine;
  int64_t columns, depth, unroll;
  int64_t rowStrideBytes;    ///< between the lhs rows of a tile; 0: not known
  double prologueCycles = 0; ///< of the lhs, for one vector; 0: there is none
  bool anyColumns = false;   ///< `columns` is one of many numbers: the last tile computes whole panels

  bool fits(int64_t rows, int64_t panels) const;
  /// One tile of `rows` lhs rows that is `tileColumns` wide, its results stored.
  double tile(int64_t rows, int64_t tileColumns) const;
  /// All column blocks of `panels` panels (the last one may be narrower) for one block of `rows` rows.
  double rowBlock(int64_t rows, int64_t panels) const;
};

/// Steps of the reduction in one iteration of its loop. Full tiles have no overhead to hide; small ones keep a partial sum per step, as far as
/// registers go.
int64_t chooseUnroll(int64_t rows, int64_t panels, const MachineModel &machine);

/// The cost of the tiles that cover `extent`: `cost` of the full ones, and of the rest as one smaller tile or, where `extent` is symbolic and `size`
/// one of its values, as the pieces into which kernels divide it.
double coverCost(mlir::AffineExpr extent, int64_t size, int64_t tile, llvm::function_ref<double(int64_t size)> cost);

/// The cheapest one of the tiles that are offered. Where a shape has symbols, a tile is judged by its cost at several sizes, each relative to that of
/// the first tile.
class TileChoice {
public:
  explicit TileChoice(llvm::ArrayRef<mlir::AffineExpr> dims);

  /// `cost(symbol)`: where every symbol has this value.
  void offer(llvm::ArrayRef<int64_t> tile, llvm::function_ref<double(int64_t symbol)> cost);

  llvm::ArrayRef<int64_t> get() const { return best; }
  /// The largest value that a dim may have while tiles are chosen.
  int64_t largest(mlir::AffineExpr dim) const { return estimateDim(dim, sizes.back()); }

private:
  llvm::SmallVector<int64_t> sizes, best;
  llvm::SmallVector<double> first;
  double bestCost = 0;
};

/// The plan of a tiled region with `work` cycles in `units` tiles. An unknown number of tiles is divided as finely as any number of threads may need.
PlanAttr makeTiledPlan(RegionOp region, Family family, llvm::ArrayRef<int64_t> tile, int64_t unroll, int64_t lanes, mlir::AffineExpr units,
                       double work);

/// `cycles` of work in `units` equal pieces on the machine's threads, as cycles per thread times threads: what imbalance adds.
double balanced(double cycles, int64_t units, const MachineModel &machine);

/// Below this many cycles a region is not worth waking the other threads for.
inline constexpr double kParallelCycles = 6000;

} // namespace ingot

#endif
