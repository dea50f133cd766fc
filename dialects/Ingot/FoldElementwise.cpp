// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Folds of elementwise operations on small constants: what shape arithmetic and scalar parameters need. Everything else that is constant is folded by
// running it (ingot-fold-constants).
#include "dialects/Ingot/Constants.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TypeUtilities.h"

#include <cmath>

using namespace mlir;

namespace ingot {
namespace {

std::optional<APInt> combine(BinaryKind kind, const APInt &a, const APInt &b, bool isUnsigned) {
  switch (kind) {
  case BinaryKind::Add:
    return a + b;
  case BinaryKind::Sub:
    return a - b;
  case BinaryKind::Mul:
    return a * b;
  case BinaryKind::Div:
    if (b.isZero() || (!isUnsigned && a.isMinSignedValue() && b.isAllOnes()))
      return std::nullopt;
    return isUnsigned ? a.udiv(b) : a.sdiv(b);
  case BinaryKind::Min:
    return (isUnsigned ? a.ult(b) : a.slt(b)) ? a : b;
  case BinaryKind::Max:
    return (isUnsigned ? a.ugt(b) : a.sgt(b)) ? a : b;
  case BinaryKind::And:
    return a & b;
  case BinaryKind::Or:
    return a | b;
  case BinaryKind::Xor:
    return a ^ b;
  default:
    return std::nullopt;
  }
}

std::optional<APFloat> combine(BinaryKind kind, APFloat a, const APFloat &b) {
  switch (kind) {
  case BinaryKind::Add:
    return a + b;
  case BinaryKind::Sub:
    return a - b;
  case BinaryKind::Mul:
    return a * b;
  case BinaryKind::Div:
    return a / b;
  default:
    return std::nullopt;
  }
}

/// Elements of two constants as the result's positions see them: equal shapes, or one side of one element.
template <typename T, typename Combine>
Attribute foldElements(DenseElementsAttr lhs, DenseElementsAttr rhs, RankedTensorType type, Combine combineElements) {
  SmallVector<T> elements;
  auto a = lhs.getValues<T>(), b = rhs.getValues<T>();
  bool oneA = lhs.getNumElements() == 1, oneB = rhs.getNumElements() == 1;
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    std::optional<T> element = combineElements(a[oneA ? 0 : i], b[oneB ? 0 : i]);
    if (!element)
      return {};
    elements.push_back(*element);
  }
  return DenseElementsAttr::get(type, elements);
}

} // namespace

OpFoldResult BinaryOp::fold(FoldAdaptor adaptor) {
  auto type = cast<RankedTensorType>(getType());
  bool isFloat = isa<FloatType>(type.getElementType());
  // x + 0, x - 0, x * 1, x / 1 where the other side does not widen the shape.
  if (std::optional<double> splat = getConstantSplat(getRhs()); splat && getLhs().getType() == type) {
    bool additive = getKind() == BinaryKind::Sub, multiplicative = getKind() == BinaryKind::Mul || getKind() == BinaryKind::Div;
    if ((additive && *splat == 0.0 && !std::signbit(*splat)) || (multiplicative && *splat == 1.0))
      return getLhs();
  }
  auto lhs = dyn_cast_if_present<DenseElementsAttr>(adaptor.getLhs()), rhs = dyn_cast_if_present<DenseElementsAttr>(adaptor.getRhs());
  if (!lhs || !rhs || !type.hasStaticShape() || type.getNumElements() * 8 > kMaxInlineBytes)
    return {};
  auto fits = [&](DenseElementsAttr side) { return side.getNumElements() == 1 || side.getType() == getType(); };
  if (!fits(lhs) || !fits(rhs))
    return {};
  if (isFloat)
    return foldElements<APFloat>(lhs, rhs, type, [&](const APFloat &a, const APFloat &b) { return combine(getKind(), a, b); });
  bool isUnsigned = type.getElementType().isUnsignedInteger() || type.getElementType().isInteger(1);
  return foldElements<APInt>(lhs, rhs, type, [&](const APInt &a, const APInt &b) { return combine(getKind(), a, b, isUnsigned); });
}

OpFoldResult UnaryOp::fold(FoldAdaptor adaptor) {
  auto dense = dyn_cast_if_present<DenseElementsAttr>(adaptor.getX());
  auto element = dyn_cast<FloatType>(getElementTypeOrSelf(getType()));
  // In double precision every kind below is rounded correctly to f32 and narrower types.
  double (*function)(double) = nullptr;
  switch (getKind()) {
  case UnaryKind::Neg:
    function = [](double x) { return -x; };
    break;
  case UnaryKind::Abs:
    function = [](double x) { return std::fabs(x); };
    break;
  case UnaryKind::Sqrt:
    function = [](double x) { return std::sqrt(x); };
    break;
  case UnaryKind::Reciprocal:
    function = [](double x) { return 1.0 / x; };
    break;
  default:
    return {};
  }
  if (!dense || !element || dense.getType() != getType() || (!dense.isSplat() && dense.getNumElements() * 8 > kMaxInlineBytes))
    return {};
  auto apply = [&](APFloat x) {
    bool inexact;
    x.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &inexact);
    APFloat y(function(x.convertToDouble()));
    y.convert(element.getFloatSemantics(), APFloat::rmNearestTiesToEven, &inexact);
    return y;
  };
  if (dense.isSplat())
    return DenseElementsAttr::get(dense.getType(), apply(dense.getSplatValue<APFloat>()));
  SmallVector<APFloat> elements;
  for (const APFloat &x : dense.getValues<APFloat>())
    elements.push_back(apply(x));
  return DenseElementsAttr::get(dense.getType(), elements);
}

OpFoldResult CastOp::fold(FoldAdaptor adaptor) {
  if (getX().getType() == getType())
    return getX();
  auto dense = dyn_cast_if_present<DenseElementsAttr>(adaptor.getX());
  Type narrow = getElementTypeOrSelf(getX());
  if (auto numbers = dyn_cast_if_present<DenseFPElementsAttr>(dense); numbers && getTo().isF32() && (narrow.isF16() || narrow.isBF16()))
    return numbers.mapValues(getTo(), [](APFloat number) {
      bool inexact; // never
      number.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &inexact);
      return number.bitcastToAPInt();
    });
  auto from = dyn_cast<IntegerType>(narrow);
  if (!dense || !from)
    return {};
  bool zeroExtend = from.isUnsigned() || from.getWidth() == 1;
  if (auto to = dyn_cast<IntegerType>(getTo())) {
    if (to.getWidth() == 1)
      return {};
    SmallVector<APInt> elements;
    for (const APInt &element : dense.getValues<APInt>())
      elements.push_back(zeroExtend ? element.zextOrTrunc(to.getWidth()) : element.sextOrTrunc(to.getWidth()));
    return DenseElementsAttr::get(cast<ShapedType>(getType()), elements);
  }
  if (auto to = dyn_cast<FloatType>(getTo())) {
    SmallVector<APFloat> elements;
    for (const APInt &element : dense.getValues<APInt>()) {
      APFloat value(to.getFloatSemantics());
      value.convertFromAPInt(element, /*IsSigned=*/!zeroExtend, APFloat::rmNearestTiesToEven);
      elements.push_back(value);
    }
    return DenseElementsAttr::get(cast<ShapedType>(getType()), elements);
  }
  return {};
}

namespace {

/// Puts a constant operand of a commutative operation on the right: binary(c, x) -> binary(x, c).
struct MoveConstantRight : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BinaryOp op, PatternRewriter &rewriter) const override {
    bool commutes = op.getKind() == BinaryKind::Add || op.getKind() == BinaryKind::Mul;
    if (!commutes || !isConstant(op.getLhs()) || isConstant(op.getRhs()))
      return rewriter.notifyMatchFailure(op, "not a commutative operation with a constant on its left only");
    rewriter.modifyOpInPlace(op, [&] {
      Value lhs = op.getLhs();
      op.getLhsMutable().assign(op.getRhs());
      op.getRhsMutable().assign(lhs);
    });
    return success();
  }
};

} // namespace

void BinaryOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) { patterns.add<MoveConstantRight>(context); }

} // namespace ingot
