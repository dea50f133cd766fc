// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/NarrowFloats.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "passes/Kernel/Elementwise/EmitElementwise.h"

#include <cmath>

using namespace mlir;

namespace ingot {
namespace {

bool isComputed(Type element) { return element.isF16() || element.isBF16() || element.isF32() || element.isF64(); }

Value fromInteger(ImplicitLocOpBuilder &b, Value value, Type from, Type to, function_ref<Type(Type)> like) {
  bool isUnsigned = isUnsignedElement(from);
  if (isComputed(to)) {
    Type wide = like(to.isF64() ? b.getF64Type() : b.getF32Type());
    Value number = isUnsigned ? arith::UIToFPOp::create(b, wide, value).getResult() : arith::SIToFPOp::create(b, wide, value).getResult();
    return narrowElements(b, number, to);
  }
  if (!isa<IntegerType>(to))
    return {};
  unsigned old = from.getIntOrFloatBitWidth(), width = to.getIntOrFloatBitWidth();
  Type type = like(getValueType(to));
  if (width < old)
    return arith::TruncIOp::create(b, type, value);
  if (width == old)
    return value;
  return isUnsigned ? arith::ExtUIOp::create(b, type, value).getResult() : arith::ExtSIOp::create(b, type, value).getResult();
}

} // namespace

Value castElements(ImplicitLocOpBuilder &b, Value value, Type from, Type to) {
  if (from == to)
    return value;
  auto like = [&](Type element) -> Type {
    auto vector = dyn_cast<VectorType>(value.getType());
    return vector ? VectorType::get(vector.getShape(), element) : element;
  };
  ElementMath m(b, value.getType());
  if (isa<IntegerType>(from)) {
    if (to.isInteger(1))
      return m.bits(arith::CmpIPredicate::ne, value, m.integer(0));
    return fromInteger(b, value, from, to, like);
  }
  if (!isComputed(from) && !isByteFloat(from))
    return {};
  value = widenElements(b, value);
  Type wide = getElementTypeOrSelf(value.getType());
  if (to.isInteger(1)) // NaN is true, as in C
    return arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, value, ElementMath(b, value.getType()).constant(0.0));
  if (isa<VectorType>(value.getType()) && wide.isF32() && to.isInteger() && to.getIntOrFloatBitWidth() <= 16) {
    // The saturating conversion would be made lane by lane.
    unsigned width = to.getIntOrFloatBitWidth();
    double high = std::ldexp(1.0, isUnsignedElement(to) ? width : width - 1) - 1, low = isUnsignedElement(to) ? 0 : -high - 1;
    ElementMath floats(b, value.getType()), integers(b, like(b.getI32Type()));
    Value isNan = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, value, value);
    Value whole = arith::FPToSIOp::create(b, like(b.getI32Type()), floats.clamp(value, low, high));
    return arith::TruncIOp::create(b, like(getValueType(to)), integers.select(isNan, integers.integer(0), whole));
  }
  if (isa<IntegerType>(to)) { // the saturating conversions clamp and send NaN to 0
    auto name = b.getStringAttr(isUnsignedElement(to) ? "llvm.fptoui.sat" : "llvm.fptosi.sat");
    Value result = LLVM::CallIntrinsicOp::create(b, like(getValueType(to)), name, ValueRange{value})->getResult(0);
    if (!to.isSignlessInteger() || to.getIntOrFloatBitWidth() < 32)
      return result;
    // Used as an index, a NaN must not be taken for 0.
    Value isNan = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, value, value);
    ElementMath integers(b, result.getType());
    return integers.select(isNan, integers.integer(APInt::getSignedMinValue(to.getIntOrFloatBitWidth())), result);
  }
  if (!isComputed(to))
    return {};
  if (to.isF64())
    return wide.isF64() ? value : arith::ExtFOp::create(b, like(to), value).getResult();
  // Narrow floats are reached through f32: f64 to f16 at once would be a library call.
  if (wide.isF64())
    value = arith::TruncFOp::create(b, like(b.getF32Type()), value);
  return narrowElements(b, value, to);
}

} // namespace ingot
