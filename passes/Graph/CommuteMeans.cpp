// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Shapes.h"
#include "dialects/Ingot/SymbolicDims.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "passes/Graph/ConstantOperands.h"
#include "passes/Graph/Passes.h"

#define DEBUG_TYPE "ingot-commute-means"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_COMMUTEMEANSPASS
#include "passes/Graph/Passes.h.inc"

namespace {

/// The operand of a sum that is a number for each channel, computed from constants; null if neither is.
Value biasOf(BinaryOp sum) {
  int64_t rank = typeOf(sum.getResult()).getRank();
  if (sum.getKind() != BinaryKind::Add)
    return {};
  for (Value operand : sum->getOperands())
    if (std::optional<int64_t> dim = variesAlong(typeOf(operand), rank); dim && *dim <= 1 && isComputedFromConstants(operand))
      return operand;
  return {};
}

/// mean(conv(x, w) + bias) -> conv(mean(x), w) + bias
struct MeanOfConv : OpRewritePattern<ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReduceOp op, PatternRewriter &rewriter) const override {
    RankedTensorType from = typeOf(op.getX());
    if (op.getKind() != ReduceKind::Mean || !from.getElementType().isF32() || from.getRank() < 3)
      return rewriter.notifyMatchFailure(op, "is no mean of an image of f32");
    SmallVector<int64_t> spatial = llvm::to_vector(llvm::seq<int64_t>(2, from.getRank())), axes(op.getAxes());
    llvm::sort(axes);
    if (axes != spatial)
      return rewriter.notifyMatchFailure(op, "is not one number for each channel");
    Value value = op.getX();
    SmallVector<Value> biases;
    for (auto sum = value.getDefiningOp<BinaryOp>(); sum; sum = value.getDefiningOp<BinaryOp>()) {
      Value bias = biasOf(sum);
      if (!bias)
        break;
      biases.push_back(bias);
      value = sum.getLhs() == bias ? sum.getRhs() : sum.getLhs();
    }
    auto conv = value.getDefiningOp<ConvOp>();
    if (!conv || conv.getLayout() != Layout::ChannelsFirst || !conv.isPointwise())
      return rewriter.notifyMatchFailure(op, "is no mean of what a 1x1 convolution computes");
    RankedTensorType x = typeOf(conv.getX());
    if (!x.getElementType().isF32() || x.isDynamicDim(1) || x.getDimSize(1) >= static_cast<int64_t>(conv.getChannels()))
      return rewriter.notifyMatchFailure(op, "reads fewer channels than the convolution");

    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto onePixel = [&](RankedTensorType image) {
      Dims dims = getDims(image);
      std::fill(dims.begin() + 2, dims.end(), b.getAffineConstantExpr(1));
      return makeTensorType(dims, image.getElementType());
    };
    Value mean = ReduceOp::create(b, onePixel(x), ReduceKind::Mean, conv.getX(), op.getAxes(), /*keep_dims=*/true);
    auto pixel = cast<ConvOp>(b.clone(*conv));
    pixel->removeAttr("ingot.values"); // the model's tensor is the image
    pixel.getXMutable().assign(mean);
    pixel.getResult().setType(onePixel(typeOf(conv.getResult())));
    Value result = pixel;
    for (Value bias : llvm::reverse(biases))
      result = BinaryOp::create(b, typeOf(result), BinaryKind::Add, result, bias);
    if (!op.getKeepDims())
      result = ReshapeOp::create(b, typeOf(op.getResult()), result);
    copyValueNames(op, result);
    rewriter.replaceOp(op, result);
    return success();
  }
};

struct CommuteMeansPass : impl::CommuteMeansPassBase<CommuteMeansPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<MeanOfConv>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
} // namespace ingot
