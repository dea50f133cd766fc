// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Constants.h"
#include "dialects/Ingot/Shapes.h"
#include "dialects/Ingot/SymbolicDims.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "passes/Compress/Passes.h"
#include "passes/Compress/QuantizedTensor.h"
#include "passes/Graph/AbuttingWindows.h"
#include "passes/Graph/ConstantOperands.h"

#define DEBUG_TYPE "ingot-form-integer-products"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_FORMINTEGERPRODUCTSPASS
#include "passes/Compress/Passes.h.inc"

namespace {

Value arithmetic(ImplicitLocOpBuilder &b, BinaryKind kind, Value x, Value y) { return b.createOrFold<BinaryOp>(kind, x, y); }

void replaceNamed(PatternRewriter &rewriter, Operation *op, Value with) {
  copyValueNames(op, with);
  rewriter.replaceOp(op, with);
}

//===-- Activations --------------------------------------------------------------------------------------------------------------------------===//

/// dequantize_i8(quantize_i8(x)) -> dequantize_ui8(quantize_ui8(x)), all zero points 128 higher: products want their left sides unsigned
struct QuantizeUnsigned : OpRewritePattern<QuantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(QuantizeOp op, PatternRewriter &rewriter) const override {
    if (!op.getTo().isSignlessInteger(8))
      return rewriter.notifyMatchFailure(op, "does not make signed bytes");
    for (Operation *user : op->getUsers()) {
      auto reader = dyn_cast<DequantizeOp>(user);
      if (!reader || reader.getX() != op.getResult() || (reader.getZeroPoint() && !getDenseConstant(reader.getZeroPoint())))
        return rewriter.notifyMatchFailure(op, "is read by more than dequantisations with constant zero points");
    }
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto flipped = [&](Value point, Value scale) {
      Type i8 = b.getI8Type();
      return flipSign(b, point ? point : ConstantOp::create(b, cast<TypedAttr>(b.getZeroAttr(typeOf(scale).clone(i8)))));
    };
    for (Operation *user : llvm::make_early_inc_range(op->getUsers())) {
      auto reader = cast<DequantizeOp>(user);
      Value point = flipped(reader.getZeroPoint(), reader.getScale());
      rewriter.modifyOpInPlace(reader, [&] { reader.getZeroPointMutable().assign(point); });
    }
    auto made = QuantizeOp::create(b, op.getX(), op.getScale(), flipped(op.getZeroPoint(), op.getScale()), op.getAxis(), op.getBlock(),
                                   IntegerType::get(b.getContext(), 8, IntegerType::Unsigned));
    rewriter.replaceOp(op, made);
    return success();
  }
};

//===-- Sums -----------------------------------------------------------------------------------------------------------------------------------===//

/// reduce mean(dequantize(x)) -> cast(sum of integers) * scale, for one scale and few enough elements: exact, and nothing but bytes is read
struct AverageBytes : OpRewritePattern<ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReduceOp op, PatternRewriter &rewriter) const override {
    std::optional<QuantizedTensor> x = QuantizedTensor::match(op.getX());
    if (op.getKind() != ReduceKind::Mean || !x || !x->hasScale() || x->getAxis())
      return rewriter.notifyMatchFailure(op, "is no mean of bytes of one scale");
    constexpr int64_t kMostElements = 1 << 22; // sums of bytes minus zero points stay below 2^31
    int64_t count = 1;
    for (int64_t axis : op.getAxes()) {
      int64_t size = x->getType().getDimSize(axis < 0 ? axis + x->getType().getRank() : axis);
      count = ShapedType::isDynamic(size) || size == 0 || size > kMostElements / count ? 0 : count * size;
      if (count == 0)
        return rewriter.notifyMatchFailure(op, "is of no, too many or an open number of elements");
    }
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto scalar = [&](Type element, Attribute value) -> Value {
      return ConstantOp::create(b, DenseElementsAttr::get(RankedTensorType::get({}, element), value));
    };
    bool isSigned = !x->getType().getElementType().isUnsignedInteger();
    Value sum = ReduceOp::create(b, ReduceKind::Sum, CastOp::create(b, x->makeBytes(b, isSigned), b.getI32Type()), op.getAxes(), op.getKeepDims());
    if (Value point = x->makeZeroPoint(b, isSigned, 0))
      sum = arithmetic(b, BinaryKind::Sub, sum, arithmetic(b, BinaryKind::Mul, point, scalar(b.getI32Type(), b.getI32IntegerAttr(count))));
    Value share = scalar(b.getF32Type(), b.getF32FloatAttr(1.0F / static_cast<float>(count)));
    replaceNamed(rewriter, op,
                 arithmetic(b, BinaryKind::Mul, CastOp::create(b, sum, b.getF32Type()), arithmetic(b, BinaryKind::Mul, x->makeScale(b, 0), share)));
    return success();
  }
};

