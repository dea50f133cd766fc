// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Constants.h"
#include "dialects/Ingot/Shapes.h"
#include "dialects/Ingot/SymbolicDims.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Graph/Composites.h"
#include "passes/Graph/ConstantOperands.h"
#include "passes/Graph/Passes.h"

#define DEBUG_TYPE "ingot-recognize-attention"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_RECOGNIZEATTENTIONPASS
#include "passes/Graph/Passes.h.inc"

namespace {

/// The kernel packs keys and values for each head: below this many queries that does not pay.
constexpr int64_t kMinQueries = 4;

Value reshapeTo(OpBuilder &b, Location loc, Value x, ArrayRef<AffineExpr> dims) {
  return b.createOrFold<ReshapeOp>(loc, makeTensorType(dims, cast<RankedTensorType>(x.getType()).getElementType()), x);
}

/// Products with one number and quotients by one, taken off `value`; the factor goes into `scale`.
Value withoutScale(Value value, double &scale) {
  for (;;) {
    if (std::optional<WithSplat> product = matchSplat(value, BinaryKind::Mul); product && value.hasOneUse())
      value = product->x, scale *= product->splat;
    else if (std::optional<WithSplat> quotient = matchSplat(value, BinaryKind::Div); quotient && value.hasOneUse() && quotient->splat != 0)
      value = quotient->x, scale /= quotient->splat;
    else
      return value;
  }
}

/// What is done to the scaled scores before the softmax.
struct Mask {
  Value value;        ///< null: nothing
  bool isKept = true; ///< of a mask of i1: where it is true, the scores stay
  double fill = 0;    ///< and elsewhere become this
  Value scores;       ///< the scaled scores
};

/// Whether `value` may be the product of queries and keys, scaled.
bool isProduct(Value value) {
  double scale = 1;
  return withoutScale(value, scale).getDefiningOp<MatMulOp>() != nullptr;
}

Mask matchMask(Value value) {
  if (auto sum = value.getDefiningOp<BinaryOp>(); sum && sum.getKind() == BinaryKind::Add)
    for (auto [scores, mask] : {std::pair(sum.getLhs(), sum.getRhs()), std::pair(sum.getRhs(), sum.getLhs())})
      if (scores.getType() == sum.getType() && scores.hasOneUse() && isProduct(scores))
        return {mask, /*isKept=*/true, /*fill=*/0, scores};
  if (auto select = value.getDefiningOp<SelectOp>())
    for (bool isKept : {true, false}) {
      Value scores = isKept ? select.getLhs() : select.getRhs();
      std::optional<double> fill = getConstantSplat(isKept ? select.getRhs() : select.getLhs());
      if (fill && scores.getType() == select.getType() && scores.hasOneUse() && isProduct(scores))
        return {select.getCondition(), isKept, *fill, scores};
    }
  Mask none;
  none.scores = value;
  return none;
}

Value transposeLast(OpBuilder &b, Location loc, Value matrix) {
  SmallVector<int64_t> permutation = llvm::to_vector(llvm::seq<int64_t>(0, dimsOf(matrix).size()));
  std::swap(permutation.end()[-1], permutation.end()[-2]);
  return b.createOrFold<TransposeOp>(loc, matrix, permutation);
}

/// The batch dims of an attention: `batch` times `heads`, of which several share one of `keyHeads`.
struct Heads {
  AffineExpr batch, heads, keyHeads;
};

/// `queries` and `keys`: the batch dims of both sides. The last ones are the heads.
std::optional<Heads> divideBatch(ArrayRef<AffineExpr> queries, ArrayRef<AffineExpr> keys, MLIRContext *context) {
  AffineExpr one = getAffineConstantExpr(1, context);
  if (queries.size() > 3 || keys.size() > queries.size())
    return std::nullopt;
  Dims all(keys);
  all.insert(all.begin(), queries.size() - keys.size(), one);
  Dims left(queries);
  left.insert(left.begin(), left.size() < 2 ? 2 - left.size() : 0, one);
  all.insert(all.begin(), left.size() - all.size(), one);
  if (left[0] != all[0])
    return std::nullopt;
  auto divides = [&](size_t dim) { return all[dim] == left[dim] || isOne(all[dim]); };
  if (left.size() == 2)
    return divides(1) ? std::optional(Heads{left[0], left[1], all[1]}) : std::nullopt;
  bool isGrouped = left[1] == all[1] && divides(2);
  return isGrouped ? std::optional(Heads{left[0], simplifyDim(left[1] * left[2]), simplifyDim(all[1] * all[2])}) : std::nullopt;
}

/// x [B, G, N, D] of `value` [B, G * R, N, D] in which every head stands R times in a row; null for anything else.
Value matchRepeatedHeads(Value value) {
  auto joined = value.getDefiningOp<ReshapeOp>();
  auto repeated = joined ? joined.getX().getDefiningOp<BroadcastOp>() : BroadcastOp();
  if (!repeated || dimsOf(joined).size() != 4 || dimsOf(repeated).size() != 5)
    return {};
  Dims to = dimsOf(joined), all = dimsOf(repeated), from = dimsOf(repeated.getX());
  from.insert(from.begin(), all.size() - from.size(), getAffineConstantExpr(1, value.getContext()));
  bool isRepeated = isOne(from[2]) && from[0] == all[0] && from[1] == all[1] && from[3] == all[3] && from[4] == all[4] && to[0] == all[0] &&
                    to[1] == simplifyDim(all[1] * all[2]) && to[2] == all[3];
  return isRepeated ? repeated.getX() : Value();
}

/// matmul(softmax(mask(scale * matmul(q, k^T))), v) -> attention
struct ProductsToAttention : OpRewritePattern<MatMulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MatMulOp op, PatternRewriter &rewriter) const override {
    auto softmax = op.getLhs().getDefiningOp<NormOp>();
    int64_t rank = dimsOf(op.getLhs()).size();
    if (!softmax || softmax.getKind() != NormKind::Softmax || op.getTransposeLhs() || softmax.getAxes() != ArrayRef<int64_t>{rank - 1})
      return rewriter.notifyMatchFailure(op, "not a product with a softmax of rows");
    if (!softmax->hasOneUse() || !softmax.getX().hasOneUse())
      return rewriter.notifyMatchFailure(op, "something else reads the scores");
    Mask mask = matchMask(softmax.getX());
    double scale = 1;
    auto product = withoutScale(mask.scores, scale).getDefiningOp<MatMulOp>();
    if (!product || !product->hasOneUse() || product.getTransposeLhs())
      return rewriter.notifyMatchFailure(op, "the scores are no scaled and masked product");
    if (!cast<RankedTensorType>(op.getType()).getElementType().isF32())
      return rewriter.notifyMatchFailure(op, "the kernel computes f32");

