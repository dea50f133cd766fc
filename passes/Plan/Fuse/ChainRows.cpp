// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Chain/RowChain.h"
#include "passes/Plan/Cost/RegionCost.h"
#include "passes/Plan/Memory/BufferLifetimes.h"
#include "passes/Plan/Passes.h"
#include "passes/Plan/ViewPlacement.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_CHAINROWSPASS
#include "passes/Plan/Passes.h.inc"

namespace {

/// Of the second cache, what the rows between the regions, the weights of all of them and what they read and write outside may take.
constexpr double kShareOfCache = 0.85;
constexpr size_t kMostRegions = 4;
constexpr double kOthers = 1.0 / 3; ///< of what is worth a chain: images that may be inside of one, too
constexpr double kAsGood = 1.01;    ///< shorter strips are better for other numbers of threads

int64_t imageBytes(Value tensor) { return cast<RankedTensorType>(tensor.getType()).getNumElements() * elementBytes(tensor.getType()); }

/// What one thread takes for its share of a chain, and whether it is worth it.
class ChainCost {
public:
  ChainCost(const RowChain &chain, const MachineModel &machine) : chain(chain), machine(machine) {
    for (RegionOp region : chain.getRegions()) {
      OwnedModel model = modelPlanned(region, machine);
      arithmetic.push_back(model ? model->cycles(region.getPlan()->getTile(), kTypicalSize) : 0);
    }
  }

  /// What a strip touches: it should stay in the second cache.
  double workingSet() const {
    double bytes = static_cast<double>(chain.scratchBytes()), strips = static_cast<double>(chain.strips());
    for (auto [i, entry] : llvm::enumerate(chain.getStages())) {
      RegionOp region = chain.getRegions()[i];
      for (auto [operand, input] : llvm::enumerate(region.getInputs()))
        if (i == 0 || operand != entry.image)
          bytes += static_cast<double>(imageBytes(input)) / (input.getDefiningOp<ConstantOp>() ? 1 : strips);
    }
    RegionOp last = chain.getRegions().back();
    for (Value result : last.getResults())
      bytes += static_cast<double>(imageBytes(result)) / strips;
    return bytes;
  }

  /// Cycles of the thread that has most to do.
  double cycles() const {
    double most = static_cast<double>(llvm::divideCeil(chain.strips(), machine.threads)), sum = 0;
    for (auto [i, stage] : llvm::enumerate(chain.getStages())) {
      double rows = static_cast<double>(stage.rows * stage.images);
      double perStrip = static_cast<double>(chain.getStripRows() * stage.rows) / static_cast<double>(chain.getStages().back().rows);
      // A thread's first strip computes the rows that its other strips take over.
      double again = i < chain.getRings().size() ? static_cast<double>(chain.getRings()[i].carried) / static_cast<double>(stage.rowBytes()) : 0;
      sum += arithmetic[i] * (most * perStrip + again) / rows;
      if (again > 0)
        sum += most * 2 * static_cast<double>(chain.getRings()[i].carried) / machine.l2BytesPerCycle;
    }
    return sum;
  }

private:
  const RowChain &chain;
  const MachineModel &machine;
  SmallVector<double> arithmetic; ///< cycles of one core for the whole region
};

struct ChainRowsPass : impl::ChainRowsPassBase<ChainRowsPass> {
  using ChainRowsPassBase::ChainRowsPassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal() || !llvm::hasSingleElement(function.getBody()))
      return;
    Block &body = function.getBody().front();
    SmallVector<RegionOp> regions(body.getOps<RegionOp>());
    if (regions.empty()) // a function that computes sizes has buffers already
      return;
    machine = MachineModel::of(function);
    ViewPlacement placement(body);
    int64_t chains = 0;
    for (RegionOp region : regions) {
      if (chainOf(region) || !RegionOp(region).getPlan())
        continue;
      SmallVector<RegionOp> run = runFrom(region, placement);
      for (size_t count = std::min(run.size(), kMostRegions); count >= 2; --count)
        if (std::optional<Choice> choice = choose(ArrayRef(run).take_front(count))) {
          run[count - 1].setPlanAttr(choice->lastPlan);
          mark(ArrayRef(run).take_front(count), chains++, choice->rows);
          break;
        }
    }
  }

