// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiled once for each set of instructions (CMakeLists.txt), with a name of its own for the table and for Eigen's namespace: functions of the same
// name would be one to the linker, and a CPU without AVX2 could be given those that use it. So nothing but Eigen may be used here.
#include "compiler/Compress/Matrix/FloatKernels.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>

namespace ingot::compress {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using View = Eigen::Map<Matrix, 0, Eigen::OuterStride<>>;
using ConstView = Eigen::Map<const Matrix, 0, Eigen::OuterStride<>>;

View view(Floats<float> floats) { return {floats.data, floats.rows, floats.columns, Eigen::OuterStride<>(floats.stride)}; }
ConstView view(Floats<const float> floats) { return {floats.data, floats.rows, floats.columns, Eigen::OuterStride<>(floats.stride)}; }

void addProduct(Floats<float> sums, float factor, Floats<const float> left, Floats<const float> right) {
  view(sums).noalias() += factor * view(left) * view(right);
}

void addTransposedProduct(Floats<float> sums, float factor, Floats<const float> left, Floats<const float> right) {
  view(sums).noalias() += factor * view(left).transpose() * view(right);
}

void addSymmetricProduct(Floats<float> sums, Floats<const float> symmetric, Floats<const float> right) {
  view(sums).noalias() += view(symmetric).selfadjointView<Eigen::Lower>() * view(right);
}

void addSquares(Floats<float> sums, Floats<const float> rows) {
  View lower = view(sums);
  lower.selfadjointView<Eigen::Lower>().rankUpdate(view(rows).transpose());
}

/// Rows and columns that are worked on together: what is not in place takes so many rows of the matrix.
constexpr int64_t kBlock = 128;

/// R with R R^T = H, an upper triangle, in place of that of H: the Cholesky factor from the last row to the first.
bool factorBackwards(View h) {
  for (int64_t from = (h.rows() - 1) / kBlock * kBlock; from >= 0; from -= kBlock) {
    int64_t count = h.rows() - from < kBlock ? h.rows() - from : kBlock;
    auto diagonal = h.block(from, from, count, count), above = h.block(0, from, from, count), rest = h.block(0, 0, from, from);
    Matrix backwards = diagonal.reverse();
    if (Eigen::LLT<Eigen::Ref<Matrix>>(backwards).info() != Eigen::Success)
      return false;
    diagonal.triangularView<Eigen::Upper>() = backwards.reverse();
    diagonal.triangularView<Eigen::Upper>().transpose().solveInPlace<Eigen::OnTheRight>(above);
    rest.selfadjointView<Eigen::Upper>().rankUpdate(above, -1);
  }
  return true;
}

/// The inverse of an upper triangle, in its place.
void invertTriangle(View r) {
  for (int64_t from = 0; from < r.rows(); from += kBlock) {
    int64_t count = r.rows() - from < kBlock ? r.rows() - from : kBlock;
    auto diagonal = r.block(from, from, count, count), above = r.block(0, from, from, count), done = r.block(0, 0, from, from);
    if (from > 0) { // Eigen's product divides by the number of rows
      Matrix product = done.triangularView<Eigen::Upper>() * above;
      diagonal.triangularView<Eigen::Upper>().solveInPlace<Eigen::OnTheRight>(product);
      above = -product;
    }
    Matrix inverse = Matrix::Identity(count, count);
    diagonal.triangularView<Eigen::Upper>().solveInPlace(inverse);
    diagonal.triangularView<Eigen::Upper>() = inverse;
  }
}

bool invertedRoot(Floats<float> upper) {
  if (!factorBackwards(view(upper)))
    return false;
  invertTriangle(view(upper));
  return true;
}

} // namespace

extern const FloatKernels INGOT_FLOAT_KERNELS = {addProduct, addTransposedProduct, addSymmetricProduct, addSquares, invertedRoot};

} // namespace ingot::compress
