// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Constants.h"
#include "dialects/Ingot/Shapes.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Compress/Passes.h"
#include "passes/Compress/QuantizedTensor.h"
#include "passes/Graph/ConstantOperands.h"

#define DEBUG_TYPE "ingot-sink-dequantization"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_SINKDEQUANTIZATIONPASS
#include "passes/Compress/Passes.h.inc"

namespace {

/// Whether one scale holds for the whole tensor, so that its elements may go anywhere.
bool hasOneScale(DequantizeOp op) { return op && op.getBlock() == 0 && typeOf(op.getScale()).getRank() == 0; }

/// Dequantised bytes, whatever moves them: 32-bit integers (biases) are as large as floats.
bool isWorthMoving(DequantizeOp op) { return op && typeOf(op.getX()).getElementTypeBitWidth() <= 16; }

/// `op` on the integers `x` instead of what they stand for, and then dequantised with the same scales along dim `axis`.
Value onIntegers(PatternRewriter &rewriter, Operation *op, ValueRange x, DequantizeOp like, int64_t axis) {
  Operation *moved = rewriter.clone(*op);
  moved->removeAttr("ingot.values");
  moved->setOperands(0, x.size(), x);
  moved->getResult(0).setType(typeOf(op->getResult(0)).clone(typeOf(x.front()).getElementType()));
  auto result = DequantizeOp::create(rewriter, op->getLoc(), moved->getResult(0), like.getScale(), like.getZeroPoint(), axis, 0, like.getTo());
  copyValueNames(op, result);
  return result;
}

/// Whether every element of the result is one of the operand's.
bool repeatsElements(ResizeOp op) { return op.getMode() == Interpolation::Nearest && op.getCoordinates() != "tf_crop_and_resize"; }

/// view(dequantize(x)) -> dequantize(view(x)), for reshapes, slices, repetitions, look-ups, the nearest element and the largest of a window
struct SinkBelowMove : RewritePattern {
  explicit SinkBelowMove(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    auto resize = dyn_cast<ResizeOp>(op);
    if (!isa<ReshapeOp, SliceOp, BroadcastOp, EqualDimsOp, GatherOp, PoolOp>(op) && !(resize && repeatsElements(resize)))
      return rewriter.notifyMatchFailure(op, "does not move elements as they are");
    auto from = op->getOperand(0).getDefiningOp<DequantizeOp>();
    if (!hasOneScale(from) || !isWorthMoving(from))
      return rewriter.notifyMatchFailure(op, "has no operand that is dequantised with one scale");
    if (auto pool = dyn_cast<PoolOp>(op); pool && (pool.getKind() != PoolKind::Max || getConstantSplat(from.getScale()).value_or(0) <= 0))
      return rewriter.notifyMatchFailure(op, "computes more than the largest of windows, or the scale may turn the order round");
    rewriter.replaceOp(op, onIntegers(rewriter, op, from.getX(), from, 0));
    return success();
  }
};

/// transpose(dequantize(x)) -> dequantize(transpose(x)), with scales along a dim too
struct SinkBelowTranspose : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    auto from = op.getX().getDefiningOp<DequantizeOp>();
    if (!isWorthMoving(from) || from.getBlock() != 0)
      return rewriter.notifyMatchFailure(op, "transposes nothing that is dequantised without blocks");
    int64_t axis = 0;
    if (typeOf(from.getScale()).getRank() != 0)
      axis = llvm::find(op.getPermutation(), static_cast<int64_t>(from.getAxis())) - op.getPermutation().begin();
    rewriter.replaceOp(op, onIntegers(rewriter, op, from.getX(), from, axis));
    return success();
  }
};

/// concat(dequantize(x), dequantize(y)) -> dequantize(concat(x, y)), of one scale and zero point
struct SinkBelowConcat : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConcatOp op, PatternRewriter &rewriter) const override {
    SmallVector<Value> stored;
    DequantizeOp first;
    for (Value input : op.getInputs()) {
      auto from = input.getDefiningOp<DequantizeOp>();
      if (!hasOneScale(from) || !isWorthMoving(from) || (first && !isQuantizedAlike(first, from)))
        return rewriter.notifyMatchFailure(op, "joins tensors that are not all dequantised with one scale");
      first = first ? first : from;
      stored.push_back(from.getX());
    }
    rewriter.replaceOp(op, onIntegers(rewriter, op, stored, first, 0));
    return success();
  }
};

/// quantize(dequantize(x)) -> x, with the same scale and zero point
struct CancelQuantization : OpRewritePattern<QuantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(QuantizeOp op, PatternRewriter &rewriter) const override {
    auto from = op.getX().getDefiningOp<DequantizeOp>();
    if (!isWorthMoving(from) || typeOf(from.getX()) != typeOf(op.getResult()) || from.getScale() != op.getScale() ||
        from.getZeroPoint() != op.getZeroPoint() || from.getAxis() != op.getAxis() || from.getBlock() != op.getBlock())
      return rewriter.notifyMatchFailure(op, "does not undo a dequantisation");
    if (!isConstant(op.getScale()))
      return rewriter.notifyMatchFailure(op, "has a scale that a run may compute as zero");
    rewriter.replaceOp(op, from.getX());
    return success();
  }
};

struct SinkDequantizationPass : impl::SinkDequantizationPassBase<SinkDequantizationPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<CancelQuantization, SinkBelowConcat, SinkBelowMove, SinkBelowTranspose>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot
