// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_ELEMENTWISE_CONSTANTQUANTIZATION_H
#define PASSES_KERNEL_ELEMENTWISE_CONSTANTQUANTIZATION_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ingot {

/// A chain of operations on f32 that ends in a cast to 8 bits,
///
///   cast(min(max(round_even(x / scale) + point, low), high))
///
/// with numbers that are known, of which `scale` and `point` may be missing. It takes half of the instructions when it is computed as one, with the
/// same result for every number, infinities included:
/// - x is clamped from above in front of the division, to what the bound is times the scale, instead of behind it; then nothing overflows upwards;
/// - x / scale is q + (x - q scale) r with r = 1 / scale, q = x r and two fused multiply-adds, which is the quotient correctly rounded
/// (docs/Compression.md);
/// - the conversion to integers rounds, and makes the smallest integer of what is far below; these are clamped from below, and the point is added.
/// NaN, for which ONNX defines nothing, becomes 0, or the point where the processor converts it to 0 (AArch64).
struct ConstantQuantization {
  mlir::Value x;
  float scale;
  int32_t point, low, high;

  /// The chain that ends in `op`; nothing if there is none, or if its numbers are such that an intermediate result may be a denormal number.
  static std::optional<ConstantQuantization> match(mlir::Operation *op);
  /// Of a scalar or a vector of f32.
  mlir::Value emit(mlir::ImplicitLocOpBuilder &b, mlir::Value x) const;
};

/// The number that every element of `operand` is, if that is known.
std::optional<double> getSplatNumber(mlir::Value operand);

} // namespace ingot

#endif
