// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TEST_COMPRESS_RANDOMMATRIX_H
#define TEST_COMPRESS_RANDOMMATRIX_H

#include "compiler/Compress/Matrix/FloatMatrix.h"

#include <random>
#include <vector>

namespace ingot::compress {

/// Normally distributed numbers, the same for the same seed.
inline FloatMatrix normal(int64_t rows, int64_t columns, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> distribution;
  FloatMatrix values(rows, columns);
  for (float &value : values.reshaped())
    value = distribution(generator);
  return values;
}

inline std::vector<float> normalValues(int64_t count, unsigned seed) {
  FloatMatrix values = normal(count, 1, seed);
  return {values.data(), values.data() + count};
}

} // namespace ingot::compress

#endif
