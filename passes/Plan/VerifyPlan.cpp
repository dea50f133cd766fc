// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Control.h"
#include "passes/Kernel/Chain/RowChain.h"
#include "passes/Kernel/Product/FirstBlockFetch.h"
#include "passes/Kernel/Product/GuestFetch.h"
#include "passes/Kernel/Product/WeightFetch.h"
#include "passes/Kernel/Shares/Pieces.h"
#include "passes/Kernel/Stores/StoreSchedule.h"
#include "passes/Plan/Passes.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_VERIFYPLANPASS
#include "passes/Plan/Passes.h.inc"

namespace {

struct VerifyPlanPass : impl::VerifyPlanPassBase<VerifyPlanPass> {
  void runOnOperation() override {
    bool broken = false;
    for (Block *block : blocksOf(getOperation().getBody().front()))
      for (Operation &op : *block)
        broken |= !isPlanned(op);
    if (broken)
      signalPassFailure();
  }

private:
  static bool fetchesWell(RegionOp region) {
    Attribute loads = region->getAttr(kLoadsAttr);
    auto numbers = dyn_cast_or_null<DenseI64ArrayAttr>(loads);
    if (!loads || (numbers && numbers.size() == 2 && numbers[0] >= 0 && numbers[1] >= 0 && numbers[1] <= LoadSchedule::kMostAhead))
      return true;
    region.emitOpError("fetches weights by '") << kLoadsAttr << " = " << loads << "', which is not two numbers: tiles, and 0 to "
                                               << LoadSchedule::kMostAhead << " steps";
    return false;
  }

  static bool fetchesForOthers(RegionOp region) {
    Attribute fetches = region->getAttr(kFetchesAttr);
    auto numbers = dyn_cast_or_null<DenseI64ArrayAttr>(fetches);
    auto input = [&] { return cast<RankedTensorType>(region.getBody().getArgument(numbers[0]).getType()); };
    if (!fetches || (numbers && numbers.size() == 3 && numbers[0] >= 0 && numbers[0] < static_cast<int64_t>(region.getInputs().size()) &&
                     input().hasStaticShape() && numbers[1] >= 0 && numbers[2] >= 1 && numbers[1] + numbers[2] <= input().getNumElements()))
      return true;
    region.emitOpError("fetches for others by '") << kFetchesAttr << " = " << fetches
                                                  << "', which is not an input, the first element and how many of those that it has";
    return false;
  }

  static bool fetchesFirstBlock(RegionOp region) {
    Attribute attribute = region->getAttr(kFirstBlockAttr);
    std::optional<FirstBlock> block = FirstBlock::of(region);
    auto input = [&] { return cast<RankedTensorType>(region.getBody().getArgument(block->input).getType()); };
    if (!attribute ||
        (block && block->input >= 0 && block->input < static_cast<int64_t>(region.getInputs().size()) && input().hasStaticShape() &&
         block->elements >= 1 && block->blocks >= 1 && block->leastBandRows >= 0 && block->elements * (block->blocks - 1) < input().getNumElements()))
      return true;
    region.emitOpError("fetches a first block by '")
        << kFirstBlockAttr << " = " << attribute << "', which is not an input, the elements of a block and the number of blocks that it has, "
        << "and a number of rows";
    return false;
  }

  static bool isDividedWell(RegionOp region) {
    Attribute pieces = region->getAttr(kPiecesAttr);
    auto numbers = dyn_cast_or_null<DenseI64ArrayAttr>(pieces);
    bool isShared = region.getPlan() && region.getPlan()->getParallel() && !chainOf(region);
    if (!pieces || (isShared && numbers && numbers.size() == 2 && numbers[0] >= 0 && numbers[1] >= 1 &&
                    std::max(numbers[0], region.getPlan()->getUnits()) <= Pieces::kMostSteps))
      return true;
    region.emitOpError("is computed in pieces by '")
        << kPiecesAttr << " = " << pieces << "', which is not two numbers (blocks of columns or 0, and 1 or more at a time), "
        << "or it is not a region that all threads share";
    return false;
  }

  /// Strips are written by one region of a chain and read by the next.
  static bool isHandedOn(StripOp strip) {
    SmallVector<RegionOp> users;
    for (OpOperand &use : strip.getBuffer().getUses())
      if (auto region = dyn_cast<RegionOp>(use.getOwner()))
        users.insert(use.getOperandNumber() < region.getInputs().size() ? users.end() : users.begin(), region);
    if (users.size() == 2 && users[0] != users[1] && chainOf(users[0]) && chainOf(users[0]) == chainOf(users[1]) &&
        users[0]->isBeforeInBlock(users[1]))
      return true;
    strip.emitOpError("is not what one region of a chain writes and the next one reads");
    return false;
  }

  static bool writesWell(RegionOp region) {
    Attribute stores = region->getAttr(kStoresAttr);
    auto numbers = dyn_cast_or_null<DenseI64ArrayAttr>(stores);
    auto isResult = [&](int64_t number) { return number >= 0 && number < static_cast<int64_t>(region.getYielded().size()); };
    if (!stores || (numbers && llvm::all_of(numbers.asArrayRef(), isResult)))
      return true;
    region.emitOpError("writes past the caches by '") << kStoresAttr << " = " << stores << "', which is not a list of its results' numbers";
    return false;
  }

  static bool isPlanned(Operation &op) {
    bool planned = true;
    if (auto strip = dyn_cast<StripOp>(op))
      return isHandedOn(strip);
    if (auto region = dyn_cast<RegionOp>(op)) {
      if (!region.getPlan() || region.getNumResults() != 0) {
        op.emitOpError("has no plan or no buffers after the plan stage");
        planned = false;
      }
      planned &= fetchesWell(region) && fetchesForOthers(region) && fetchesFirstBlock(region) && writesWell(region) && isDividedWell(region);
      for (Value output : region.getOutputs())
        if (llvm::is_contained(region.getInputs(), output)) {
          op.emitOpError("writes the buffer that it reads");
          planned = false;
        }
    } else if (llvm::any_of(op.getResultTypes(), llvm::IsaPred<TensorType>)) {
      op.emitOpError("leaves a tensor outside of regions after the plan stage");
      planned = false;
    }
    return planned;
  }
};

} // namespace
} // namespace ingot
