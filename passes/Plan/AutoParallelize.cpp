// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Control.h"
#include "passes/Plan/Cost/RegionCost.h"
#include "passes/Plan/Passes.h"
#include "passes/Plan/TileCost.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_AUTOPARALLELIZEPASS
#include "passes/Plan/Passes.h.inc"

namespace {

/// The numbers of threads for which `ingot.efficiency` is predicted.
constexpr int64_t kThreadCounts[] = {1, 2, 4, 8, 16, 32, 64};

/// A region with what it takes on one thread and on all of the machine's.
struct Candidate {
  RegionOp region;
  OwnedModel model;
  RegionWork work;
  UnitGrid grid = {};
  double serial = 0, shared = 0;
  bool parallel = false;
};

struct AutoParallelizePass : impl::AutoParallelizePassBase<AutoParallelizePass> {
  using AutoParallelizePassBase::AutoParallelizePassBase;

  void runOnOperation() override {
    machine = MachineModel::of(getOperation());
    Block &body = getOperation().getBody().front();
    CostModel costs(body, machine);
    for (Block *block : blocksOf(body)) {
      // Control flow is read by all threads, so it divides the chains.
      std::vector<Candidate> chain;
      for (Operation &op : *block) {
        if (auto region = dyn_cast<RegionOp>(op); region && region.getPlan())
          chain.push_back(examine(region, costs));
        else if (isControl(&op) || isa<BindDimOp>(op))
          decide(std::exchange(chain, {}), costs);
      }
      decide(std::move(chain), costs);
    }
  }

private:
  Candidate examine(RegionOp region, const CostModel &costs) const {
    Candidate candidate{.region = region, .model = modelPlanned(region, machine), .work = RegionWork::of(region)};
    if (!candidate.model)
      return candidate;
    ArrayRef<int64_t> tile = region.getPlan()->getTile();
    candidate.grid = candidate.model->grid(tile, kTypicalSize);
    candidate.serial = cyclesOn(candidate, costs, 1);
    candidate.shared = cyclesOn(candidate, costs, machine.threads);
    return candidate;
  }

  double cyclesOn(const Candidate &candidate, const CostModel &costs, int64_t threads) const {
    RegionOp region = candidate.region;
    double arithmetic = candidate.model->cycles(region.getPlan()->getTile(), kTypicalSize) * largestShare(candidate.grid, threads);
    return std::max(arithmetic, costs.memoryCycles(candidate.work, threads));
  }

  /// What a meeting of that many threads takes: in pairs, then pairs of pairs.
  double barrier(int64_t threads) const { return machine.barrierCycles * llvm::Log2_64_Ceil(threads); }

  /// Of the two ways for each region of a chain, those that are best together: between regions on one thread there is no barrier.
  void decide(std::vector<Candidate> chain, const CostModel &costs) {
    struct Best {
      double serial, shared;
      bool serialAfterShared, sharedAfterShared;
    };
    std::vector<Best> table;
    double meet = barrier(machine.threads);
    for (auto [i, candidate] : llvm::enumerate(chain)) {
      Best before = table.empty() ? Best{0, 0, false, false} : table.back();
      double wait = i == 0 || dependsOn(candidate.region, chain[i - 1].region) ? meet : 0;
      bool fromShared = before.shared + wait < before.serial, staysShared = before.shared + wait < before.serial + meet;
      table.push_back({(fromShared ? before.shared + wait : before.serial) + candidate.serial,
                       (staysShared ? before.shared + wait : before.serial + meet) + candidate.shared, fromShared, staysShared});
    }
    bool parallel = !table.empty() && table.back().shared + meet < table.back().serial;
    for (auto [candidate, best] : llvm::reverse(llvm::zip_equal(chain, table))) {
      candidate.parallel = candidate.model && (always || parallel);
      parallel = parallel ? best.sharedAfterShared : best.serialAfterShared;
    }
    for (Candidate &candidate : chain)
      if (candidate.model)
        write(candidate, costs);
  }

  /// Whether a region reads what another one computes, perhaps through views.
  static bool dependsOn(RegionOp region, RegionOp other) {
    SmallVector<Value> values(region.getInputs());
    for (size_t i = 0; i < values.size(); ++i) {
      Operation *source = values[i].getDefiningOp();
      if (source == other)
        return true;
      if (source && !isa<RegionOp>(source) && !isControl(source) && values.size() < 64)
        llvm::append_range(values, source->getOperands());
    }
    return values.size() >= 64;
  }

  void write(const Candidate &candidate, const CostModel &costs) {
    RegionOp region = candidate.region;
    if (candidate.parallel)
      region.setPlanAttr(shareOut(region.getPlanAttr(), candidate.model->units(region.getPlan()->getTile())));
    bool parallel = region.getPlan()->getParallel();
    SmallVector<int32_t> perMille;
    for (int64_t threads : kThreadCounts) {
      double time = parallel && threads > 1 ? cyclesOn(candidate, costs, threads) + barrier(threads) : candidate.serial;
      perMille.push_back(time > 0 ? std::lround(1000 * candidate.serial / (time * threads)) : 0);
    }
    region->setAttr(kEfficiencyAttr, DenseI32ArrayAttr::get(&getContext(), perMille));
  }

  MachineModel machine;
};

} // namespace
} // namespace ingot
