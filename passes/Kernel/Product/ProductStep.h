// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_PRODUCT_PRODUCTSTEP_H
#define PASSES_KERNEL_PRODUCT_PRODUCTSTEP_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ingot {

/// What one step of a product's reduction multiplies, and how that lies in memory: one element of a left row with one of each column, or a group of
/// neighbours whose products are added up. Sums are f32.
///
///   left  right      group
///   f32   f32        1      sum = fma(left, right, sum)
///   f32   f16, bf16  1      the same; elements of the right side are widened when they are loaded
///   bf16  bf16       2      sum += left[0] * right[0] + left[1] * right[1]: an instruction of AVX-512 BF16, for which `ingot-expand-math` writes
///                           others where the processor does not have it
class ProductStep {
public:
  /// Steps of f32.
  ProductStep() = default;
  ProductStep(mlir::Type left, mlir::Type right, int64_t group) : left(left), right(right), group(group) {}

  /// Whether there is a row for these operands in the table above.
  bool exists() const;
  int64_t getGroup() const { return group; }

  /// What lies at `at` in a flat buffer of the left side, as one scalar to broadcast. Of the last group of a row only `present` elements may exist.
  mlir::Value loadLeft(mlir::ImplicitLocOpBuilder &b, mlir::Value buffer, mlir::Value at, int64_t present) const;
  /// `lanes` columns from `at` on in a flat buffer of the right side.
  mlir::Value loadRight(mlir::ImplicitLocOpBuilder &b, mlir::Value buffer, mlir::Value at, int64_t lanes) const;
  /// The next sums, of what the two above gave.
  mlir::Value multiplyAdd(mlir::ImplicitLocOpBuilder &b, mlir::Value left, mlir::Value right, mlir::Value sum) const;

private:
  mlir::Type left, right;
  int64_t group = 1;
};

/// Whether `op` multiplies pairs of bf16.
bool isPairProduct(mlir::Operation *op);
/// What it computes, with instructions that every processor has.
mlir::Value expandPairProduct(mlir::ImplicitLocOpBuilder &b, mlir::Operation *op);

} // namespace ingot

#endif
