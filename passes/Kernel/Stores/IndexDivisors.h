// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_STORES_INDEXDIVISORS_H
#define PASSES_KERNEL_STORES_INDEXDIVISORS_H

#include "mlir/IR/OpDefinition.h"

namespace ingot {

/// The largest powers of two that are known to divide index values, from how they are computed: constants, sums, products, minima and maxima,
/// selections, remainders, and the steps of loops. What else a value is made of may be anything: 1.
class IndexDivisors {
public:
  /// At least 1, at most `kMost`, which stands for every larger one, and for 0.
  int64_t of(mlir::Value index);
  int64_t of(mlir::OpFoldResult index);
  static int64_t of(int64_t number);

  static constexpr int64_t kMost = int64_t(1) << 20;

private:
  int64_t compute(mlir::Value index);

  llvm::DenseMap<mlir::Value, int64_t> known;
};

} // namespace ingot

#endif
