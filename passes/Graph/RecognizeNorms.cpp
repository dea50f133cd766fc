// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Constants.h"
#include "passes/Graph/Composites.h"
#include "passes/Graph/ConstantOperands.h"

#include <cmath>

using namespace mlir;

namespace ingot {
namespace {

BinaryOp matchBinary(Value value, BinaryKind kind) {
  auto op = value.getDefiningOp<BinaryOp>();
  return op && op.getKind() == kind ? op : BinaryOp();
}

/// A reduction that keeps its dims, so that it broadcasts back to what it reduces.
ReduceOp matchReduce(Value value, ReduceKind kind) {
  auto op = value.getDefiningOp<ReduceOp>();
  return op && op.getKind() == kind && op.getKeepDims() ? op : ReduceOp();
}

/// x of x * x or x ^ 2.
Value matchSquare(Value value) {
  if (std::optional<WithSplat> power = matchSplat(value, BinaryKind::Pow); power && power->splat == 2.0)
    return power->x;
  BinaryOp product = matchBinary(value, BinaryKind::Mul);
  return product && product.getLhs() == product.getRhs() ? product.getLhs() : Value();
}

/// numerator / denominator, also written with a reciprocal.
struct Quotient {
  Value numerator, denominator;
};

std::optional<Quotient> matchQuotient(BinaryOp op) {
  if (op.getKind() == BinaryKind::Div)
    return Quotient{op.getLhs(), op.getRhs()};
  if (op.getKind() == BinaryKind::Mul)
    for (auto [x, y] : {std::pair(op.getLhs(), op.getRhs()), std::pair(op.getRhs(), op.getLhs())}) {
      if (Value denominator = matchUnary(y, UnaryKind::Reciprocal))
        return Quotient{x, denominator};
      if (BinaryOp inverse = matchBinary(y, BinaryKind::Div); inverse && getConstantSplat(inverse.getLhs()) == 1.0)
        return Quotient{x, inverse.getRhs()};
    }
  return std::nullopt;
}

void replaceByNorm(PatternRewriter &rewriter, BinaryOp op, NormKind kind, Value x, ArrayRef<int64_t> axes, double epsilon = 0.0) {
  auto norm = NormOp::create(rewriter, op.getLoc(), kind, x, axes, llvm::APFloat(epsilon));
  copyValueNames(op, norm);
  rewriter.replaceOp(op, norm);
}

/// exp(x - max(x)) / sum(the same), or without the maximum -> softmax
struct QuotientToSoftmax : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    std::optional<Quotient> quotient = matchQuotient(op);
    ReduceOp sum = quotient ? matchReduce(quotient->denominator, ReduceKind::Sum) : ReduceOp();
    Value x = quotient ? matchUnary(quotient->numerator, UnaryKind::Exp) : Value();
    if (!sum || !x || sum.getX() != quotient->numerator)
      return rewriter.notifyMatchFailure(op, "not exponentials divided by their sum");
    if (BinaryOp shifted = matchBinary(x, BinaryKind::Sub))
      if (ReduceOp top = matchReduce(shifted.getRhs(), ReduceKind::Max); top && top.getX() == shifted.getLhs() && top.getAxes() == sum.getAxes())
        x = shifted.getLhs();
    replaceByNorm(rewriter, op, NormKind::Softmax, x, sum.getAxes());
    return success();
  }
};

/// d / sqrt(mean(d^2) + epsilon) with d = x - mean(x) -> standardize; without the mean -> rms; with a sum -> rms and a scale
struct QuotientToNorm : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    std::optional<Quotient> quotient = matchQuotient(op);
    Value square = quotient ? matchUnary(quotient->denominator, UnaryKind::Sqrt) : Value();
    if (!square)
      return rewriter.notifyMatchFailure(op, "not a quotient by a square root");
    double epsilon = 0.0;
    if (std::optional<WithSplat> shifted = matchSplat(square, BinaryKind::Add))
      square = shifted->x, epsilon = shifted->splat;
    ReduceOp mean = matchReduce(square, ReduceKind::Mean), sum = matchReduce(square, ReduceKind::Sum), reduce = mean ? mean : sum;
    Value x = quotient->numerator;
    if (!reduce || matchSquare(reduce.getX()) != x || x.getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "the root is not of the numerator's own squares");
    if (BinaryOp centred = matchBinary(x, BinaryKind::Sub); centred && mean)
      if (ReduceOp centre = matchReduce(centred.getRhs(), ReduceKind::Mean);
          centre && centre.getX() == centred.getLhs() && centre.getAxes() == mean.getAxes()) {
        replaceByNorm(rewriter, op, NormKind::Standardize, centred.getLhs(), mean.getAxes(), epsilon);
        return success();
      }
    if (mean) {
      replaceByNorm(rewriter, op, NormKind::Rms, x, mean.getAxes(), epsilon);
      return success();
    }
    auto type = cast<RankedTensorType>(x.getType());
    int64_t count = 1;
    for (int64_t axis : sum.getAxes())
      count *= type.isDynamicDim(axis) ? 0 : type.getDimSize(axis);
    if (count == 0)
      return rewriter.notifyMatchFailure(op, "the length of a row is not known");
    Value norm = NormOp::create(rewriter, op.getLoc(), NormKind::Rms, x, sum.getAxes(), llvm::APFloat(epsilon / count));
    auto scalar = RankedTensorType::get({}, type.getElementType());
    auto scale = DenseElementsAttr::get(scalar, rewriter.getFloatAttr(type.getElementType(), 1.0 / std::sqrt(static_cast<double>(count))));
    Value factor = ConstantOp::create(rewriter, op.getLoc(), scalar, cast<TypedAttr>(Attribute(scale)));
    auto scaled = BinaryOp::create(rewriter, op.getLoc(), BinaryKind::Mul, norm, factor);
    copyValueNames(op, scaled);
    rewriter.replaceOp(op, scaled);
    return success();
  }
};

/// log(softmax(x)) -> log_softmax
struct LogOfSoftmax : OpRewritePattern<UnaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(UnaryOp op, PatternRewriter &rewriter) const override {
    auto norm = op.getKind() == UnaryKind::Log ? op.getX().getDefiningOp<NormOp>() : NormOp();
    if (!norm || norm.getKind() != NormKind::Softmax)
      return rewriter.notifyMatchFailure(op, "not the logarithm of a softmax");
    auto replacement = NormOp::create(rewriter, op.getLoc(), NormKind::LogSoftmax, norm.getX(), norm.getAxes(), llvm::APFloat(0.0));
    copyValueNames(op, replacement);
    rewriter.replaceOp(op, replacement);
    return success();
  }
};

} // namespace

void populateNormPatterns(RewritePatternSet &patterns) { patterns.add<QuotientToSoftmax, QuotientToNorm, LogOfSoftmax>(patterns.getContext()); }

} // namespace ingot
