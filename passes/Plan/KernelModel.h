// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_KERNELMODEL_H
#define PASSES_PLAN_KERNELMODEL_H

#include "passes/Kernel/SymbolicIndex.h"
#include "passes/Plan/MachineModel.h"

namespace ingot {

/// One dim of the grid of units that a region is cut into: how many there are, and what the last one costs where the others cost 1.
struct UnitAxis {
  int64_t count;
  double last = 1;
};
using UnitGrid = llvm::SmallVector<UnitAxis, 4>; ///< outermost first: the units are numbered in this order

/// How a kernel reads packed weights that it can fetch ahead: block after block of columns, each for a number of tiles, one after the other.
struct WeightStream {
  int64_t blocks = 0, tiles = 0; ///< `tiles`: for which one block is read
  int64_t depth = 0;             ///< of the reduction; 0: there is nothing to fetch
  int64_t ahead = 0;             ///< of weights that are read once: by how many steps to fetch them; 0: as many as pay
  bool hasImage = false;         ///< with `tiles` 1: the kernel can fetch its next block of pixels instead of weights
};

/// Where a thread's share can be cut such that nothing is done twice: weights are read once, inputs transformed once.
struct ShareCuts {
  int64_t blocks = 0; ///< not 0: across; a piece has all rows of the share, and some of so many blocks of columns
  int64_t units = 0;  ///< else behind so many units; 0: nowhere
};

/// What can be chosen for a region when one family computes it, and what each choice costs. The passes of the plan stage ask; kernels never do.
/// A tile is in the family's own terms (see its kernel). Shapes may depend on symbols: `symbol` is a value for all of them.
class KernelModel {
public:
  virtual ~KernelModel() = default;

  Family getFamily() const { return family; }
  int64_t getLanes() const { return lanes; }

  /// Offers the tiles to choose among. The first one is the smallest: it suits every region that the family covers.
  virtual void forEachTile(llvm::function_ref<void(llvm::ArrayRef<int64_t> tile)> offer) const = 0;
  /// Whether kernels can be written for a tile that was not offered: why not, or nothing.
  virtual std::string refuse(llvm::ArrayRef<int64_t> tile) const;
  /// Sizes on which the best tile depends.
  virtual Dims getDims() const { return {}; }
  /// Steps of the reduction in one iteration of its loop.
  virtual int64_t chooseUnroll(llvm::ArrayRef<int64_t> tile) const { return 1; }
  /// The most steps for which the registers last.
  virtual int64_t mostUnroll(llvm::ArrayRef<int64_t> tile) const { return 1; }
  /// Into how many pieces the region can be cut.
  virtual mlir::AffineExpr units(llvm::ArrayRef<int64_t> tile) const = 0;
  /// Into how many parts each of them can be cut where a thread's share ends, of the same cost: 1 where it cannot. Parts are slower than the whole.
  virtual int64_t mostParts(llvm::ArrayRef<int64_t> tile) const { return 1; }
  /// The grid of these pieces.
  virtual UnitGrid grid(llvm::ArrayRef<int64_t> tile, int64_t symbol) const { return {{std::max<int64_t>(estimateDim(units(tile), symbol), 1)}}; }
  /// Where threads can take over from each other.
  virtual ShareCuts cuts(llvm::ArrayRef<int64_t> tile) const { return {}; }
  /// The weights that the kernel can fetch ahead.
  virtual WeightStream weights(llvm::ArrayRef<int64_t> tile) const { return {}; }
  /// Cycles of one core for the whole region, as far as instructions and the caches near the core decide.
  virtual double cycles(llvm::ArrayRef<int64_t> tile, int64_t symbol) const = 0;
  /// Bytes of memory that a thread needs for itself.
  virtual int64_t scratchBytes(llvm::ArrayRef<int64_t> tile) const { return 0; }

  /// The plan with this tile, on one thread.
  PlanAttr plan(mlir::MLIRContext *context, llvm::ArrayRef<int64_t> tile, int64_t unroll) const;

protected:
  KernelModel(Family family, int64_t lanes) : family(family), lanes(lanes) {}

private:
  Family family;
  int64_t lanes;
};

using OwnedModel = std::unique_ptr<KernelModel>;

// Each returns null where the family does not cover the region (of the region or of the plan stage), or where another one is better: GEMV for few
// rows only.
OwnedModel modelAttention(RegionOp region, const MachineModel &machine);
OwnedModel modelBlocks(RegionOp region, const MachineModel &machine);
OwnedModel modelContraction(RegionOp region, const MachineModel &machine);
OwnedModel modelConvolution(RegionOp region, const MachineModel &machine);
OwnedModel modelDepthwise(RegionOp region, const MachineModel &machine);
OwnedModel modelGemv(RegionOp region, const MachineModel &machine);
OwnedModel modelMap(RegionOp region, const MachineModel &machine);
OwnedModel modelPairs(RegionOp region, const MachineModel &machine);
OwnedModel modelPlain(RegionOp region, const MachineModel &machine);
OwnedModel modelPool(RegionOp region, const MachineModel &machine);
OwnedModel modelRecurrent(RegionOp region, const MachineModel &machine);
OwnedModel modelRow(RegionOp region, const MachineModel &machine);
OwnedModel modelSparse(RegionOp region, const MachineModel &machine);
OwnedModel modelWinograd(RegionOp region, const MachineModel &machine);

/// The plan for all threads, unless there is only one piece. An unknown number of pieces is divided as finely as any number of threads may need.
PlanAttr shareOut(PlanAttr plan, mlir::AffineExpr units);

/// The narrowest family that covers the region; `plain` covers all.
OwnedModel modelRegion(RegionOp region, const MachineModel &machine);
/// That of the region's plan, which must cover it.
OwnedModel modelPlanned(RegionOp region, const MachineModel &machine);

} // namespace ingot

#endif