//===-- Products -----------------------------------------------------------------------------------------------------------------------------===//

/// Both sides of a product whose right one is constant: the left one is taken as unsigned bytes, the right one as signed ones.
struct ByteOperands {
  QuantizedTensor lhs, rhs;

  static std::optional<ByteOperands> match(Operation *op) {
    if (!isComputedFromConstants(op->getOperand(1)))
      return std::nullopt;
    std::optional<QuantizedTensor> lhs = QuantizedTensor::match(op->getOperand(0)), rhs = QuantizedTensor::match(op->getOperand(1));
    if (!lhs || !rhs)
      return std::nullopt;
    return ByteOperands{*lhs, *rhs};
  }
  bool hasLeftPoint() const { return lhs.hasZeroPoint(/*isSigned=*/false); }
  bool hasRightPoint() const { return rhs.hasZeroPoint(/*isSigned=*/true); }
};

Value sumOf(ImplicitLocOpBuilder &b, Value bytes, ArrayRef<int64_t> axes, bool keepDims) {
  return ReduceOp::create(b, ReduceKind::Sum, CastOp::create(b, bytes, b.getI32Type()), axes, keepDims);
}

/// What zero points and scales ask for around sums of products of bytes.
struct ProductParameters {
  Value leftPoint = {}, rightPoint = {}; ///< null: 0
  Value columns = {};                    ///< sums of the right side's elements, one per channel, if there is a left point
  Value rows = {};                       ///< sums of the left side's elements, if there is a right point
  int64_t depth;                         ///< elements of a sum
  Value leftScale = {}, rightScale = {}; ///< null: the sums are the result

  /// sum (x - p)(w - q) = sum x w - p sum w - q (sum x - depth p), with both scales; everything about the right side alone is computed from
  /// constants.
  Value apply(ImplicitLocOpBuilder &b, Value sums) const {
    if (leftPoint)
      sums = arithmetic(b, BinaryKind::Sub, sums, arithmetic(b, BinaryKind::Mul, columns, leftPoint));
    if (rightPoint) {
      Value rest = rows;
      if (leftPoint) {
        auto scalar = RankedTensorType::get({}, b.getI32Type());
        Value count = ConstantOp::create(b, DenseElementsAttr::get(scalar, static_cast<int32_t>(depth)));
        rest = arithmetic(b, BinaryKind::Sub, rest, arithmetic(b, BinaryKind::Mul, leftPoint, count));
      }
      sums = arithmetic(b, BinaryKind::Sub, sums, arithmetic(b, BinaryKind::Mul, rest, rightPoint));
    }
    if (!leftScale)
      return sums;
    return BinaryOp::create(b, BinaryKind::Mul, CastOp::create(b, sums, b.getF32Type()), arithmetic(b, BinaryKind::Mul, rightScale, leftScale));
  }
};

/// matmul(dequantize(x), dequantize(w)) -> cast(matmul(x, w) - zero points) * scales
struct MultiplyBytes : OpRewritePattern<MatMulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MatMulOp op, PatternRewriter &rewriter) const override {
    std::optional<ByteOperands> sides = ByteOperands::match(op);
    if (!sides)
      return rewriter.notifyMatchFailure(op, "does not multiply bytes by constant bytes");
    RankedTensorType left = sides->lhs.getType(), right = sides->rhs.getType();
    int64_t rank = right.getRank(), outputs = rank - (op.getTransposeRhs() ? 2 : 1), inputs = rank - (op.getTransposeRhs() ? 1 : 2);
    if (op.getTransposeLhs() || llvm::any_of(right.getShape().drop_back(2), [](int64_t size) { return size != 1; }))
      return rewriter.notifyMatchFailure(op, "has a transposed left side, or a batch of right sides");
    if (sides->lhs.getAxis() == left.getRank() - 1 || sides->rhs.getAxis().value_or(outputs) != outputs)
      return rewriter.notifyMatchFailure(op, "has a side that is quantised along its depth");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value x = sides->lhs.makeBytes(b, /*isSigned=*/false), w = sides->rhs.makeBytes(b, /*isSigned=*/true);
    int64_t inner = left.getRank() - 1 - sides->lhs.getAxis().value_or(0);
    ProductParameters parameters{.depth = right.getDimSize(inputs)};
    parameters.leftPoint = sides->lhs.makeZeroPoint(b, /*isSigned=*/false, inner);
    parameters.rightPoint = sides->rhs.makeZeroPoint(b, /*isSigned=*/true, 0);
    if (parameters.leftPoint)
      parameters.columns =
          b.createOrFold<ReshapeOp>(RankedTensorType::get({right.getDimSize(outputs)}, b.getI32Type()), sumOf(b, w, {inputs}, false));
    if (parameters.rightPoint)
      parameters.rows = sumOf(b, x, {left.getRank() - 1}, /*keepDims=*/true);
    if (sides->lhs.hasScale()) {
      parameters.leftScale = sides->lhs.makeScale(b, inner);
      parameters.rightScale = sides->rhs.makeScale(b, 0);
    }
    replaceNamed(rewriter, op, parameters.apply(b, MatMulOp::create(b, x, w, false, op.getTransposeRhs())));
    return success();
  }
};

