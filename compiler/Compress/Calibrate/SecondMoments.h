// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_CALIBRATE_SECONDMOMENTS_H
#define COMPILER_COMPRESS_CALIBRATE_SECONDMOMENTS_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace ingot::compress {

/// The sum of x x^T over rows x of an activation: how much errors of weights cost that meet these rows.
class SecondMoments {
public:
  explicit SecondMoments(int64_t depth) : depth(depth), sums(depth * depth) {}

  /// Rows of `depth` values, one behind the other. Rows with NaN or infinities are left out.
  void add(llvm::ArrayRef<float> rows);

  const int64_t depth;
  std::vector<float> sums; ///< row by row; the lower triangle is filled
};

} // namespace ingot::compress

#endif