    Location loc = op.getLoc();
    Value q = withoutScale(product.getLhs(), scale), k = withoutScale(product.getRhs(), scale), v = op.getRhs();
    // Keys and values as rows.
    bool keysLie = product.getTransposeRhs(), valuesLie = !op.getTransposeRhs();
    auto rowDims = [](Value value, bool lie) {
      Dims dims = dimsOf(value);
      if (!lie)
        std::swap(dims.end()[-1], dims.end()[-2]);
      return dims;
    };
    Dims queries = dimsOf(q), keys = rowDims(k, keysLie), values = rowDims(v, valuesLie), scores = dimsOf(product);
    if (ArrayRef(queries).drop_back(2) != ArrayRef(scores).drop_back(2) || ArrayRef(keys).drop_back(2) != ArrayRef(values).drop_back(2))
      return rewriter.notifyMatchFailure(op, "the queries repeat, or keys and values differ in their heads");
    if (!getConstant(keys.back()) || !getConstant(values.back()))
      return rewriter.notifyMatchFailure(op, "the length of a head's vectors is not known");
    if (getConstant(queries.end()[-2]).value_or(kMinQueries) < kMinQueries || llvm::is_contained(cast<RankedTensorType>(op.getType()).getShape(), 0))
      return rewriter.notifyMatchFailure(op, "too few queries to pay for packing the keys");
    std::optional<Heads> heads = divideBatch(ArrayRef(queries).drop_back(2), ArrayRef(keys).drop_back(2), op.getContext());
    if (!heads)
      return rewriter.notifyMatchFailure(op, "the batch dims are no heads");
    Value bias = mask.value ? alignMask(rewriter, loc, mask.value, scores, *heads) : Value();
    if (mask.value && !bias)
      return rewriter.notifyMatchFailure(op, "the mask differs between heads that share their keys");

