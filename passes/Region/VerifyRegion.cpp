// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Region/Passes.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_VERIFYREGIONPASS
#include "passes/Region/Passes.h.inc"

namespace {

struct VerifyRegionPass : impl::VerifyRegionPassBase<VerifyRegionPass> {
  void runOnOperation() override {
    bool broken = false, ranges = getOperation()->hasAttr("ingot.ranges");
    for (Operation &op : getOperation().getBody().front().without_terminator()) {
      auto member = dyn_cast<RegionFormationInterface>(op);
      bool allowed = isa<RegionOp>(op) || (member && (member.getAnchor() == Anchor::Constant || member.getAnchor() == Anchor::View));
      if (!allowed) {
        op.emitOpError("stands outside of a region after the region stage");
        broken = true;
      }
      for (Type type : op.getResultTypes())
        if (auto tensor = dyn_cast<RankedTensorType>(type); tensor && !tensor.hasStaticShape() && !(ranges && tensor.getEncoding())) {
          op.emitOpError("has a dim that is not fixed: ") << type << "; give --dim name=value or --input-shape";
          broken = true;
        }
    }
    if (broken)
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot
