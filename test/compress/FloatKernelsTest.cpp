// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Matrix/FloatKernels.h"
#include "compiler/Compress/Matrix/FloatMatrix.h"
#include "test/compress/RandomMatrix.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace ingot::compress {
namespace {

using Doubles = Eigen::MatrixXd;

/// The part of a wider matrix behind its first column: rows do not begin where vectors do.
Floats<float> part(FloatMatrix &wide) { return {wide.data() + 1, wide.rows(), wide.cols() - 1, wide.cols()}; }
Floats<const float> part(const FloatMatrix &wide) { return {wide.data() + 1, wide.rows(), wide.cols() - 1, wide.cols()}; }
Doubles exact(const FloatMatrix &wide) { return wide.rightCols(wide.cols() - 1).cast<double>(); }

/// Those that this CPU can run.
std::vector<const FloatKernels *> usable() {
  std::vector<const FloatKernels *> result = {&plainKernels};
#ifdef INGOT_AVX2_KERNELS
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    result.push_back(&avx2Kernels);
#endif
  return result;
}

constexpr int64_t kRows = 150, kColumns = 70, kInner = 131;
constexpr double kClose = 1e-4; // of sums of 131 products of size 1

TEST(FloatKernels, MultiplyAndAdd) {
  const FloatMatrix left = normal(kRows, kInner + 1, 1), across = normal(kInner, kRows + 1, 2), right = normal(kInner, kColumns + 1, 3);
  for (const FloatKernels *kernels : usable()) {
    FloatMatrix sums = normal(kRows, kColumns + 1, 4);
    Doubles expected = exact(sums) - 2 * exact(left) * exact(right);
    kernels->addProduct(part(sums), -2, part(left), part(right));
    EXPECT_LT((exact(sums) - expected).cwiseAbs().maxCoeff(), kClose);
    expected += 0.5 * exact(across).transpose() * exact(right);
    kernels->addTransposedProduct(part(sums), 0.5, part(across), part(right));
    EXPECT_LT((exact(sums) - expected).cwiseAbs().maxCoeff(), kClose);
  }
}

TEST(FloatKernels, ReadAndWriteTheLowerTriangleOfSymmetricMatrices) {
  const FloatMatrix rows = normal(kRows, kInner + 1, 5), right = normal(kInner, kColumns + 1, 6);
  for (const FloatKernels *kernels : usable()) {
    FloatMatrix squares = FloatMatrix::Constant(kInner, kInner + 1, 7), sums = FloatMatrix::Zero(kInner, kColumns + 1);
    kernels->addSquares(part(squares), part(rows));
    Doubles expected = exact(rows).transpose() * exact(rows) + Doubles::Constant(kInner, kInner, 7), got = exact(squares);
    for (int64_t i = 0; i < kInner; ++i)
      for (int64_t j = 0; j < kInner; ++j)
        ASSERT_NEAR(got(i, j), j <= i ? expected(i, j) : 7, kClose);
    kernels->addSymmetricProduct(part(sums), part(std::as_const(squares)), part(right));
    EXPECT_LT((exact(sums) - expected * exact(right)).cwiseAbs().maxCoeff(), 50 * kClose); // the matrix's elements are up to 200
  }
}

TEST(FloatKernels, InvertedRootIsOfTheUpperTriangleAlone) {
  const FloatMatrix rows = normal(2 * kInner, kInner, 8);
  for (const FloatKernels *kernels : usable()) {
    FloatMatrix h = rows.transpose() * rows;
    Doubles symmetric = h.cast<double>();
    h.triangularView<Eigen::StrictlyLower>().setConstant(-3);
    ASSERT_TRUE(kernels->invertedRoot({h.data(), kInner, kInner, kInner}));
    Doubles upper = h.cast<double>().triangularView<Eigen::Upper>();
    EXPECT_LT((upper.transpose() * upper * symmetric - Doubles::Identity(kInner, kInner)).cwiseAbs().maxCoeff(), 1e-3);
    for (int64_t i = 0; i < kInner; ++i)
      for (int64_t j = 0; j < i; ++j)
        ASSERT_EQ(h(i, j), -3);
  }
}

TEST(FloatKernels, NotPositiveIsSaid) {
  for (const FloatKernels *kernels : usable()) {
    FloatMatrix h = FloatMatrix::Identity(kInner, kInner);
    h(1, 1) = -1;
    EXPECT_FALSE(kernels->invertedRoot({h.data(), kInner, kInner, kInner}));
  }
}

} // namespace
} // namespace ingot::compress
