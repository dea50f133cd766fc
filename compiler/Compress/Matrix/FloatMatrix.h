// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_MATRIX_FLOATMATRIX_H
#define COMPILER_COMPRESS_MATRIX_FLOATMATRIX_H

#include <Eigen/Core>

namespace ingot::compress {

using FloatMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
/// A matrix, or a part of one, in place.
using FloatRef = Eigen::Ref<FloatMatrix, 0, Eigen::OuterStride<>>;
using ConstFloatRef = Eigen::Ref<const FloatMatrix, 0, Eigen::OuterStride<>>;

/// Products of large matrices, with the best instructions that the CPU has. Everything else is Eigen's business.

/// sums += factor * left * right.
void addProduct(FloatRef sums, float factor, const ConstFloatRef &left, const ConstFloatRef &right);
/// sums += factor * left^T * right.
void addTransposedProduct(FloatRef sums, float factor, const ConstFloatRef &left, const ConstFloatRef &right);
/// sums += symmetric * right; only the lower triangle of `symmetric` is read.
void addSymmetricProduct(FloatRef sums, const ConstFloatRef &symmetric, const ConstFloatRef &right);
/// sums += rows^T * rows; only the lower triangle of `sums` is written.
void addSquares(FloatRef sums, const ConstFloatRef &rows);
/// In place of the upper triangle of a symmetric matrix H, the upper triangle U with U^T U = H^-1; false where H is not positive definite. Takes
/// about 1 KB of memory for each row beside it. The lower triangle is neither read nor written.
bool invertedRoot(FloatRef upper);

} // namespace ingot::compress

#endif
