// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Constants.h"
#include "dialects/Ingot/Shapes.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Graph/ConstantOperands.h"
#include "passes/Graph/Passes.h"

#include <cmath>

#define DEBUG_TYPE "ingot-fold-scales"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_FOLDSCALESPASS
#include "passes/Graph/Passes.h.inc"

namespace {

/// A float operation `x kind constant` on a tensor of the result's shape.
struct WithConstant {
  Value x, constant;
};

std::optional<WithConstant> matchConstant(Value value, BinaryKind kind) {
  auto op = value.getDefiningOp<BinaryOp>();
  if (!op || op.getKind() != kind || !isa<FloatType>(typeOf(value).getElementType()))
    return std::nullopt;
  bool commutes = kind == BinaryKind::Add || kind == BinaryKind::Mul;
  for (bool swap : {false, true}) {
    Value x = swap ? op.getRhs() : op.getLhs(), constant = swap ? op.getLhs() : op.getRhs();
    if ((swap && !commutes) || typeOf(x) != typeOf(value) || isComputedFromConstants(x) || !isComputedFromConstants(constant))
      continue;
    return WithConstant{x, constant};
  }
  return std::nullopt;
}

/// Whether an operation on both constants gives no more elements than the larger one has.
bool combineWell(RankedTensorType a, RankedTensorType b) {
  int64_t rank = std::max(a.getRank(), b.getRank()), elements = 1;
  for (auto [x, y] : llvm::zip_equal(alignedShape(a, rank), alignedShape(b, rank)))
    elements *= std::max(x, y);
  return elements <= std::max(a.getNumElements(), b.getNumElements());
}

/// Whose weights can take a scale of its result along `channel`, and which dim of the weights that is, counted from the last one.
struct Scalable {
  OpOperand *weights = nullptr;
  int64_t channel = 0, fromLast = 0;
};

std::optional<Scalable> matchScalable(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || !value.hasOneUse() || typeOf(value).getElementTypeBitWidth() < 32)
    return std::nullopt; // narrow types would round the weights once more
  Scalable scalable;
  if (auto conv = dyn_cast<ConvOp>(op); conv && conv.getLayout() == Layout::ChannelsFirst)
    scalable = {&conv.getWMutable(), 1, typeOf(conv.getW()).getRank()};
  else if (auto conv = dyn_cast<ConvTransposeOp>(op); conv && conv.getGroups() == 1)
    scalable = {&conv.getWMutable(), 1, typeOf(conv.getW()).getRank() - 1};
  else if (auto matmul = dyn_cast<MatMulOp>(op))
    scalable = {&matmul.getRhsMutable(), typeOf(value).getRank() - 1, matmul.getTransposeRhs() ? 2 : 1};
  if (!scalable.weights || !isComputedFromConstants(scalable.weights->get()))
    return std::nullopt;
  return scalable;
}

bool canTakeScale(Value value, RankedTensorType scale) {
  std::optional<Scalable> scalable = matchScalable(value);
  std::optional<int64_t> dim = variesAlong(scale, typeOf(value).getRank());
  return scalable && dim && (*dim == -1 || *dim == scalable->channel);
}

/// relu, which a positive scale goes through; null for anything else.
UnaryOp reluOf(Value value) {
  auto op = value.getDefiningOp<UnaryOp>();
  return op && op.getKind() == UnaryKind::Relu && value.hasOneUse() ? op : UnaryOp();
}

/// The sum of two tensors of one shape, neither of them constant; null for anything else.
BinaryOp sumOf(Value value) {
  auto op = value.getDefiningOp<BinaryOp>();
  bool isSum =
      op && op.getKind() == BinaryKind::Add && value.hasOneUse() && typeOf(op.getLhs()) == typeOf(value) && typeOf(op.getRhs()) == typeOf(value);
  return isSum && !isComputedFromConstants(op.getLhs()) && !isComputedFromConstants(op.getRhs()) ? op : BinaryOp();
}

bool isPositive(Value constant) { return getConstantSplat(constant).value_or(0) > 0; }

/// Whether a product with `scale` goes further up than to the value's own operation; `positive`: all of it is known to be.
bool absorbs(Value value, RankedTensorType scale, bool positive = false) {
  if (canTakeScale(value, scale))
    return true;
  if (!value.hasOneUse())
    return false;
  if (UnaryOp relu = reluOf(value))
    return positive && absorbs(relu.getX(), scale, positive);
  if (BinaryOp sum = sumOf(value))
    return absorbs(sum.getLhs(), scale, positive) && absorbs(sum.getRhs(), scale, positive);
  if (std::optional<WithConstant> inner = matchConstant(value, BinaryKind::Mul))
    return combineWell(typeOf(inner->constant), scale);
  std::optional<WithConstant> inner = matchConstant(value, BinaryKind::Add);
  return inner && combineWell(typeOf(inner->constant), scale) && absorbs(inner->x, scale, positive);
}

struct BinaryPattern : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  static Value binary(PatternRewriter &rewriter, BinaryOp origin, BinaryKind kind, Value lhs, Value rhs) {
    return BinaryOp::create(rewriter, origin.getLoc(), kind, lhs, rhs);
  }
  static LogicalResult replace(PatternRewriter &rewriter, BinaryOp op, Value value) {
    copyValueNames(op, value);
    rewriter.replaceOp(op, value);
    return success();
  }
};

/// x - c -> x + (-c)
struct SubtractionToAddition : BinaryPattern {
  using BinaryPattern::BinaryPattern;
  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    std::optional<WithConstant> outer = matchConstant(op, BinaryKind::Sub);
    if (!outer)
      return rewriter.notifyMatchFailure(op, "not x - constant");
    Value negated = UnaryOp::create(rewriter, op.getLoc(), UnaryKind::Neg, outer->constant, llvm::APFloat(0.0), llvm::APFloat(0.0));
    return replace(rewriter, op, binary(rewriter, op, BinaryKind::Add, outer->x, negated));
  }
};

/// x / c -> x * (1 / c), where that is exact or lets the scale go into weights
struct DivisionToProduct : BinaryPattern {
  using BinaryPattern::BinaryPattern;
  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    std::optional<WithConstant> outer = matchConstant(op, BinaryKind::Div);
    if (!outer)
      return rewriter.notifyMatchFailure(op, "not x / constant");
    std::optional<double> splat = getConstantSplat(outer->constant);
    int exponent;
    bool exact = splat && std::isnormal(*splat) && std::fabs(std::frexp(*splat, &exponent)) == 0.5 && std::abs(exponent) < 14; // also in f16
    if (!exact && !absorbs(outer->x, typeOf(outer->constant), isPositive(outer->constant)))
      return rewriter.notifyMatchFailure(op, "the reciprocal is not exact, and no weights take it");
    Value reciprocal = UnaryOp::create(rewriter, op.getLoc(), UnaryKind::Reciprocal, outer->constant, llvm::APFloat(0.0), llvm::APFloat(0.0));
    return replace(rewriter, op, binary(rewriter, op, BinaryKind::Mul, outer->x, reciprocal));
  }
};

/// -x -> x * -1, where weights take it
struct NegationToProduct : OpRewritePattern<UnaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(UnaryOp op, PatternRewriter &rewriter) const override {
    auto scalar = RankedTensorType::get({}, typeOf(op).getElementType());
    if (op.getKind() != UnaryKind::Neg || !isa<FloatType>(scalar.getElementType()) || !absorbs(op.getX(), scalar))
      return rewriter.notifyMatchFailure(op, "not a negation that weights take");
    Attribute minusOne = DenseElementsAttr::get(scalar, rewriter.getFloatAttr(scalar.getElementType(), -1.0));
    Value constant = ConstantOp::create(rewriter, op.getLoc(), scalar, cast<TypedAttr>(minusOne));
    auto product = BinaryOp::create(rewriter, op.getLoc(), BinaryKind::Mul, op.getX(), constant);
    copyValueNames(op, product);
    rewriter.replaceOp(op, product);
    return success();
  }
};

/// (x + c1) + c2 -> x + (c1 + c2), and the same for products
struct MergeConstants : BinaryPattern {
  using BinaryPattern::BinaryPattern;
  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    for (BinaryKind kind : {BinaryKind::Add, BinaryKind::Mul}) {
      std::optional<WithConstant> outer = matchConstant(op, kind);
      std::optional<WithConstant> inner = outer && outer->x.hasOneUse() ? matchConstant(outer->x, kind) : std::nullopt;
      if (!inner || !combineWell(typeOf(inner->constant), typeOf(outer->constant)))
        continue;
      return replace(rewriter, op, binary(rewriter, op, kind, inner->x, binary(rewriter, op, kind, inner->constant, outer->constant)));
    }
    return rewriter.notifyMatchFailure(op, "not two constants in a row");
  }
};

