// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Shapes.h"
#include "dialects/Ingot/SymbolicDims.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Graph/Passes.h"

#define DEBUG_TYPE "ingot-decompose-images"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_DECOMPOSEIMAGESPASS
#include "passes/Graph/Passes.h.inc"

namespace {

/// Whether nearest interpolation by whole scales repeats every element `scale` times: element i * scale + r comes from i.
bool repeats(ResizeOp op, int64_t largestScale) {
  StringRef coordinates = op.getCoordinates(), rounding = op.getRounding();
  if (coordinates == "asymmetric") // i + r / scale
    return rounding == "floor" || (rounding == "round_prefer_floor" && largestScale <= 2);
  if (coordinates == "tf_half_pixel_for_nn") // i + (r + 1/2) / scale
    return rounding == "floor";
  if (coordinates == "half_pixel" || coordinates == "pytorch_half_pixel" || coordinates == "half_pixel_symmetric") // i + (r + 1/2) / scale - 1/2
    return rounding == "round_prefer_floor" || rounding == "round_prefer_ceil";
  return false;
}

/// resize nearest [H] by s -> reshape(broadcast [H, s](reshape [H, 1]))
struct RepeatForResize : OpRewritePattern<ResizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ResizeOp op, PatternRewriter &rewriter) const override {
    RankedTensorType from = typeOf(op.getX()), to = typeOf(op.getResult());
    if (op.getMode() != Interpolation::Nearest)
      return rewriter.notifyMatchFailure(op, "interpolates");
    Dims split, repeated;
    int64_t largest = 1;
    for (auto [in, out, scale] : llvm::zip_equal(getDims(from), getDims(to), op.getScales())) {
      AffineExpr ratio = divideDim(out, in);
      int64_t times = ratio ? getConstant(ratio).value_or(0) : 0;
      if (times == 0 || (scale != 0.0 && scale != static_cast<double>(times)))
        return rewriter.notifyMatchFailure(op, "the scales are not whole");
      largest = std::max(largest, times);
      split.push_back(in);
      repeated.push_back(in);
      if (times > 1) {
        split.push_back(rewriter.getAffineConstantExpr(1));
        repeated.push_back(rewriter.getAffineConstantExpr(times));
      }
    }
    if (!repeats(op, largest))
      return rewriter.notifyMatchFailure(op, "does not repeat the elements evenly");
    Value x = ReshapeOp::create(rewriter, op.getLoc(), makeTensorType(split, from.getElementType()), op.getX());
    x = BroadcastOp::create(rewriter, op.getLoc(), makeTensorType(repeated, from.getElementType()), x);
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, to, x);
    return success();
  }
};

/// pool over the whole image -> reduce
struct ReduceForGlobalPool : OpRewritePattern<PoolOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PoolOp op, PatternRewriter &rewriter) const override {
    int64_t spatial = op.getKernel().size(), first = op.getLayout() == Layout::ChannelsLast ? 1 : 2;
    if (op.getKind() == PoolKind::Lp)
      return rewriter.notifyMatchFailure(op, "computes a p-norm");
    if (typeOf(op.getX()).getShape().slice(first, spatial) != op.getKernel() || llvm::any_of(op.getPads(), [](int64_t pad) { return pad != 0; }) ||
        llvm::any_of(op.getDilations(), [](int64_t step) { return step != 1; }))
      return rewriter.notifyMatchFailure(op, "the window is not the whole image");
    SmallVector<int64_t> axes = llvm::to_vector(llvm::seq(first, first + spatial));
    rewriter.replaceOpWithNewOp<ReduceOp>(op, op.getKind() == PoolKind::Max ? ReduceKind::Max : ReduceKind::Mean, op.getX(), axes,
                                          /*keep_dims=*/true);
    return success();
  }
};

struct DecomposeImagesPass : impl::DecomposeImagesPassBase<DecomposeImagesPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<RepeatForResize, ReduceForGlobalPool>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot
