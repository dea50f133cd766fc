// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Constants.h"
#include "dialects/Ingot/LeftOutPads.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Graph/Passes.h"

#define DEBUG_TYPE "ingot-split-padding"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_SPLITPADDINGPASS
#include "passes/Graph/Passes.h.inc"

namespace {

bool isZeroPad(PadOp pad) {
  auto value = dyn_cast<DenseElementsAttr>(pad.getValue());
  return pad.getMode() == PadMode::Constant && value && (matchPattern(value, m_AnyZeroFloat()) || matchPattern(value, m_Zero()));
}

/// conv(x) pads p -> conv(pad(slice(x))) pads 0, or those that the convolution keeps
struct SplitPadsOffConv : OpRewritePattern<ConvOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConvOp op, PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getX().getType());
    size_t rank = type.getRank(), spatial = op.getKernel().size(), first = op.getLayout() == Layout::ChannelsLast ? 1 : 2;
    SmallVector<int64_t> pads(op.getPads()), kept(pads.size(), 0);
    for (size_t i = 0; i < spatial; ++i)
      if (mayLeaveOutPads(op, i)) {
        std::swap(pads[i], kept[i]);
        std::swap(pads[spatial + i], kept[spatial + i]);
      }
    if (llvm::all_of(pads, [](int64_t pad) { return pad == 0; }))
      return rewriter.notifyMatchFailure(op, "has no pads to split off");
    SmallVector<int64_t> low(rank, 0), high(rank, 0), offsets(rank, 0), sizes(type.getShape()), strides(rank, 1);
    for (size_t i = 0; i < spatial; ++i) {
      int64_t begin = pads[i], end = pads[spatial + i], dim = static_cast<int64_t>(first + i);
      if (!ShapedType::isDynamic(sizes[dim])) { // without what no window reads
        int64_t steps = sizes[dim] + begin + end - op.getDilations()[i] * (op.getKernel()[i] - 1) - 1;
        end -= std::min(std::max<int64_t>(end, 0), steps % op.getStrides()[i]);
      }
      low[dim] = std::max<int64_t>(begin, 0);
      high[dim] = std::max<int64_t>(end, 0);
      offsets[dim] = std::max<int64_t>(-begin, 0);
      int64_t cropped = offsets[dim] + std::max<int64_t>(-end, 0);
      if (cropped == 0)
        continue;
      if (ShapedType::isDynamic(sizes[dim]))
        return rewriter.notifyMatchFailure(op, "the pads crop a symbolic dim");
      sizes[dim] -= cropped;
      if (sizes[dim] <= 0)
        return rewriter.notifyMatchFailure(op, "the pads crop the whole operand");
    }
    Value x = op.getX();
    if (ArrayRef(sizes) != type.getShape())
      x = SliceOp::create(rewriter, op.getLoc(), x, offsets, sizes, strides);
    auto scalar = DenseElementsAttr::get(RankedTensorType::get({}, type.getElementType()), rewriter.getZeroAttr(type.getElementType()));
    x = rewriter.createOrFold<PadOp>(op.getLoc(), PadMode::Constant, x, low, high, scalar);
    rewriter.modifyOpInPlace(op, [&] {
      op.getXMutable().assign(x);
      op.setPads(kept);
    });
    return success();
  }
};

/// pad(pad(x)) -> pad(x), both with zeros
struct MergePads : OpRewritePattern<PadOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PadOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<PadOp>();
    if (!inner || !isZeroPad(op) || !isZeroPad(inner))
      return rewriter.notifyMatchFailure(op, "not a zero pad of a zero pad");
    auto sum = [](ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
      return llvm::map_to_vector(llvm::zip_equal(a, b), [](auto pair) { return std::get<0>(pair) + std::get<1>(pair); });
    };
    rewriter.replaceOpWithNewOp<PadOp>(op, PadMode::Constant, inner.getX(), sum(op.getLow(), inner.getLow()), sum(op.getHigh(), inner.getHigh()),
                                       op.getValue());
    return success();
  }
};

struct SplitPaddingPass : impl::SplitPaddingPassBase<SplitPaddingPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<SplitPadsOffConv, MergePads>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot
