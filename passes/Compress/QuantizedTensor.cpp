// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Compress/QuantizedTensor.h"

#include "dialects/Ingot/Constants.h"
#include "dialects/Ingot/Shapes.h"

using namespace mlir;

namespace ingot {
namespace {

constexpr int64_t kSignBit = 128;

bool isByte(Value value) { return typeOf(value).getElementType().isInteger(8); }

int64_t numberOf(const APInt &value, bool isUnsigned) { return isUnsigned ? static_cast<int64_t>(value.getZExtValue()) : value.getSExtValue(); }

/// The dim of a tensor of this rank along which alone a parameter that broadcasts to it varies: -1 if it does not, nothing if there are several.
std::optional<int64_t> variesAlong(RankedTensorType parameter, int64_t rank) {
  int64_t dim = -1, outer = rank - parameter.getRank();
  for (auto [i, size] : llvm::enumerate(parameter.getShape()))
    if (size != 1) {
      if (dim >= 0)
        return std::nullopt;
      dim = outer + static_cast<int64_t>(i);
    }
  return outer < 0 ? std::nullopt : std::optional(dim);
}

} // namespace

bool isQuantizedAlike(DequantizeOp a, DequantizeOp b) {
  return a.getScale() == b.getScale() && a.getZeroPoint() == b.getZeroPoint() && a.getAxis() == b.getAxis() && a.getBlock() == b.getBlock() &&
         a.getTo() == b.getTo() && typeOf(a.getX()).getElementType() == typeOf(b.getX()).getElementType();
}

Value castTo(ImplicitLocOpBuilder &b, Value x, Type element) { return typeOf(x).getElementType() == element ? x : CastOp::create(b, x, element); }

Value flipSign(ImplicitLocOpBuilder &b, Value x) {
  auto element = cast<IntegerType>(typeOf(x).getElementType());
  Type other = IntegerType::get(b.getContext(), 8, element.isUnsigned() ? IntegerType::Signless : IntegerType::Unsigned);
  APInt signBit(8, kSignBit);
  if (DenseElementsAttr values = getDenseConstant(x)) {
    auto flipped = llvm::map_to_vector(values.getValues<APInt>(), [&](const APInt &value) { return value ^ signBit; });
    return ConstantOp::create(b, DenseElementsAttr::get(typeOf(x).clone(other), flipped));
  }
  Value sign = ConstantOp::create(b, DenseElementsAttr::get(RankedTensorType::get({}, element), signBit));
  return BitcastOp::create(b, BinaryOp::create(b, BinaryKind::Xor, x, sign), other);
}

std::optional<QuantizedTensor> QuantizedTensor::matchDequantized(DequantizeOp op) {
  if (op.getBlock() != 0 || !isByte(op.getX()) || !op.getTo().isF32() || !typeOf(op.getScale()).getElementType().isF32())
    return std::nullopt;
  QuantizedTensor tensor;
  tensor.stored = op.getX();
  tensor.zeroPoint = op.getZeroPoint();
  tensor.scale = op.getScale();
  if (typeOf(op.getScale()).getRank() > 0)
    tensor.axis = op.getAxis();
  return tensor;
}

/// cast(x), or cast(x) - zero point
std::optional<QuantizedTensor> QuantizedTensor::matchCentered(Value value) {
  QuantizedTensor tensor;
  if (auto difference = value.getDefiningOp<BinaryOp>(); difference && difference.getKind() == BinaryKind::Sub) {
    tensor.zeroPoint = difference.getRhs();
    value = difference.getLhs();
    std::optional<int64_t> dim = variesAlong(typeOf(tensor.zeroPoint), typeOf(value).getRank());
    if (typeOf(value) != typeOf(difference.getResult()) || !dim)
      return std::nullopt;
    if (*dim >= 0)
      tensor.axis = *dim;
  }
  auto wide = value.getDefiningOp<CastOp>();
  if (!wide || !isByte(wide.getX()))
    return std::nullopt;
  tensor.stored = wide.getX();
  return tensor;
}

std::optional<QuantizedTensor> QuantizedTensor::match(Value value) {
  if (auto op = value.getDefiningOp<DequantizeOp>())
    return matchDequantized(op);
  return typeOf(value).getElementType().isSignlessInteger(32) ? matchCentered(value) : std::nullopt;
}

int64_t QuantizedTensor::shiftTo(bool isSigned) const {
  bool isUnsigned = getType().getElementType().isUnsignedInteger();
  return isUnsigned != isSigned ? 0 : isSigned ? -kSignBit : kSignBit;
}

bool QuantizedTensor::hasZeroPoint(bool isSigned) const {
  int64_t shift = shiftTo(isSigned);
  if (!zeroPoint)
    return shift != 0;
  DenseElementsAttr values = getDenseConstant(zeroPoint);
  bool isUnsigned = typeOf(zeroPoint).getElementType().isUnsignedInteger();
  return !values || llvm::any_of(values.getValues<APInt>(), [&](const APInt &value) { return numberOf(value, isUnsigned) + shift != 0; });
}

std::optional<int64_t> QuantizedTensor::getZeroPoint(bool isSigned) const {
  if (!zeroPoint)
    return shiftTo(isSigned);
  DenseElementsAttr values = getDenseConstant(zeroPoint);
  if (!values || !values.isSplat())
    return std::nullopt;
  return numberOf(values.getSplatValue<APInt>(), typeOf(zeroPoint).getElementType().isUnsignedInteger()) + shiftTo(isSigned);
}

Value QuantizedTensor::makeBytes(ImplicitLocOpBuilder &b, bool isSigned) const { return shiftTo(isSigned) == 0 ? stored : flipSign(b, stored); }

Value QuantizedTensor::alongAxis(ImplicitLocOpBuilder &b, Value parameter, int64_t inner) const {
  Dims dims;
  if (axis) {
    dims.assign(inner + 1, b.getAffineConstantExpr(1));
    dims.front() = getDims(getType())[*axis];
  }
  return b.createOrFold<ReshapeOp>(makeTensorType(dims, typeOf(parameter).getElementType()), parameter);
}

Value QuantizedTensor::makeZeroPoint(ImplicitLocOpBuilder &b, bool isSigned, int64_t inner) const {
  if (!hasZeroPoint(isSigned))
    return {};
  Type i32 = b.getI32Type();
  Value shift = ConstantOp::create(b, DenseElementsAttr::get(RankedTensorType::get({}, i32), static_cast<int32_t>(shiftTo(isSigned))));
  if (!zeroPoint)
    return shift;
  Value point = typeOf(zeroPoint).getElementType() == i32 ? zeroPoint : b.createOrFold<CastOp>(zeroPoint, i32);
  point = alongAxis(b, point, inner);
  return shiftTo(isSigned) == 0 ? point : b.createOrFold<BinaryOp>(BinaryKind::Add, point, shift);
}

Value QuantizedTensor::makeScale(ImplicitLocOpBuilder &b, int64_t inner) const { return alongAxis(b, scale, inner); }

} // namespace ingot
