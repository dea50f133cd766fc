// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/RegisterTranspose.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot {

SmallVector<Value> transposeRegisters(ImplicitLocOpBuilder &b, ArrayRef<Value> rows, int64_t lanes) {
  SmallVector<Value> current(rows);
  // Rows that are missing only ever land in lanes that nobody reads.
  current.resize(lanes, rows.front());
  // Exchange blocks of `block` x `block` elements across the diagonal, smallest last: whole-register halves first keep the wide shuffles cheap.
  for (int64_t block = lanes / 2; block >= 1; block /= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t i = 0; i < lanes; ++i) {
      bool second = (i & block) != 0;
      low.push_back(second ? lanes + i - block : i);
      high.push_back(second ? lanes + i : i + block);
    }
    for (int64_t i = 0; i < lanes; ++i) {
      if (i & block)
        continue;
      Value x = current[i], y = current[i + block];
      current[i] = vector::ShuffleOp::create(b, x, y, low);
      current[i + block] = vector::ShuffleOp::create(b, x, y, high);
    }
  }
  return current;
}

SmallVector<Value> permuteRegisters(ImplicitLocOpBuilder &b, ArrayRef<Value> rows, int64_t results, int64_t lanes,
                                    llvm::function_ref<std::pair<int64_t, int64_t>(int64_t, int64_t)> from) {
  SmallVector<Value> permuted;
  for (int64_t k = 0; k < results; ++k) {
    Value merged;
    for (auto [row, source] : llvm::enumerate(rows)) {
      // Lanes that come from this row join those that earlier rows have filled.
      SmallVector<int64_t> mask;
      bool used = false;
      for (int64_t i = 0; i < lanes; ++i) {
        auto [wanted, lane] = from(k, i);
        bool here = wanted == static_cast<int64_t>(row);
        used |= here;
        mask.push_back(here ? (merged ? lanes + lane : lane) : merged && wanted >= 0 && wanted < static_cast<int64_t>(row) ? i : -1);
      }
      if (used)
        merged = vector::ShuffleOp::create(b, merged ? merged : source, source, mask);
    }
    permuted.push_back(merged ? merged : rows.front());
  }
  return permuted;
}

} // namespace ingot
