// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_COMPRESS_QUANTIZEDTENSOR_H
#define PASSES_COMPRESS_QUANTIZEDTENSOR_H

#include "dialects/Ingot/Ingot.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ingot {

/// Whether both are dequantised with the same scales and zero points into the same type: those are one value each after `cse`.
bool isQuantizedAlike(DequantizeOp a, DequantizeOp b);

/// `x` with elements of this type: a cast, unless it has them.
mlir::Value castTo(mlir::ImplicitLocOpBuilder &b, mlir::Value x, mlir::Type element);

/// The bytes `x` with their highest bits flipped, in the type of the other signedness: x + 128, or x - 128.
mlir::Value flipSign(mlir::ImplicitLocOpBuilder &b, mlir::Value x);

/// A tensor of bytes, signed or not, and what it stands for: (stored - zero point) * scale.
class QuantizedTensor {
public:
  /// What `value` stands for, if it is a dequantised tensor of bytes (f32, no blocks) or bytes minus a zero point (i32).
  static std::optional<QuantizedTensor> match(mlir::Value value);

  mlir::RankedTensorType getType() const { return mlir::cast<mlir::RankedTensorType>(stored.getType()); }
  /// The dim along which zero points and scales vary, if they do.
  std::optional<int64_t> getAxis() const { return axis; }
  bool hasScale() const { return static_cast<bool>(scale); }
  /// Whether the zero point is not known to be 0 when the bytes are taken as signed or unsigned ones: 128 lies between them.
  bool hasZeroPoint(bool isSigned) const;
  /// It as a number that is known at compile time, one for all.
  std::optional<int64_t> getZeroPoint(bool isSigned) const;

  // In all of these new operations are made where they are needed; parameters have `inner` dims of 1 behind the axis, so that they broadcast.

  mlir::Value makeBytes(mlir::ImplicitLocOpBuilder &b, bool isSigned) const;
  /// As i32; null if it is 0.
  mlir::Value makeZeroPoint(mlir::ImplicitLocOpBuilder &b, bool isSigned, int64_t inner) const;
  mlir::Value makeScale(mlir::ImplicitLocOpBuilder &b, int64_t inner) const;

private:
  static std::optional<QuantizedTensor> matchDequantized(DequantizeOp op);
  static std::optional<QuantizedTensor> matchCentered(mlir::Value value);
  /// What the bytes gain when they are taken as signed or unsigned ones.
  int64_t shiftTo(bool isSigned) const;
  mlir::Value alongAxis(mlir::ImplicitLocOpBuilder &b, mlir::Value parameter, int64_t inner) const;

  mlir::Value stored;
  mlir::Value zeroPoint; ///< of the bytes' type or i32; null: 0
  mlir::Value scale;     ///< f32; null: 1, and the tensor is i32
  std::optional<int64_t> axis;
};

} // namespace ingot

#endif