/// conv_transpose(dequantize(x), dequantize(w)), its windows side by side -> windows of matmul(dequantize(last(x)), dequantize(w'))
struct MultiplyWindows : OpRewritePattern<ConvTransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConvTransposeOp op, PatternRewriter &rewriter) const override {
    auto x = op.getX().getDefiningOp<DequantizeOp>(), w = op.getW().getDefiningOp<DequantizeOp>();
    std::optional<ByteOperands> sides = ByteOperands::match(op);
    if (!x || !w || !sides || sides->lhs.getAxis() || sides->rhs.getAxis().value_or(1) != 1)
      return rewriter.notifyMatchFailure(op, "has no image of bytes with one scale, or no constant bytes with one for an output channel");
    if (!hasAbuttingWindows(op))
      return rewriter.notifyMatchFailure(op, "its windows overlap, leave gaps or are cropped");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    SmallVector<int64_t> toLast = channelsToLast(sides->lhs.getType().getRank());
    int64_t inputs = typeOf(w.getX()).getDimSize(0), outputs = typeOf(w.getX()).getDimSize(1);
    Value pixels = DequantizeOp::create(b, TransposeOp::create(b, x.getX(), toLast), x.getScale(), x.getZeroPoint(), 0, 0, x.getTo());
    auto product = [&](Value part) -> Value {
      int64_t columns = typeOf(part).getNumElements() / inputs;
      auto reshape = [&](Value value, ArrayRef<int64_t> shape) { return b.createOrFold<ReshapeOp>(typeOf(value).clone(shape), value); };
      auto spread = [&](Value parameter) -> Value { // over the pixels of a window
        if (!parameter || typeOf(parameter).getRank() == 0)
          return parameter;
        Value row = BroadcastOp::create(b, typeOf(parameter).clone({columns / outputs, outputs}), reshape(parameter, {1, outputs}));
        return reshape(row, {columns});
      };
      Value bytes = reshape(part, {inputs, columns});
      return MatMulOp::create(b, pixels, DequantizeOp::create(b, bytes, spread(w.getScale()), spread(w.getZeroPoint()), 1, 0, w.getTo()), false,
                              false);
    };
    replaceNamed(rewriter, op, joinWindows(b, op, TransposeOp::create(b, w.getX(), toLast), product));
    return success();
  }
};

