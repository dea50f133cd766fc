// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/LeftOutPads.h"
#include "dialects/Ingot/Shapes.h"
#include "dialects/Ingot/SymbolicDims.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Graph/AbuttingWindows.h"
#include "passes/Graph/Passes.h"

#define DEBUG_TYPE "ingot-channels-last"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_CHANNELSLASTPASS
#include "passes/Graph/Passes.h.inc"

namespace {

using Shape = SmallVector<int64_t>;

Value reshape(ImplicitLocOpBuilder &b, Value x, ArrayRef<AffineExpr> dims) {
  return b.createOrFold<ReshapeOp>(makeTensorType(dims, typeOf(x).getElementType()), x);
}

Value reshape(ImplicitLocOpBuilder &b, Value x, ArrayRef<int64_t> shape) {
  return b.createOrFold<ReshapeOp>(RankedTensorType::get(shape, typeOf(x).getElementType()), x);
}

Value transpose(ImplicitLocOpBuilder &b, Value x, ArrayRef<int64_t> permutation) { return b.createOrFold<TransposeOp>(x, permutation); }

Value channelsLast(ImplicitLocOpBuilder &b, Value x) {
  Shape permutation = channelsToLast(typeOf(x).getRank());
  auto pad = x.getDefiningOp<PadOp>();
  if (!pad)
    return transpose(b, x, permutation);
  // The border is better made in the new layout, where it is a halo.
  return PadOp::create(b, pad.getMode(), transpose(b, pad.getX(), permutation), applyPermutation(pad.getLow(), permutation),
                       applyPermutation(pad.getHigh(), permutation), pad.getValue());
}

Value channelsFirst(ImplicitLocOpBuilder &b, Value x) { return transpose(b, x, invertPermutationVector(channelsToLast(typeOf(x).getRank()))); }

/// How many rows of these weights lie side by side: instructions multiply and add up so many bytes at once.
int64_t groupOf(Value w) { return typeOf(w).getElementType().isInteger(8) ? kByteGroup : 1; }

/// [O, C / groups, kernel...] as the channels-last convolution wants it.
Value packWeights(ImplicitLocOpBuilder &b, ConvOp op) {
  int64_t taps = llvm::product_of(op.getKernel()), groups = op.getGroups(), inputs = typeOf(op.getW()).getDimSize(1),
          outputs = op.getChannels() / groups;
  if (op.isDepthwise())
    return PackOp::create(b, transpose(b, reshape(b, op.getW(), {groups, taps}), {1, 0}));
  Value w = transpose(b, reshape(b, op.getW(), {groups, outputs, inputs, taps}), {0, 3, 2, 1});
  return PackOp::create(b, reshape(b, w, {groups, taps * inputs, outputs}), groupOf(op.getW()));
}

bool isUnit(int64_t size) { return size == 1; }

LogicalResult checkImage(PatternRewriter &rewriter, Operation *op, Value x, Value w) {
  Type left = typeOf(x).getElementType(), right = typeOf(w).getElementType();
  bool bytes = left.isUnsignedInteger(8) && right.isSignlessInteger(8);
  if (!bytes && !(left.isF32() && right.isF32()))
    return rewriter.notifyMatchFailure(op, "covers f32, and unsigned bytes with signed weights");
  if (!typeOf(w).hasStaticShape() || typeOf(x).isDynamicDim(1))
    return rewriter.notifyMatchFailure(op, "its weights or the number of its channels depend on symbols");
  if (typeOf(x).getRank() > 4)
    return rewriter.notifyMatchFailure(op, "covers one and two spatial dims only");
  return success();
}

/// conv(x, w) -> first(conv_last(last(x), pack(w))), and of one pixel first(packed_matmul(x, pack(w)))
struct ConvertConv : OpRewritePattern<ConvOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConvOp op, PatternRewriter &rewriter) const override {
    if (op.getLayout() == Layout::ChannelsLast)
      return rewriter.notifyMatchFailure(op, "has its channels last");
    if (failed(checkImage(rewriter, op, op.getX(), op.getW())))
      return failure();
    if (!leavesOutPads(op))
      return rewriter.notifyMatchFailure(op, "has pads");
    if (!op.isDepthwise() && typeOf(op.getW()).getDimSize(1) % groupOf(op.getW()) != 0)
      return rewriter.notifyMatchFailure(op, "has groups of bytes that are not whole");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Dims from = getDims(typeOf(op.getX()));
    if (op.getGroups() == 1 && llvm::all_of(typeOf(op.getX()).getShape().drop_front(2), isUnit)) {
      int64_t inputs = *getConstant(from[1]), outputs = op.getChannels();
      Value w = PackOp::create(b, transpose(b, reshape(b, op.getW(), {outputs, inputs}), {1, 0}), groupOf(op.getW()));
      Dims columns = {from[0], b.getAffineConstantExpr(outputs)};
      Value rows = reshape(b, op.getX(), {from[0], from[1]});
      Value y = PackedMatMulOp::create(b, makeTensorType(columns, typeOf(op.getResult()).getElementType()), rows, w);
      rewriter.replaceOp(op, reshape(b, y, getDims(typeOf(op.getResult()))));
      return success();
    }
    Value y = ConvOp::create(b, channelsLast(b, op.getX()), packWeights(b, op), Layout::ChannelsLast, op.getKernel(), op.getStrides(), op.getPads(),
                             op.getDilations(), op.getGroups(), op.getChannels());
    y.getDefiningOp()->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    rewriter.replaceOp(op, channelsFirst(b, y));
    return success();
  }
};

/// conv_transpose(x, w), its windows side by side -> first(windows of conv_last(last(x), pack(w')))
struct ConvertConvTranspose : OpRewritePattern<ConvTransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConvTransposeOp op, PatternRewriter &rewriter) const override {
    if (failed(checkImage(rewriter, op, op.getX(), op.getW())))
      return failure();
    if (!hasAbuttingWindows(op))
      return rewriter.notifyMatchFailure(op, "its windows overlap, leave gaps or are cropped");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    int64_t spatial = op.getStrides().size(), inputs = typeOf(op.getW()).getDimSize(0);
    Value x = channelsLast(b, op.getX());
    Shape ones(spatial, 1);
    rewriter.replaceOp(op, joinWindows(b, op, channelsLast(b, op.getW()), [&](Value part) -> Value {
                         int64_t columns = typeOf(part).getNumElements() / inputs;
                         return ConvOp::create(b, x, PackOp::create(b, reshape(b, part, {1, inputs, columns})), Layout::ChannelsLast, ones, ones,
                                               Shape(2 * spatial, 0), ones, 1, columns);
                       }));
    return success();
  }
};

/// pool(x) -> first(pool_last(last(x)))
struct ConvertPool : OpRewritePattern<PoolOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PoolOp op, PatternRewriter &rewriter) const override {
    if (op.getLayout() == Layout::ChannelsLast || op.getKernel().size() > 2)
      return rewriter.notifyMatchFailure(op, "has its channels last or three spatial dims");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto copy = cast<PoolOp>(op->clone());
    copy.setLayout(Layout::ChannelsLast);
    copy.getXMutable().assign(channelsLast(b, op.getX()));
    copy.getResult().setType(permuteType(typeOf(op.getResult()), channelsToLast(typeOf(op.getX()).getRank())));
    rewriter.insert(copy);
    rewriter.replaceOp(op, channelsFirst(b, copy));
    return success();
  }
};

struct ChannelsLastPass : impl::ChannelsLastPassBase<ChannelsLastPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ConvertConv, ConvertConvTranspose, ConvertPool>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot
