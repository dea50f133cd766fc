// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Matrix/FloatMatrix.h"

#include "compiler/Compress/Matrix/FloatKernels.h"

namespace ingot::compress {
namespace {

const FloatKernels &kernels() {
#ifdef INGOT_AVX2_KERNELS
  static const FloatKernels &best = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? avx2Kernels : plainKernels;
  return best;
#else
  return plainKernels;
#endif
}

Floats<float> floats(FloatRef &matrix) { return {matrix.data(), matrix.rows(), matrix.cols(), matrix.outerStride()}; }
Floats<const float> floats(const ConstFloatRef &matrix) { return {matrix.data(), matrix.rows(), matrix.cols(), matrix.outerStride()}; }

} // namespace

void addProduct(FloatRef sums, float factor, const ConstFloatRef &left, const ConstFloatRef &right) {
  kernels().addProduct(floats(sums), factor, floats(left), floats(right));
}

void addTransposedProduct(FloatRef sums, float factor, const ConstFloatRef &left, const ConstFloatRef &right) {
  kernels().addTransposedProduct(floats(sums), factor, floats(left), floats(right));
}

void addSymmetricProduct(FloatRef sums, const ConstFloatRef &symmetric, const ConstFloatRef &right) {
  kernels().addSymmetricProduct(floats(sums), floats(symmetric), floats(right));
}

void addSquares(FloatRef sums, const ConstFloatRef &rows) { kernels().addSquares(floats(sums), floats(rows)); }

bool invertedRoot(FloatRef upper) { return kernels().invertedRoot(floats(upper)); }

} // namespace ingot::compress
