// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_MATRIX_FLOATKERNELS_H
#define COMPILER_COMPRESS_MATRIX_FLOATKERNELS_H

#include <cstdint>

namespace ingot::compress {

/// Rows of floats that lie `stride` floats apart.
template <typename Float> struct Floats {
  Float *data;
  int64_t rows, columns, stride;
};

/// Arithmetic on matrices whose time counts. FloatKernels.cpp is compiled once for each set of instructions; nothing of Eigen may stand here, since
/// its types are others in each.
struct FloatKernels {
  /// sums += factor * left * right; of the second one, left^T * right.
  void (*addProduct)(Floats<float> sums, float factor, Floats<const float> left, Floats<const float> right);
  void (*addTransposedProduct)(Floats<float> sums, float factor, Floats<const float> left, Floats<const float> right);
  /// sums += symmetric * right, where `symmetric` is known by its lower triangle.
  void (*addSymmetricProduct)(Floats<float> sums, Floats<const float> symmetric, Floats<const float> right);
  /// The lower triangle of sums += rows^T * rows.
  void (*addSquares)(Floats<float> sums, Floats<const float> rows);
  /// In place of the upper triangle of a symmetric matrix H, the upper triangle U with U^T U = H^-1. False where H is not positive definite; what is
  /// left then means nothing. The lower triangle is neither read nor written.
  bool (*invertedRoot)(Floats<float> upper);
};

extern const FloatKernels plainKernels; ///< with what every CPU of the architecture has
#ifdef INGOT_AVX2_KERNELS
extern const FloatKernels avx2Kernels; ///< with AVX2 and FMA
#endif

} // namespace ingot::compress

#endif
