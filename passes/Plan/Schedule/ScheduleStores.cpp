// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Chain/RowChain.h"
#include "passes/Kernel/Product/WeightFetch.h"
#include "passes/Kernel/Stores/StoreSchedule.h"
#include "passes/Plan/Cost/RegionCost.h"
#include "passes/Plan/Memory/BufferLifetimes.h"
#include "passes/Plan/Passes.h"

#include "dialects/Ingot/Control.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_SCHEDULESTORESPASS
#include "passes/Plan/Passes.h.inc"

namespace {

double tensorBytes(Value tensor) { return static_cast<double>(countElements(tensor.getType())) * elementBytes(tensor.getType()); }

/// Whether the region's kernel writes every element once, and a cache line in one go: in a vector, or in those that a loop computes one after
/// another.
bool writesLines(RegionOp region, Value result) {
  int64_t bytes = elementBytes(result.getType());
  switch (region.getPlan()->getFamily()) {
  case Family::Map:
  case Family::Row:
  case Family::Pool:
    return true;
  case Family::Contraction:
  case Family::Convolution:
    return kPanel * bytes >= kCacheLine;
  case Family::Depthwise:
  case Family::Winograd:
    return region.getPlan()->getLanes() * bytes >= kCacheLine;
  default:
    return false;
  }
}

struct ScheduleStoresPass : impl::ScheduleStoresPassBase<ScheduleStoresPass> {
  using ScheduleStoresPassBase::ScheduleStoresPassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    machine = MachineModel::of(function);
    Block &body = function.getBody().front();
    auto isCandidate = [&](RegionOp region) {
      return region.getPlan() && !region->hasAttr(kStoresAttr) &&
             llvm::any_of(region.getResults(), [&](Value result) { return isLarge(result) && writesLines(region, result); });
    };
    auto candidates = llvm::to_vector(llvm::make_filter_range(body.getOps<RegionOp>(), isCandidate));
    if (candidates.empty()) // most models end here
      return;
    ViewPlacement placement(body);
    BufferLifetimes lifetimes(function, placement, ModelSymbols::of(function));
    CostModel costs(body, machine);
    for (RegionOp region : candidates) {
      SmallVector<int64_t> past;
      for (OpResult result : region->getResults())
        if (isLarge(result) && writesLines(region, result) && beginsWithLines(region, placement.of(result), result) &&
            !isInPlace(region, result, placement, lifetimes) && leavesCaches(result, placement))
          past.push_back(result.getResultNumber());
      if (!past.empty())
        decide(region, past, costs);
    }
  }

private:
  /// Below, it is still in a cache of the core that has written it.
  bool isLarge(Value result) const {
    if (isInsideOfChain(result)) // it never leaves the core
      return false;
    auto type = cast<RankedTensorType>(result.getType());
    return type.hasStaticShape() && type.getRank() > 0 && tensorBytes(result) > (always ? 0.0 : static_cast<double>(machine.l2Bytes));
  }

  /// Whether the result and each of its rows begin with a cache line, if its buffer does. Maps take dims that follow each other as one row.
  static bool beginsWithLines(RegionOp region, const Box &box, Value result) {
    auto isWhole = [&](AffineExpr elements) {
      std::optional<int64_t> number = getConstant(elements);
      return number && *number * elementBytes(result.getType()) % kCacheLine == 0;
    };
    ArrayRef<int64_t> sizes = cast<RankedTensorType>(result.getType()).getShape();
    int64_t row = 1;
    bool inRow = true;
    for (auto [size, stride] : llvm::reverse(llvm::zip_equal(sizes, box.strides))) {
      if (size == 1)
        continue;
      inRow &= getConstant(stride) == row && (row == 1 || region.getPlan()->getFamily() == Family::Map);
      if (!inRow && (row == 1 || !isWhole(stride)))
        return false;
      row *= size;
    }
    return isWhole(box.offset);
  }

  static bool isInPlace(RegionOp region, Value result, const ViewPlacement &placement, const BufferLifetimes &lifetimes) {
    Value place = lifetimes.slotOf(placement.of(result).root);
    return llvm::any_of(region.getInputs(), [&](Value input) { return lifetimes.slotOf(placement.of(input).root) == place; });
  }

  /// Whether more is touched than the last cache holds before anybody reads the result; the caller reads what nobody does.
  bool leavesCaches(OpResult result, const ViewPlacement &placement) const {
    Value root = placement.of(result).root;
    double touched = tensorBytes(result);
    for (Operation *next = result.getOwner()->getNextNode(); next; next = next->getNextNode()) {
      bool isReader = false;
      auto read = [&](Value value) { isReader |= isa<RankedTensorType>(value.getType()) && placement.of(value).root == root; };
      if (isa<RegionOp>(next) || isControl(next))
        forEachRead(next, read);
      if (isReader || always || touched > static_cast<double>(machine.largestL3Bytes))
        break;
      next->walk([&](RegionOp region) {
        RegionWork work = RegionWork::of(region);
        touched += work.read + work.written;
      });
    }
    return always || touched > static_cast<double>(machine.largestL3Bytes);
  }

  /// Arithmetic hides only a part of what memory takes.
  void decide(RegionOp region, ArrayRef<int64_t> past, const CostModel &costs) const {
    int64_t threads = region.getPlan()->getParallel() ? machine.threads : 1;
    OwnedModel model = modelPlanned(region, machine);
    double arithmetic = model ? model->cycles(region.getPlan()->getTile(), kTypicalSize) / static_cast<double>(threads) : 0;
    double before = costs.memoryCycles(RegionWork::of(region), threads);
    region->setAttr(kStoresAttr, DenseI64ArrayAttr::get(region.getContext(), past));
    double saved = before - costs.memoryCycles(RegionWork::of(region), threads);
    if (!always && saved < kWorthwhile * std::max(arithmetic, before))
      region->removeAttr(kStoresAttr);
    else if (region->hasAttr(kCostAttr))
      region->setAttr(kCostAttr, costs.of(region));
  }

  /// Of the region's time. At 7 %, a convolution of 147 products for each element gains 3 to 5 %; at 4 %, a product of 256 loses as much.
  static constexpr double kWorthwhile = 0.05;

  MachineModel machine;
};

} // namespace
} // namespace ingot
