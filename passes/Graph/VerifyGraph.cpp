// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Graph/Passes.h"

#include "dialects/Ingot/Constants.h"
#include "dialects/Ingot/Control.h"
#include "dialects/Ingot/LeftOutPads.h"
#include "dialects/Ingot/RunFailure.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_VERIFYGRAPHPASS
#include "passes/Graph/Passes.h.inc"

namespace {

struct VerifyGraphPass : impl::VerifyGraphPassBase<VerifyGraphPass> {
  void runOnOperation() override {
    bool broken = false;
    for (Block *block : blocksOf(getOperation().getBody().front()))
      for (Operation &op : block->without_terminator())
        if (std::string why = problemOf(op); !why.empty()) {
          op.emitOpError(why);
          broken = true;
        }
    if (broken)
      signalPassFailure();
  }

private:
  static std::string problemOf(Operation &op) {
    if (isControl(&op) || isa<BindDimOp>(op))
      return "";
    if (!isa<RegionFormationInterface>(op))
      return "is no operation of the graph stage";
    if (!isa<ConstantOp>(op) && op.getNumOperands() > 0 && canFold(op))
      return "could have been folded: all of its operands are small constants";
    if (op.getNumResults() > 0 && getRunFailure(&op) == RunFailure::Certain)
      return "fails in every run: " + describeRunFailure(&op).str();
    auto conv = dyn_cast<ConvOp>(op);
    if (conv && conv.getLayout() == Layout::ChannelsLast)
      return problemOf(conv);
    return "";
  }

  /// Folds of constant operands change nothing but the result.
  static bool canFold(Operation &op) {
    SmallVector<Attribute> operands;
    for (Value operand : op.getOperands()) {
      operands.push_back(getDenseConstant(operand));
      if (!operands.back())
        return false;
    }
    SmallVector<OpFoldResult> results;
    return succeeded(op.fold(operands, results)) && !results.empty();
  }

  /// Convolutions with channels last: no pads but those that kernels leave out, packed weights.
  static std::string problemOf(ConvOp conv) {
    if (!leavesOutPads(conv))
      return "has channels last and pads: padding is an operation of its own there";
    auto x = cast<RankedTensorType>(conv.getX().getType()), w = cast<RankedTensorType>(conv.getW().getType());
    auto panels = [](int64_t columns) { return static_cast<int64_t>(llvm::divideCeil(columns, kPanel)); };
    int64_t groups = conv.getGroups(), side = std::max<int64_t>(conv.getPackedGroup(), 1), window = 1;
    for (int64_t size : conv.getKernel())
      window *= size;
    SmallVector<int64_t> packed = {groups, panels(conv.getChannels() / groups), window * x.getShape().back() / groups / side, kPanel * side};
    if (conv.isDepthwise())
      packed = {panels(conv.getChannels()), window, kPanel};
    if (w.getShape() == ArrayRef(packed))
      return "";
    std::string text = "has channels last and weights that are not packed as ";
    llvm::raw_string_ostream stream(text);
    llvm::interleave(packed, stream, "x");
    return text;
  }
};

} // namespace
} // namespace ingot
