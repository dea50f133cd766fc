// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Control.h"
#include "passes/Graph/Passes.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_VERIFYIMPORTPASS
#include "passes/Graph/Passes.h.inc"

namespace {

struct VerifyImportPass : impl::VerifyImportPassBase<VerifyImportPass> {
  void runOnOperation() override {
    bool broken = false;
    func::FuncOp function = getOperation();
    if (function.isExternal() || !llvm::hasSingleElement(function.getBody())) {
      function.emitOpError("must have one block after import");
      return signalPassFailure();
    }
    for (Type type : function.getArgumentTypes())
      broken |= !isImported(function, type);
    for (Block *block : blocksOf(function.getBody().front()))
      for (Operation &op : block->without_terminator()) {
        if (!isa_and_nonnull<IngotDialect>(op.getDialect()) || isa<RegionOp>(op)) {
          op.emitOpError("is no operation that import makes");
          broken = true;
        }
        for (Type type : op.getResultTypes())
          broken |= !isImported(&op, type);
      }
    if (broken)
      signalPassFailure();
  }

private:
  /// Ranked tensors, whose symbolic dims say what they are.
  static bool isImported(Operation *op, Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor) {
      op->emitOpError("has ") << type << " after import, which is no ranked tensor";
      return false;
    }
    auto dims = dyn_cast_if_present<DimsAttr>(tensor.getEncoding());
    if (!tensor.hasStaticShape() && (!dims || dims.getMap().getNumResults() != static_cast<unsigned>(tensor.getRank()))) {
      op->emitOpError("has ") << type << " after import, whose encoding does not say what its dims are";
      return false;
    }
    return true;
  }
};

} // namespace
} // namespace ingot
