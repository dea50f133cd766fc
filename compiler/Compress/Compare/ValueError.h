// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_COMPARE_VALUEERROR_H
#define COMPILER_COMPRESS_COMPARE_VALUEERROR_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>

namespace ingot::compress {

/// How far a value is from what it should be, over some samples.
struct ValueError {
  double maxError = 0;    ///< the largest difference, as a share of the largest magnitude; infinite when something became no number
  double noise = 0;       ///< sum of squared differences as a share of the sum of squares
  double cosine = 1;      ///< of a sample, on average
  double leastCosine = 1; ///< of the worst sample
  double top1 = 1;        ///< share of the rows along the last dim whose largest element is at the same place
  int64_t elements = 0;   ///< of all samples

  /// Signal to noise, in dB; infinite without noise.
  double sqnr() const;
};

/// Adds up what samples show of one value.
class ErrorMeter {
public:
  /// One sample: what the value should be and what it is, with rows of `rowLength`. Elements that are no numbers in the reference do not count.
  void add(llvm::ArrayRef<float> reference, llvm::ArrayRef<float> actual, int64_t rowLength);
  ValueError error() const;

private:
  double largest = 0, largestDifference = 0, signal = 0, noise = 0, cosines = 0, leastCosine = 1;
  int64_t rows = 0, agreeing = 0, samples = 0, elements = 0;
};

/// Each measure at its worst.
ValueError worstOf(const ValueError &left, const ValueError &right);

} // namespace ingot::compress

#endif
