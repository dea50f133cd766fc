// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_BLOCKS_SPLITACTIVATIONS_H
#define PASSES_KERNEL_BLOCKS_SPLITACTIVATIONS_H

#include "passes/Kernel/Blocks/BlockShape.h"

namespace ingot {

/// The thread's memory for rows of integers, seen as each of the types that lie in it.
struct SplitRows {
  SplitRows(mlir::ImplicitLocOpBuilder &b, mlir::Value scratch, int64_t size);

  mlir::Value bytes, integers, floats;
};

/// Writes the row of integers that stands for a row of activations, a block after the other: each number is rounded to a multiple of the block's
/// step,
///
///   1 byte    step = largest / 127            number = step * (b0)
///   4 bytes   step = 2^(exponent - 29)        number = step * (b0 + 2^8 b1 + 2^16 b2 + 2^24 b3)
///
/// with signed bytes. Where a number is infinite or NaN, the step is, too, and all integers of the block are 0. What sums begin with is -8 times the
/// sum of the bytes, because a weight w is stored as w + 8.
class SplitActivations {
public:
  SplitActivations(mlir::ImplicitLocOpBuilder &b, const BlockShape &shape, const SplitRows &rows, mlir::Value activations)
      : b(b), s(shape), rows(rows), activations(activations) {}

  /// Of the row that begins at `from` in the flat buffer of activations, to row `to` (index) of the thread's memory.
  void emit(mlir::Value from, mlir::Value to);

private:
  /// Of block `number`, of which `present` activations exist.
  void emitBlock(mlir::Value from, mlir::Value to, mlir::Value number, int64_t present);
  struct Step {
    mlir::Value step, perStep, isFinite;
  };
  Step chooseStep(mlir::Value largestBits);

  mlir::ImplicitLocOpBuilder &b;
  const BlockShape &s;
  const SplitRows &rows;
  mlir::Value activations;
};

} // namespace ingot

#endif
