// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_TILECOST_H
#define PASSES_PLAN_TILECOST_H

#include "dialects/Ingot/Shapes.h"
#include "passes/Kernel/Product/ProductStep.h"
#include "passes/Kernel/SymbolicIndex.h"
#include "passes/Plan/KernelModel.h"

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
  double stepCycles = 1;     ///< of the product of a step, as many times those of a multiply-add; above 1 its operands are widened in registers
  double epilogueCycles = 0; ///< of one vector of results, where that is not next to nothing

  bool fits(int64_t rows, int64_t panels) const;
  /// One tile of `rows` lhs rows that is `tileColumns` wide, its results stored.
  double tile(int64_t rows, int64_t tileColumns) const;
  /// All column blocks of `panels` panels (the last one may be narrower) for one block of `rows` rows.
  double rowBlock(int64_t rows, int64_t panels) const;
};

/// What a step takes, as many times a multiply-add of f32. A machine with 512 bits is taken for one with VNNI; others multiply pairs of words.
inline double stepCycles(const ProductStep &step, const MachineModel &machine) { return step.multipliesBytes() && !machine.isWide() ? 2.5 : 1; }

/// Steps of the reduction in one iteration of its loop. Full tiles have no overhead to hide; small ones keep a partial sum per step, as far as
/// registers go.
int64_t chooseUnroll(int64_t rows, int64_t panels, const MachineModel &machine);

/// The most steps that may be forced: code grows with them, and the partial sums of a small tile need registers.
int64_t mostUnroll(int64_t rows, int64_t panels, const MachineModel &machine);

/// Why this is no tile of a product with packed panels, whatever the registers: its last size is columns, in whole panels.
std::string refuseProduct(llvm::ArrayRef<int64_t> tile, size_t rank);

/// The cost of the tiles that cover `extent`: `cost` of the full ones, and of the rest as one smaller tile or, where `extent` is symbolic and `size`
/// one of its values, as the pieces into which kernels divide it.
double coverCost(mlir::AffineExpr extent, int64_t size, int64_t tile, llvm::function_ref<double(int64_t size)> cost);

/// The same where kernels make tiles even (`emitEvenly`).
double coverEvenlyCost(mlir::AffineExpr extent, int64_t size, int64_t tile, llvm::function_ref<double(int64_t size)> cost);

/// The sizes at which a tile is judged where a shape has symbols: all kinds of rests.
inline constexpr int64_t kSymbolSizes[] = {7, 13, 20, 37, 64, 113, 200};
/// The largest value that a dim may have while tiles are chosen.
inline int64_t largestOf(mlir::AffineExpr dim) { return estimateDim(dim, std::end(kSymbolSizes)[-1]); }

/// Whether that much work is worth the threads' meeting before and after it.
inline bool isWorthSharing(double cycles, const MachineModel &machine) { return cycles * (1 - 1.0 / machine.threads) > 3 * machine.barrierCycles; }

/// A dim of a grid of units: `size` in pieces of `tile`, whose cost is proportional to their size.
UnitAxis axisOf(int64_t size, int64_t tile);

/// The part of all work that the busiest of `threads` has: each takes a contiguous range of equally many units.
double largestShare(llvm::ArrayRef<UnitAxis> grid, int64_t threads);

/// What the busiest of 2 to 64 threads has, at worst, of what the mean one has: of those numbers of threads that leave each at least 50 us of work.
double worstImbalance(double cycles, llvm::ArrayRef<UnitAxis> grid);
/// An imbalance that there is nothing to be done about.
inline constexpr double kEven = 1.08;

/// `cycles` of work in this grid on the machine's threads, as those of the busiest thread times threads: what imbalance adds.
double balanced(double cycles, llvm::ArrayRef<UnitAxis> grid, const MachineModel &machine);

} // namespace ingot

#endif
