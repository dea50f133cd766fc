// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Control.h"
#include "passes/Kernel/Chain/RowChain.h"
#include "passes/Kernel/Footprint.h"
#include "passes/Plan/Cost/RegionCost.h"
#include "passes/Plan/Passes.h"
#include "passes/Plan/TileCost.h"
#include "llvm/ADT/IntEqClasses.h"

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
  int64_t parts = 1; ///< of a tile that are units of their own
  double serial = 0, shared = 0;
  bool parallel = false;
};

/// Serial regions in order, of which several threads take some at the same time.
struct Group {
  size_t begin, end;
  double saved = 0; ///< cycles
  SmallVector<int64_t> lanes = {};
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
        if (auto region = dyn_cast<RegionOp>(op); region && chainOf(region)) {
          decide(std::exchange(chain, {}), costs);
          if (SmallVector<RegionOp> regions = chainEndingAt(region); !regions.empty() && failed(divideStrips(regions)))
            return signalPassFailure();
        } else if (region && region.getPlan())
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
    // Whole tiles, unless their number does not divide well among some number of threads.
    if (int64_t most = candidate.model->mostParts(tile); most > 1 && worstImbalance(candidate.serial, candidate.grid) > kEven) {
      candidate.parts = most;
      candidate.grid.push_back({most});
    }
    candidate.shared = cyclesOn(candidate, costs, machine.threads);
    return candidate;
  }

  /// The threads share the strips of regions that run together.
  LogicalResult divideStrips(ArrayRef<RegionOp> regions) {
    FailureOr<RowChain> rows = RowChain::planned(regions);
    if (failed(rows))
      return failure();
    SmallVector<int32_t> perMille;
    for (int64_t threads : kThreadCounts)
      perMille.push_back(std::lround(1000.0 * rows->strips() / (threads * llvm::divideCeil(rows->strips(), threads))));
    for (RegionOp region : regions) {
      region.setPlanAttr(shareOut(region.getPlanAttr(), getAffineConstantExpr(region.getPlan()->getUnits(), &getContext())));
      region->setAttr(kGridAttr, DenseI64ArrayAttr::get(&getContext(), {rows->strips(), 1000}));
      region->setAttr(kEfficiencyAttr, DenseI32ArrayAttr::get(&getContext(), perMille));
    }
    return success();
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
    if (!chain.empty() && chain.front().region->getParentOp() == getOperation())
      runBeside(chain);
  }

  /// Looks among neighbours that stay on one thread for branches that have nothing to do with each other: worth more than a barrier when they run at
  /// the same time.
  void runBeside(ArrayRef<Candidate> chain) {
    constexpr size_t kMostRegions = 24;
    for (size_t begin = 0; begin < chain.size();) {
      Group best{begin, begin + 1};
      for (size_t end = begin + 1; end <= std::min(chain.size(), begin + kMostRegions) && !isShared(chain[end - 1]); ++end) {
        Group group = divide(chain, begin, end);
        if (group.saved >= best.saved) // a longer one leaves fewer barriers behind it
          best = std::move(group);
      }
      if (best.saved > barrier(machine.threads))
        for (auto [i, lane] : llvm::enumerate(best.lanes))
          RegionOp(chain[begin + i].region)->setAttr(kBesideAttr, DenseI64ArrayAttr::get(&getContext(), {groups, lane}));
      groups += best.saved > barrier(machine.threads);
      begin = best.end;
    }
  }

  static bool isShared(const Candidate &candidate) { return !candidate.model || RegionOp(candidate.region).getPlan()->getParallel(); }

  /// The branches among some regions, the longest one first to the thread that has least to do.
  Group divide(ArrayRef<Candidate> chain, size_t begin, size_t end) const {
    llvm::IntEqClasses branches(end - begin);
    for (size_t i = begin; i < end; ++i)
      for (size_t j = begin; j < i; ++j)
        if (dependsOn(chain[i].region, chain[j].region))
          branches.join(i - begin, j - begin);
    branches.compress();
    SmallVector<double> cycles(branches.getNumClasses(), 0), busy(machine.threads, 0);
    for (size_t i = begin; i < end; ++i)
      cycles[branches[i - begin]] += chain[i].serial;
    SmallVector<unsigned> order = llvm::to_vector(llvm::seq<unsigned>(cycles.size()));
    llvm::sort(order, [&](unsigned a, unsigned b) { return cycles[a] != cycles[b] ? cycles[a] > cycles[b] : a < b; });
    SmallVector<int64_t> laneOf(cycles.size());
    for (unsigned branch : order) {
      auto *least = llvm::min_element(busy);
      laneOf[branch] = least - busy.begin();
      *least += cycles[branch];
    }
    Group group{begin, end, llvm::sum_of(cycles, 0.0) - *llvm::max_element(busy)};
    for (size_t i = begin; i < end; ++i)
      group.lanes.push_back(laneOf[branches[i - begin]]);
    return group;
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
      region.setPlanAttr(shareOut(region.getPlanAttr(), simplifyDim(candidate.model->units(region.getPlan()->getTile()) * candidate.parts)));
    bool parallel = region.getPlan()->getParallel();
    SmallVector<int32_t> perMille;
    for (int64_t threads : kThreadCounts) {
      double time = parallel && threads > 1 ? cyclesOn(candidate, costs, threads) + barrier(threads) : candidate.serial;
      perMille.push_back(time > 0 ? std::lround(1000 * candidate.serial / (time * threads)) : 0);
    }
    if (parallel) {
      SmallVector<int64_t> grid;
      for (const UnitAxis &axis : candidate.grid)
        grid.append({axis.count, std::lround(1000 * axis.last)});
      region->setAttr(kGridAttr, DenseI64ArrayAttr::get(&getContext(), grid));
    }
    region->setAttr(kEfficiencyAttr, DenseI32ArrayAttr::get(&getContext(), perMille));
  }

  MachineModel machine;
  int64_t groups = 0;
};

} // namespace
} // namespace ingot
