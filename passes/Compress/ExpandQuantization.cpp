// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Constants.h"
#include "dialects/Ingot/Shapes.h"
#include "dialects/Ingot/SymbolicDims.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "passes/Compress/Passes.h"
#include "passes/Compress/QuantizedTensor.h"
#include "passes/Graph/ConstantOperands.h"

#include <cmath>

#define DEBUG_TYPE "ingot-expand-quantization"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_EXPANDQUANTIZATIONPASS
#include "passes/Compress/Passes.h.inc"

namespace {

/// The type that an operation with these scales computes in: steps of 16 bits are too coarse for the sum with a zero point.
Type computeType(Value scale) {
  Type type = typeOf(scale).getElementType();
  return type.getIntOrFloatBitWidth() < 32 ? Float32Type::get(type.getContext()) : type;
}

Value binary(ImplicitLocOpBuilder &b, BinaryKind kind, Value lhs, Value rhs) { return BinaryOp::create(b, kind, lhs, rhs); }

Value number(ImplicitLocOpBuilder &b, double value, Type element) {
  return ConstantOp::create(b, DenseElementsAttr::get(RankedTensorType::get({}, element), b.getFloatAttr(element, value)));
}

/// The scales or zero points in a shape that broadcasts to x.
Value spread(ImplicitLocOpBuilder &b, Value parameter, RankedTensorType x, int64_t axis, int64_t block) {
  RankedTensorType type = typeOf(parameter);
  AffineExpr one = b.getAffineConstantExpr(1);
  if (type.getRank() == 0)
    return parameter;
  if (block == 0) {
    Dims dims(x.getRank() - axis, one);
    dims[0] = getDims(type)[0];
    return ReshapeOp::create(b, makeTensorType(dims, type.getElementType()), parameter);
  }
  // [.., n, ..] -> [.., n, 1, ..] -> [.., n, block, ..] -> [.., n block, ..], of which the last block may be cut.
  Dims dims = getDims(type), split = dims;
  split.insert(split.begin() + axis + 1, one);
  Value wide = ReshapeOp::create(b, makeTensorType(split, type.getElementType()), parameter);
  split[axis + 1] = b.getAffineConstantExpr(block);
  wide = BroadcastOp::create(b, makeTensorType(split, type.getElementType()), wide);
  dims[axis] = simplifyDim(dims[axis] * block);
  wide = ReshapeOp::create(b, makeTensorType(dims, type.getElementType()), wide);
  if (typeOf(wide).getShape() == x.getShape())
    return wide;
  SmallVector<int64_t> offsets(x.getRank(), 0), strides(x.getRank(), 1);
  return SliceOp::create(b, wide, offsets, x.getShape(), strides);
}

/// The smallest and the largest number of the type.
std::pair<double, double> rangeOf(IntegerType type) {
  int64_t bits = type.getWidth();
  return type.isUnsigned() ? std::pair(0.0, std::ldexp(1.0, bits) - 1) : std::pair(-std::ldexp(1.0, bits - 1), std::ldexp(1.0, bits - 1) - 1);
}

/// What an operation computes with: its type, and the scales and zero points (null: 0) in that type, in shapes that broadcast to x.
struct SpreadParameters {
  Type type;
  Value scale, zeroPoint;
};

/// Fails where a symbolic number of blocks, of which the last may be cut, would be a slice of unknown size.
template <typename Op> FailureOr<SpreadParameters> spreadParameters(ImplicitLocOpBuilder &b, Op op) {
  RankedTensorType x = typeOf(op.getX());
  int64_t axis = op.getAxis(), block = op.getBlock();
  if (block != 0 && !x.hasStaticShape() && simplifyDim(getDims(x)[axis] % block) != b.getAffineConstantExpr(0))
    return op.emitOpError("has blocks along an open dim that they may not divide: fix that dim");
  Type type = computeType(op.getScale());
  auto spreadOut = [&](Value parameter) { return castTo(b, spread(b, parameter, x, axis, block), type); };
  return SpreadParameters{type, spreadOut(op.getScale()), op.getZeroPoint() ? spreadOut(op.getZeroPoint()) : Value()};
}

/// `x` without clamps that the integers' own range makes superfluous: relu before quantising to ui8 with a zero point of 0, say. Quantising is
/// monotonic.
Value withoutClamps(QuantizeOp op) {
  std::optional<double> scale = getConstantSplat(op.getScale());
  DenseElementsAttr points = op.getZeroPoint() ? getDenseConstant(op.getZeroPoint()) : DenseElementsAttr();
  auto to = cast<IntegerType>(op.getTo());
  Value x = op.getX();
  if (!scale || *scale <= 0 || (op.getZeroPoint() && (!points || !points.isSplat())))
    return x;
  APInt point = points ? points.getSplatValue<APInt>() : APInt(to.getWidth(), 0);
  double zero = to.isUnsigned() ? static_cast<double>(point.getZExtValue()) : static_cast<double>(point.getSExtValue());
  auto quantized = [&](double value) { return std::nearbyint(static_cast<float>(value) / static_cast<float>(*scale)) + zero; };
  auto [low, high] = rangeOf(to);
  while (x.hasOneUse()) {
    auto relu = x.getDefiningOp<UnaryOp>();
    auto bound = x.getDefiningOp<BinaryOp>();
    std::optional<double> limit = bound ? getConstantSplat(bound.getRhs()) : std::nullopt;
    if (relu && relu.getKind() == UnaryKind::Relu && quantized(0) <= low)
      x = relu.getX();
    else if (limit && typeOf(bound.getLhs()) == typeOf(x) &&
             ((bound.getKind() == BinaryKind::Max && quantized(*limit) <= low) || (bound.getKind() == BinaryKind::Min && quantized(*limit) >= high)))
      x = bound.getLhs();
    else
      break;
  }
  return x;
}

template <typename Op> LogicalResult replace(PatternRewriter &rewriter, Op op, Value with) {
  copyValueNames(op, with);
  rewriter.replaceOp(op, with);
  return success();
}

struct ExpandQuantize : OpRewritePattern<QuantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(QuantizeOp op, PatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    FailureOr<SpreadParameters> p = spreadParameters(b, op);
    if (failed(p))
      return failure();
    Value y = binary(b, BinaryKind::Div, castTo(b, withoutClamps(op), p->type), p->scale);
    y = UnaryOp::create(b, UnaryKind::RoundEven, y, APFloat(0.0), APFloat(0.0));
    if (p->zeroPoint)
      y = binary(b, BinaryKind::Add, y, p->zeroPoint);
    auto [low, high] = rangeOf(cast<IntegerType>(op.getTo()));
    y = binary(b, BinaryKind::Max, y, number(b, low, p->type));
    y = binary(b, BinaryKind::Min, y, number(b, high, p->type));
    return replace(rewriter, op, CastOp::create(b, y, op.getTo()));
  }
};

struct ExpandDequantize : OpRewritePattern<DequantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DequantizeOp op, PatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    FailureOr<SpreadParameters> p = spreadParameters(b, op);
    if (failed(p))
      return failure();
    Value y = castTo(b, op.getX(), p->type);
    if (p->zeroPoint)
      y = binary(b, BinaryKind::Sub, y, p->zeroPoint);
    return replace(rewriter, op, castTo(b, binary(b, BinaryKind::Mul, y, p->scale), op.getTo()));
  }
};

struct ExpandQuantizationPass : impl::ExpandQuantizationPassBase<ExpandQuantizationPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ExpandDequantize, ExpandQuantize>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
    if (getOperation()
            .walk([](Operation *op) { return isa<QuantizeOp, DequantizeOp>(op) ? WalkResult::interrupt() : WalkResult::advance(); })
            .wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot
