// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Control.h"
#include "passes/Region/Passes.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_VERIFYREGIONPASS
#include "passes/Region/Passes.h.inc"

namespace {

struct VerifyRegionPass : impl::VerifyRegionPassBase<VerifyRegionPass> {
  void runOnOperation() override {
    bool broken = false, hasRanges = getOperation()->hasAttr("ingot.ranges");
    for (Block *block : blocksOf(getOperation().getBody().front()))
      for (Operation &op : block->without_terminator())
        broken |= !isAllowed(op, hasRanges);
    if (broken)
      signalPassFailure();
  }

private:
  static bool isAllowed(Operation &op, bool hasRanges) {
    bool allowed = true;
    auto member = dyn_cast<RegionFormationInterface>(op);
    bool isView = member && (member.getAnchor() == Anchor::Constant || member.getAnchor() == Anchor::View);
    if (!isView && !isa<RegionOp, BindDimOp>(op) && !isControl(&op)) {
      op.emitOpError("stands outside of a region after the region stage");
      allowed = false;
    }
    for (Type type : op.getResultTypes())
      if (auto tensor = dyn_cast<RankedTensorType>(type); tensor && !tensor.hasStaticShape() && !(hasRanges && tensor.getEncoding())) {
        op.emitOpError("has a dim that is not fixed: ") << type << "; give --dim name=value or --input-shape";
        allowed = false;
      }
    return allowed;
  }
};

} // namespace
} // namespace ingot