/// conv(dequantize(x), dequantize(w)) -> cast(conv(pad(x), w) - zero points) * scales
struct ConvolveBytes : OpRewritePattern<ConvOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConvOp op, PatternRewriter &rewriter) const override {
    std::optional<ByteOperands> sides = op.getLayout() == Layout::ChannelsFirst ? ByteOperands::match(op) : std::nullopt;
    if (!sides)
      return rewriter.notifyMatchFailure(op, "does not convolve bytes, channels first, with constant bytes");
    if (sides->lhs.getAxis() || sides->rhs.getAxis().value_or(0) != 0)
      return rewriter.notifyMatchFailure(op, "has an image with several scales, or weights with several for an output channel");
    if (sides->hasRightPoint() && op.getGroups() != 1)
      return rewriter.notifyMatchFailure(op, "has weights in groups with a zero point");
    bool hasPads = llvm::any_of(op.getPads(), [](int64_t pad) { return pad != 0; });
    std::optional<int64_t> border = sides->lhs.getZeroPoint(/*isSigned=*/false);
    if (hasPads && (!border || *border < 0 || *border > UINT8_MAX))
      return rewriter.notifyMatchFailure(op, "pads an image by a zero point that is no byte, or known in a run only");
    if (!border && sides->hasRightPoint() && sides->rhs.getType().getDimSize(1) % kByteGroup != 0)
      return rewriter.notifyMatchFailure(op, "fills up channels by a zero point that is known in a run only");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    int64_t rank = sides->rhs.getType().getRank();
    Operands padded = fillGroups(b, op, sides->lhs.makeBytes(b, /*isSigned=*/false), sides->rhs.makeBytes(b, /*isSigned=*/true), border.value_or(0));
    ProductParameters parameters{.depth = llvm::product_of(typeOf(padded.w).getShape().drop_front())};
    parameters.leftPoint = sides->lhs.makeZeroPoint(b, /*isSigned=*/false, 0);
    parameters.rightPoint = sides->rhs.makeZeroPoint(b, /*isSigned=*/true, rank - 2);
    if (parameters.leftPoint) {
      SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(1, rank)), shape(rank - 1, 1);
      shape.front() = op.getChannels();
      parameters.columns = b.createOrFold<ReshapeOp>(RankedTensorType::get(shape, b.getI32Type()), sumOf(b, padded.w, axes, /*keepDims=*/false));
    }
    if (parameters.rightPoint) { // by a filter of ones, where the weights' own channels are
      SmallVector<int64_t> shape(typeOf(padded.w).getShape());
      shape.front() = 1;
      Value ones = ConstantOp::create(b, DenseElementsAttr::get(RankedTensorType::get(shape, b.getI8Type()), static_cast<int8_t>(1)));
      parameters.rows = convolve(b, op, {padded.x, ones, padded.pads}, 1);
    }
    if (sides->lhs.hasScale()) {
      parameters.leftScale = sides->lhs.makeScale(b, 0);
      parameters.rightScale = sides->rhs.makeScale(b, rank - 2);
    }
    replaceNamed(rewriter, op, parameters.apply(b, convolve(b, op, padded, op.getChannels())));
    return success();
  }

private:
  struct Operands {
    Value x, w;
    SmallVector<int64_t> pads;
  };

  static Value pad(ImplicitLocOpBuilder &b, Value x, ArrayRef<int64_t> low, ArrayRef<int64_t> high, int64_t filling) {
    auto scalar = DenseElementsAttr::get(RankedTensorType::get({}, typeOf(x).getElementType()), APInt(8, filling));
    return b.createOrFold<PadOp>(PadMode::Constant, x, low, high, scalar);
  }

  /// Pads x by what stands for zero where that is not 0, and the channels of both sides up to whole groups: those of x by the same, which stands for
  /// 0 there, too.
  static Operands fillGroups(ImplicitLocOpBuilder &b, ConvOp op, Value x, Value w, int64_t border) {
    int64_t rank = typeOf(x).getRank(), channels = typeOf(w).getDimSize(1);
    int64_t missing = op.getGroups() == 1 && rank <= 4 ? llvm::alignTo(channels, kByteGroup) - channels : 0;
    SmallVector<int64_t> low(rank, 0), high(rank, 0), none(rank, 0), pads(op.getPads());
    high[1] = missing;
    Value filled = pad(b, w, none, high, 0);
    for (int64_t i = 2; i < rank && border != 0; ++i) {
      low[i] = std::exchange(pads[i - 2], 0);
      high[i] = std::exchange(pads[rank - 2 + i - 2], 0);
    }
    return {pad(b, x, low, high, border), filled, pads};
  }

  static Value convolve(ImplicitLocOpBuilder &b, ConvOp op, const Operands &operands, int64_t channels) {
    return ConvOp::create(b, operands.x, operands.w, Layout::ChannelsFirst, op.getKernel(), op.getStrides(), operands.pads, op.getDilations(),
                          op.getGroups(), channels);
  }
};

struct FormIntegerProductsPass : impl::FormIntegerProductsPassBase<FormIntegerProductsPass> {
  void runOnOperation() override {
    RewritePatternSet activations(&getContext()), windows(&getContext()), products(&getContext());
    activations.add<QuantizeUnsigned>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(activations));
    windows.add<MultiplyWindows>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(windows));
    products.add<AverageBytes, MultiplyBytes, ConvolveBytes>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(products));
  }
};

} // namespace
} // namespace ingot