    if (!keysLie)
      k = transposeLast(rewriter, loc, k);
    if (!valuesLie)
      v = transposeLast(rewriter, loc, v);
    if (Value own = matchRepeatedHeads(k), other = matchRepeatedHeads(v); own && other && dimsOf(own) == keysOf(other, own)) {
      Dims dims = dimsOf(own);
      heads->keyHeads = dims.end()[-4];
      k = own, v = other;
    }
    if (bias && !mask.isKept)
      bias = UnaryOp::create(rewriter, loc, UnaryKind::Not, bias, llvm::APFloat(0.0), llvm::APFloat(0.0));
    auto byHead = [&](Value rows, AffineExpr number) { // [batch..., rows, D] -> [B, rows, heads, D]
      Dims dims = dimsOf(rows);
      return rewriter.createOrFold<TransposeOp>(loc, reshapeTo(rewriter, loc, rows, {heads->batch, number, dims.end()[-2], dims.back()}),
                                                ArrayRef<int64_t>{0, 2, 1, 3});
    };
    bool hasFill = bias && cast<RankedTensorType>(bias.getType()).getElementType().isInteger(1);
    auto attention = AttentionOp::create(rewriter, loc, byHead(q, heads->heads), byHead(k, heads->keyHeads), byHead(v, heads->keyHeads), bias,
                                         rewriter.getF64FloatAttr(scale), hasFill ? rewriter.getF64FloatAttr(mask.fill) : FloatAttr(), IntegerAttr());
    Value result = TransposeOp::create(rewriter, loc, attention, ArrayRef<int64_t>{0, 2, 1, 3});
    Value reshaped = reshapeTo(rewriter, loc, result, dimsOf(op));
    copyValueNames(op, reshaped);
    rewriter.replaceOp(op, reshaped);
    return success();
  }

private:
  /// The dims of `values` with the last one of `keys`.
  static Dims keysOf(Value values, Value keys) {
    Dims dims = dimsOf(values);
    dims.back() = dimsOf(keys).back();
    return dims;
  }

  /// The mask with dims that broadcast to [B, H, M, N]; null when it has none.
  static Value alignMask(PatternRewriter &rewriter, Location loc, Value mask, ArrayRef<AffineExpr> scores, const Heads &heads) {
    Dims dims = dimsOf(mask);
    if (scores.size() <= 4 || dims.size() <= 2)
      return mask;
    dims.insert(dims.begin(), scores.size() - dims.size(), rewriter.getAffineConstantExpr(1));
    bool isShared = isOne(dims[1]) && isOne(dims[2]), isFull = dims[1] == scores[1] && dims[2] == scores[2];
    if (!isShared && !isFull)
      return {};
    return reshapeTo(rewriter, loc, mask, {dims[0], isShared ? dims[1] : heads.heads, dims[3], dims[4]});
  }
};

struct RecognizeAttentionPass : impl::RecognizeAttentionPassBase<RecognizeAttentionPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ProductsToAttention>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot
