// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Chain/RowChain.h"
#include "passes/Kernel/Shares/Pieces.h"
#include "passes/Plan/Cost/RegionCost.h"
#include "passes/Plan/Passes.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_BALANCESHARESPASS
#include "passes/Plan/Passes.h.inc"

namespace {

struct BalanceSharesPass : impl::BalanceSharesPassBase<BalanceSharesPass> {
  using BalanceSharesPassBase::BalanceSharesPassBase;

  void runOnOperation() override {
    machine = MachineModel::of(getOperation());
    getOperation().walk([&](RegionOp region) {
      if (std::optional<Pieces> pieces = piecesOf(region))
        pieces->writeTo(region);
    });
  }

private:
  /// Pieces of shares whose size only a run knows: it may be a fraction of what was predicted.
  static constexpr int64_t kUnknownPieces = 32;

  std::optional<Pieces> piecesOf(RegionOp region) const {
    auto cost = region->getAttrOfType<CostAttr>(kCostAttr);
    std::optional<PlanAttr> plan = region.getPlan();
    if (!cost || !plan || !plan->getParallel() || chainOf(region))
      return std::nullopt;
    double cycles = static_cast<double>(cost.getCycles()) / static_cast<double>(machine.threads);
    OwnedModel model = modelPlanned(region, machine);
    ShareCuts cuts = model ? model->cuts(plan->getTile()) : ShareCuts();
    if (cycles <= 0 || cycles < least * machine.barrierCycles || (cuts.blocks == 0 && cuts.units == 0))
      return std::nullopt;
    int64_t steps = cuts.blocks, cut = 1;
    if (cuts.blocks == 0) {
      steps = plan->getUnits() / machine.threads;
      std::optional<int64_t> tiles = getConstant(model->units(plan->getTile()));
      cut = tiles ? cuts.units * (plan->getUnits() / *tiles) : plan->getUnits() / kUnknownPieces; // a tile may be several units
    }
    double fewest = std::max<double>(piece, 0) * machine.barrierCycles * static_cast<double>(steps) / cycles;
    cut = std::max<int64_t>(cut, 1);
    auto grain = std::max<int64_t>(llvm::alignTo(static_cast<uint64_t>(std::ceil(fewest)), cut), cut);
    if (2 * grain > steps || std::max(cuts.blocks, plan->getUnits()) > Pieces::kMostSteps)
      return std::nullopt; // half of a share is nothing that could be handed over
    return Pieces{cuts.blocks, grain};
  }

  MachineModel machine;
};

} // namespace
} // namespace ingot