/// (x + c1) * c2 -> x * c2 + c1 * c2, where x takes the scale
struct ScaleBeforeBias : BinaryPattern {
  using BinaryPattern::BinaryPattern;
  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    std::optional<WithConstant> outer = matchConstant(op, BinaryKind::Mul);
    std::optional<WithConstant> inner = outer && outer->x.hasOneUse() ? matchConstant(outer->x, BinaryKind::Add) : std::nullopt;
    if (!inner || !combineWell(typeOf(inner->constant), typeOf(outer->constant)) ||
        !absorbs(inner->x, typeOf(outer->constant), isPositive(outer->constant)))
      return rewriter.notifyMatchFailure(op, "not a scale of a bias after something that takes the scale");
    Value scaled = binary(rewriter, op, BinaryKind::Mul, inner->x, outer->constant);
    Value bias = binary(rewriter, op, BinaryKind::Mul, inner->constant, outer->constant);
    return replace(rewriter, op, binary(rewriter, op, BinaryKind::Add, scaled, bias));
  }
};

/// relu(x) * c -> relu(x * c), and (x + y) * c -> x * c + y * c, where all of them take the scale
struct ScaleBeforeRelu : BinaryPattern {
  using BinaryPattern::BinaryPattern;
  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    std::optional<WithConstant> outer = matchConstant(op, BinaryKind::Mul);
    if (!outer || !absorbs(outer->x, typeOf(outer->constant), isPositive(outer->constant)))
      return rewriter.notifyMatchFailure(op, "not a scale that something takes");
    auto scaled = [&](Value x) { return binary(rewriter, op, BinaryKind::Mul, x, outer->constant); };
    if (UnaryOp relu = reluOf(outer->x)) {
      Value result = UnaryOp::create(rewriter, op.getLoc(), UnaryKind::Relu, scaled(relu.getX()), relu.getAlpha(), relu.getBeta());
      return replace(rewriter, op, result);
    }
    if (BinaryOp sum = sumOf(outer->x))
      return replace(rewriter, op, binary(rewriter, op, BinaryKind::Add, scaled(sum.getLhs()), scaled(sum.getRhs())));
    return rewriter.notifyMatchFailure(op, "not a scale of relu or of a sum");
  }
};

/// conv(x, w) * c -> conv(x, w * c), and the same for matmul and conv_transpose
struct ScaleIntoWeights : BinaryPattern {
  using BinaryPattern::BinaryPattern;
  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    std::optional<WithConstant> outer = matchConstant(op, BinaryKind::Mul);
    if (!outer || !canTakeScale(outer->x, typeOf(outer->constant)))
      return rewriter.notifyMatchFailure(op, "not a scale along the output channels of weights that are constant");
    Scalable scalable = *matchScalable(outer->x);
    Location loc = op.getLoc();
    Value weights = scalable.weights->get();
    SmallVector<int64_t> shape(scalable.fromLast, 1);
    shape.front() = typeOf(outer->constant).getNumElements();
    Value scale = ReshapeOp::create(rewriter, loc, RankedTensorType::get(shape, typeOf(weights).getElementType()), outer->constant);
    // A copy, since the constants may stand after the operation.
    Operation *scaled = rewriter.clone(*scalable.weights->getOwner());
    Value product = binary(rewriter, op, BinaryKind::Mul, weights, scale);
    scaled->setOperand(scalable.weights->getOperandNumber(), product);
    rewriter.moveOpAfter(scaled, product.getDefiningOp());
    scaled->removeAttr("ingot.values");
    return replace(rewriter, op, scaled->getResult(0));
  }
};

struct FoldScalesPass : impl::FoldScalesPassBase<FoldScalesPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<SubtractionToAddition, DivisionToProduct, NegationToProduct, MergeConstants, ScaleBeforeBias, ScaleBeforeRelu, ScaleIntoWeights>(
        &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot
