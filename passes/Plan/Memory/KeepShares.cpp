// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/MachineModel.h"
#include "passes/Plan/Memory/BufferLifetimes.h"
#include "passes/Plan/Memory/SharePlaces.h"
#include "passes/Plan/Passes.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_KEEPSHARESPASS
#include "passes/Plan/Passes.h.inc"

namespace {

struct KeepSharesPass : impl::KeepSharesPassBase<KeepSharesPass> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (!isShared()) // functions that compute sizes have no tensors at all
      return;
    ModelSymbols symbols = ModelSymbols::of(function);
    ViewPlacement placement(function.getBody().front());
    if (symbols.hasInputs() || !placement.getCopies().empty() || !placement.getOperandCopies().empty())
      return;
    SmallVector<ArenaBuffer> buffers = BufferLifetimes(function, placement, symbols).all();
    int64_t arenaBytes = placeInArena(buffers), before = bytesThatChangeThreads(buffers);
    keepSharesInPlace(buffers, arenaBytes, MachineModel::of(function).l2Bytes);
    int64_t after = bytesThatChangeThreads(buffers);
    if (after > before * kWorthwhile)
      return;
    Builder b(&getContext());
    function->setAttr(kSharesAttr, b.getDictionaryAttr(
                                       {b.getNamedAttr("before", b.getI64IntegerAttr(before)), b.getNamedAttr("after", b.getI64IntegerAttr(after))}));
  }

private:
  static constexpr double kWorthwhile = 0.9;

  /// Whether every region has a plan, and some are for all threads.
  bool isShared() {
    bool hasPlans = true, isShared = false;
    getOperation().walk([&](RegionOp region) {
      hasPlans &= static_cast<bool>(region.getPlan());
      isShared |= region.getPlan() && region.getPlan()->getParallel();
    });
    return hasPlans && isShared;
  }
};

} // namespace
} // namespace ingot
