// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_PRODUCT_PRODUCTSTEP_H
#define PASSES_KERNEL_PRODUCT_PRODUCTSTEP_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ingot {

/// What one step of a product's reduction multiplies, and how that lies in memory: one element of a left row with one of each column, or a group of
/// neighbours whose products are added up.
///
///   left  right      group  sums
///   f32   f32        1      f32   sum = fma(left, right, sum)
///   f32   f16, bf16  1      f32   the same; elements of the right side are widened when they are loaded
///   f32   f8         1      f32   the same, of f8E4M3FN and f8E5M2
///   bf16  bf16       2      f32   sum += left[0] * right[0] + left[1] * right[1]: an instruction of AVX-512 BF16
///   ui8   i8         4, 1   i32   sum += left[0] * right[0] + .. + left[3] * right[3]: an instruction of AVX-512 VNNI; single ones are widened
///
/// Where the processor does not have the instruction, `ingot-expand-math` writes others.
class ProductStep {
public:
  /// Steps of f32.
  ProductStep() = default;
  ProductStep(mlir::Type left, mlir::Type right, int64_t group) : left(left), right(right), group(group) {}

  /// Whether there is a row for these operands in the table above.
  bool exists() const;
  int64_t getGroup() const { return group; }
  bool multipliesBytes() const { return group == 4; }
  mlir::Type getSumType(mlir::MLIRContext *context) const;

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

/// On a product of groups of bytes whose left ones are all less than 128: two of its products fit into 16 bits together.
inline constexpr llvm::StringLiteral kSmallLeft = "ingot.small_left";

/// Which instructions for groups the processor has.
struct GroupInstructions {
  bool bf16Pairs;    ///< AVX-512 BF16
  bool byteGroups;   ///< AVX-512 VNNI
  bool wordPairs;    ///< products of 16-bit integers, added up in pairs: x86
  bool wide = false; ///< those for words take 512 bits at once
};

/// Whether `op` multiplies groups by an instruction that is not among `those`.
bool needsExpansion(mlir::Operation *op, const GroupInstructions &those);
/// What such an operation computes, with the instructions that there are.
mlir::Value expandGroupProduct(mlir::ImplicitLocOpBuilder &b, mlir::Operation *op, const GroupInstructions &those);

} // namespace ingot

#endif