private:
  struct Choice {
    int64_t rows;
    PlanAttr lastPlan; ///< of the last region: its tiles should not be cut by strips
    double cycles;
  };

  /// The region and those of which each is the only one that reads what the one before computes.
  static SmallVector<RegionOp> runFrom(RegionOp first, const ViewPlacement &placement) {
    SmallVector<RegionOp> run;
    for (RegionOp region = first; region; region = nextOf(region, placement))
      run.push_back(region);
    return run;
  }

  static RegionOp nextOf(RegionOp region, const ViewPlacement &placement) {
    std::string why;
    if (region.getNumResults() != 1 || !region.getResult(0).hasOneUse() || !RowStage::of(region, why))
      return {};
    Value image = region.getResult(0);
    OpOperand &use = *image.use_begin();
    auto next = dyn_cast<RegionOp>(use.getOwner());
    if (!next || next->getBlock() != region->getBlock() || chainOf(next) || !next.getPlan())
      return {};
    std::optional<RowStage> stage = RowStage::of(next, why);
    if (!stage || stage->image != use.getOperandNumber() || !next.getBody().getArgument(stage->image).hasOneUse())
      return {};
    const Box &box = placement.of(image); // in a buffer of its own
    bool isAlone =
        box.root == image && getConstant(box.offset) == 0 && box.strides == contiguousStrides(getDims(cast<RankedTensorType>(image.getType())));
    return isAlone ? next : RegionOp();
  }

  /// The strips with which the chain takes least, if it is worth it at all.
  std::optional<Choice> choose(ArrayRef<RegionOp> regions) const {
    auto sizes = llvm::map_to_vector(regions.drop_back(), [](RegionOp region) { return static_cast<double>(imageBytes(region.getResult(0))); });
    double worth = least * static_cast<double>(machine.l2Bytes * machine.threads);
    if (force == 0 && (*llvm::max_element(sizes) < worth || *llvm::min_element(sizes) < kOthers * worth))
      return std::nullopt;
    RegionOp last = regions.back();
    PlanAttr given = last.getPlanAttr();
    SmallVector<Choice> choices;
    for (PlanAttr plan : plansOf(last)) {
      last.setPlanAttr(plan);
      int64_t rows = cast<RankedTensorType>(last.getResult(0).getType()).getDimSize(1);
      for (int64_t own = force != 0 ? force : 1; own <= (force != 0 ? force : rows); ++own)
        if (std::optional<double> cycles = cyclesOf(regions, own))
          choices.push_back({own, plan, *cycles});
    }
    last.setPlanAttr(given);
    if (choices.empty())
      return std::nullopt;
    double fewest = llvm::min_element(choices, [](const Choice &x, const Choice &y) { return x.cycles < y.cycles; })->cycles;
    llvm::erase_if(choices, [&](const Choice &choice) { return choice.cycles > kAsGood * fewest; });
    return *llvm::min_element(choices, [](const Choice &x, const Choice &y) { return std::tie(x.rows, x.cycles) < std::tie(y.rows, y.cycles); });
  }

  /// The plan of a region, and what was nearly as good.
  SmallVector<PlanAttr> plansOf(RegionOp region) const {
    SmallVector<PlanAttr> plans = {region.getPlanAttr()};
    OwnedModel model = modelPlanned(region, machine);
    auto rejected = region->getAttrOfType<ArrayAttr>(kRejectedAttr);
    for (Attribute attribute : rejected &&model ? rejected.getValue() : ArrayRef<Attribute>())
      if (auto candidate = cast<CandidateAttr>(attribute); candidate.getFamily() == model->getFamily())
        plans.push_back(model->plan(region.getContext(), candidate.getTile(), candidate.getUnroll()));
    return plans;
  }

  /// Nothing where there is no such chain, or it leaves the second cache.
  std::optional<double> cyclesOf(ArrayRef<RegionOp> regions, int64_t rows) const {
    std::string why;
    std::optional<RowChain> chain = RowChain::of(regions, rows, why);
    if (!chain || (force == 0 && chain->strips() < 2))
      return std::nullopt;
    ChainCost cost(*chain, machine);
    if (force == 0 && cost.workingSet() > kShareOfCache * static_cast<double>(machine.l2Bytes))
      return std::nullopt;
    return cost.cycles();
  }

  /// Puts the regions side by side where the last one is: nobody else reads what the others compute.
  void mark(ArrayRef<RegionOp> regions, int64_t number, int64_t rows) {
    for (RegionOp region : regions) {
      region->setAttr(kChainAttr, DenseI64ArrayAttr::get(&getContext(), {number, rows}));
      if (region != regions.back())
        region->moveBefore(RegionOp(regions.back()));
    }
  }

  MachineModel machine;
};

} // namespace
} // namespace ingot
