// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_EMITELEMENTWISE_H
#define PASSES_KERNEL_EMITELEMENTWISE_H

#include "dialects/Ingot/Ingot.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/TypeUtilities.h"

#include <limits>

namespace ingot {

/// Whether integers of this tensor element type are unsigned (`i1` counts as unsigned).
inline bool isUnsignedElement(mlir::Type element) { return element.isUnsignedInteger() || element.isInteger(1); }

/// The SSA type of an element: integers are signless.
mlir::Type getValueType(mlir::Type element);

/// The type in which elements are computed: f32 for floats of 8 and 16 bits, else the SSA type.
mlir::Type getComputeType(mlir::Type element);

/// `value` (a float of 8 or 16 bits) in f32, anything else as it is.
mlir::Value widenElements(mlir::ImplicitLocOpBuilder &b, mlir::Value value);

/// `value` (f32) as the narrower float `element`, rounded to nearest even; anything else as it is.
mlir::Value narrowElements(mlir::ImplicitLocOpBuilder &b, mlir::Value value, mlir::Type element);

/// `value` (f32) as bf16, rounded to nearest even with integer arithmetic.
mlir::Value roundToBf16(mlir::ImplicitLocOpBuilder &b, mlir::Value value);

/// ONNX Cast between two tensor element types, on scalars or vectors. Null when there is no such conversion.
mlir::Value castElements(mlir::ImplicitLocOpBuilder &b, mlir::Value value, mlir::Type from, mlir::Type to);

/// The kinds of the elementwise operations on values of the compute type of `element`. Null when the kind does not exist for that type.
mlir::Value emitUnaryKind(mlir::ImplicitLocOpBuilder &b, UnaryKind kind, mlir::Value x, mlir::Type element, double alpha, double beta);
mlir::Value emitBinaryKind(mlir::ImplicitLocOpBuilder &b, BinaryKind kind, mlir::Value lhs, mlir::Value rhs, mlir::Type element);
mlir::Value emitPredicate(mlir::ImplicitLocOpBuilder &b, Predicate predicate, mlir::Value lhs, mlir::Value rhs, mlir::Type element);

/// What a reduction of no elements gives, in `type` (scalar or vector, maybe wider than `element`), which tells signed from unsigned by `element`.
mlir::Value neutralElement(mlir::ImplicitLocOpBuilder &b, ReduceKind kind, mlir::Type type, mlir::Type element);

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
/// Between these numbers exp is a normal number of f32.
inline constexpr double kLeastBoundedExp = -86, kMostBoundedExp = 88;

/// Arithmetic on values of one type, scalar or vector: the notation in which the formulas of elementwise operations are written. Integers are signed
/// unless the function says otherwise.
class ElementMath {
public:
  ElementMath(mlir::ImplicitLocOpBuilder &b, mlir::Type type) : b(b), type(type), element(mlir::getElementTypeOrSelf(type)) {}

  mlir::ImplicitLocOpBuilder &builder() { return b; }
  bool isFloat() const { return llvm::isa<mlir::FloatType>(element); }
  bool isVector() const { return llvm::isa<mlir::VectorType>(type); }

  mlir::Value constant(double value);
  mlir::Value integer(const llvm::APInt &value);
  mlir::Value integer(int64_t value) { return integer(llvm::APInt(element.getIntOrFloatBitWidth(), value, true, true)); }
  /// A constant of either kind of type.
  mlir::Value number(int64_t value) { return isFloat() ? constant(static_cast<double>(value)) : integer(value); }

  mlir::Value add(mlir::Value x, mlir::Value y);
  mlir::Value sub(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, mlir::Value y);
  /// x y + z of floats, rounded once where that is an instruction (f32).
  mlir::Value multiplyAdd(mlir::Value x, mlir::Value y, mlir::Value z);
  mlir::Value div(mlir::Value x, mlir::Value y) { return mlir::arith::DivFOp::create(b, x, y); }
  mlir::Value select(mlir::Value condition, mlir::Value x, mlir::Value y) { return mlir::arith::SelectOp::create(b, condition, x, y); }
  mlir::Value less(mlir::Value x, mlir::Value y);
  mlir::Value equal(mlir::Value x, mlir::Value y);
  mlir::Value bits(mlir::arith::CmpIPredicate predicate, mlir::Value x, mlir::Value y) { return mlir::arith::CmpIOp::create(b, predicate, x, y); }

  /// `true` in every lane.
  mlir::Value truth();

  /// The larger or smaller of a float and a number; NaN stays. One instruction, which `arith.maximumf` is not.
  mlir::Value atLeast(mlir::Value x, double bound);
  mlir::Value atMost(mlir::Value x, double bound);
  mlir::Value clamp(mlir::Value x, double low, double high) { return atMost(atLeast(x, low), high); }

  mlir::Value abs(mlir::Value x);
  mlir::Value sqrt(mlir::Value x) { return mlir::math::SqrtOp::create(b, x); }
  mlir::Value exp(mlir::Value x) { return mlir::math::ExpOp::create(b, x); }
  /// exp of arguments within [kLeastBoundedExp, kMostBoundedExp], with a relative error of 3e-7 + 2e-8 |x|. The flags say so to whoever expands it.
  mlir::Value boundedExp(mlir::Value x) {
    return mlir::math::ExpOp::create(b, x, mlir::arith::FastMathFlags::ninf | mlir::arith::FastMathFlags::afn);
  }
  /// exp of arguments of at most 0, as a softmax has them: with the error of boundedExp, and 0 below kLeastBoundedExp (-infinity too). NaN stays.
  mlir::Value decay(mlir::Value x);
  mlir::Value log(mlir::Value x) { return mlir::math::LogOp::create(b, x); }
  mlir::Value expm1(mlir::Value x) { return mlir::math::ExpM1Op::create(b, x); }
  mlir::Value log1p(mlir::Value x) { return mlir::math::Log1pOp::create(b, x); }
  mlir::Value withSign(mlir::Value x, mlir::Value sign) { return mlir::math::CopySignOp::create(b, x, sign); }
  /// 1 / (1 + exp(-x)): exp may be infinite, the quotient is then 0.
  mlir::Value sigmoid(mlir::Value x) { return div(constant(1.0), add(constant(1.0), exp(sub(constant(0.0), x)))); }

private:
  mlir::ImplicitLocOpBuilder &b;
  mlir::Type type, element;
};

} // namespace ingot

#endif
