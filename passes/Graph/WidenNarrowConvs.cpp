// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Shapes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Graph/Passes.h"

#define DEBUG_TYPE "ingot-widen-narrow-convs"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_WIDENNARROWCONVSPASS
#include "passes/Graph/Passes.h.inc"

namespace {

using Shape = SmallVector<int64_t>;

/// A result that must be cut to size cannot join what follows it; it has to be this much better.
constexpr double kCutPenalty = 1.3;
/// Less gain than this is not worth larger weights.
constexpr double kLeastGain = 1.2;

/// A longer filter is left to tiles that keep several partial sums. One long sum rounds worse: 1.5e-4 against 1e-5 of the range after the logarithms
/// that follow basic-pitch's filter bank.
constexpr int64_t kLongestRow = 64;

/// How many neighbouring pixels of a row one column block computes best, by the panels' work per pixel.
int64_t choosePixels(int64_t outputs, int64_t kernel, int64_t stride, int64_t width) {
  auto cost = [&](int64_t pixels) {
    int64_t blocks = llvm::divideCeil(width, pixels);
    double work = static_cast<double>(llvm::divideCeil(pixels * outputs, kPanel) * (kernel + (pixels - 1) * stride) * blocks);
    return width % pixels == 0 ? work : work * kCutPenalty;
  };
  int64_t best = 1;
  for (int64_t pixels = 2; pixels <= std::min(kPanel, width); ++pixels)
    if (cost(pixels) < cost(best))
      best = pixels;
  return cost(1) > kLeastGain * cost(best) ? best : 1;
}

/// conv with O channels -> conv with P * O channels and P times the stride, whose kernels are the old one at P places.
struct WidenConv : OpRewritePattern<ConvOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConvOp op, PatternRewriter &rewriter) const override {
    RankedTensorType x = typeOf(op.getX()), w = typeOf(op.getW()), y = typeOf(op.getResult());
    int64_t spatial = op.getKernel().size(), last = y.getRank() - 1, outputs = op.getChannels();
    if (op.getLayout() == Layout::ChannelsLast || op.getGroups() != 1 || spatial > 2 || op.getDilations().back() != 1 || outputs >= kPanel)
      return rewriter.notifyMatchFailure(op, "is not a narrow convolution of neighbouring pixels, channels first");
    if (!x.hasStaticShape() || !w.hasStaticShape() || !x.getElementType().isF32())
      return rewriter.notifyMatchFailure(op, "covers static shapes of f32 only");
    int64_t width = y.getDimSize(last), stride = op.getStrides().back(), kernel = op.getKernel().back();
    if (kernel > kLongestRow)
      return rewriter.notifyMatchFailure(op, "its sums are long: several partial sums of each are more exact");
    int64_t pixels = choosePixels(outputs, kernel, stride, width);
    if (pixels == 1)
      return rewriter.notifyMatchFailure(op, "its panels are filled best as it is");

    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto zero = DenseElementsAttr::get(RankedTensorType::get({}, b.getF32Type()), b.getZeroAttr(b.getF32Type()));
    SmallVector<Value> copies;
    for (int64_t i = 0; i < pixels; ++i) {
      Shape low(w.getRank(), 0), high(w.getRank(), 0);
      low.back() = i * stride;
      high.back() = (pixels - 1 - i) * stride;
      copies.push_back(PadOp::create(b, PadMode::Constant, op.getW(), low, high, zero));
    }
    Value weights = ConcatOp::create(b, copies, 0);
    int64_t blocks = llvm::divideCeil(width, pixels), wideKernel = kernel + (pixels - 1) * stride, wideStride = pixels * stride;
    Shape kernels(op.getKernel()), strides(op.getStrides()), pads(op.getPads());
    kernels.back() = wideKernel;
    strides.back() = wideStride;
    // Exactly as many columns as the blocks read: more is cut by rounding down, less is filled up.
    int64_t read = (blocks - 1) * wideStride + wideKernel, there = x.getShape().back() + pads[spatial - 1] + pads.back();
    if (there < read || there >= read + wideStride)
      pads.back() += read - there;
    Value wide = ConvOp::create(b, op.getX(), weights, op.getLayout(), kernels, strides, pads, op.getDilations(), 1, pixels * outputs);

    // [N, P * O, H, W / P] to [N, O, H, W / P, P] to [N, O, H, W]
    Shape split = {y.getDimSize(0), pixels, outputs}, order = {0, 2}, joined(y.getShape());
    llvm::append_range(split, typeOf(wide).getShape().drop_front(2));
    llvm::append_range(order, llvm::seq<int64_t>(3, 3 + spatial));
    order.push_back(1);
    joined.back() = blocks * pixels;
    Value result = TransposeOp::create(b, ReshapeOp::create(b, y.clone(split), wide), order);
    result = ReshapeOp::create(b, y.clone(joined), result);
    if (joined.back() != width)
      result = SliceOp::create(b, result, Shape(joined.size(), 0), y.getShape(), Shape(joined.size(), 1));
    rewriter.replaceOp(op, result);
    return success();
  }
};

struct WidenNarrowConvsPass : impl::WidenNarrowConvsPassBase<WidenNarrowConvsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<WidenConv>(&getContext());
    // Each convolution once: a wide one may be narrow enough to match again.
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), GreedyRewriteConfig().setStrictness(GreedyRewriteStrictness::ExistingOps))))
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot
