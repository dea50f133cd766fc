// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_CALIBRATE_SECONDMOMENTS_H
#define COMPILER_COMPRESS_CALIBRATE_SECONDMOMENTS_H

#include "compiler/Compress/Matrix/FloatMatrix.h"
#include "llvm/ADT/ArrayRef.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace ingot::compress {

/// A triangle of a square matrix, in place. What lies on the other side of its diagonal means nothing.
using TriangleView = Eigen::Map<const FloatMatrix, 0, Eigen::OuterStride<>>;

/// The sum of x x^T over rows x of an activation: how much errors of weights cost that meet these rows. Of deep layers these matrices are the most
/// memory that anything takes, so there is one buffer, a column wider than high, for both of a matrix's halves: the moments are its lower triangle
/// and the factors made of them the upper one.
class SecondMoments {
public:
  explicit SecondMoments(int64_t depth) : depth(depth), storage(depth * (depth + 1)) {}

  /// All that moments of this depth ever keep in memory, their factors included.
  static int64_t bytesFor(int64_t depth) { return depth * (depth + 1) * static_cast<int64_t>(sizeof(float)); }

  /// Rows of `depth` values, one behind the other. Rows with NaN or infinities are left out.
  void add(llvm::ArrayRef<float> rows);

  float at(int64_t i, int64_t j) const { return storage[std::max(i, j) * (depth + 1) + std::min(i, j)]; }
  /// The lower triangle.
  TriangleView sums() const { return {storage.data(), depth, depth, Eigen::OuterStride<>(depth + 1)}; }

  /// What the weights after one take over of its error, so that products change least: the upper triangle U with U^T U = H^-1, where H are the damped
  /// moments with rows and columns in the order given (Frantar et al., "GPTQ", 2022). With H = R R^T, R an upper triangle (the Cholesky factor from
  /// the last row to the first), U is R^-1: the inverse of H itself is never formed. The identity when the sums are beyond floats. The same order
  /// again costs nothing; another one, or more rows, end what was returned before.
  TriangleView factors(llvm::ArrayRef<int64_t> order);

  const int64_t depth;

private:
  std::vector<float> storage;         ///< [depth, depth + 1]
  std::vector<int64_t> factoredOrder; ///< of the factors in the upper triangle; empty: there are none
};

} // namespace ingot::compress

#endif
