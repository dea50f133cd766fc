// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_CALIBRATE_HISTOGRAM_H
#define COMPILER_COMPRESS_CALIBRATE_HISTOGRAM_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace ingot::compress {

/// How the range of an activation is found from what samples make of it.
enum class RangeMethod { MinMax, Percentile, Entropy, Mse };

/// An interval that holds zero.
struct ValueRange {
  double low = 0, high = 0;
};

/// How many values lay where, in bins of equal width, a power of two, with an edge at zero. When values come that lie outside, the width doubles, so
/// any number of samples is taken in one pass, and their order does not matter.
class Histogram {
public:
  /// Values that are no finite numbers are not counted; their number is returned.
  int64_t add(llvm::ArrayRef<float> values);

  uint64_t count() const { return total; }
  /// What was seen, with zero.
  ValueRange extremes() const { return seen; }

  /// The range that a method finds for 256 codes; `percentile` is of Percentile. Inside of `extremes()`.
  ValueRange range(RangeMethod method, double percentile) const;

private:
  void widen(double value);
  ValueRange percentileRange(double percentile) const;
  ValueRange leastSquaresRange() const;
  ValueRange entropyRange() const;
  double centre(size_t bin) const { return (static_cast<double>(first) + static_cast<double>(bin) + 0.5) * width; }

  std::vector<uint64_t> bins;
  int64_t first = 0; ///< bin number of bins[0]; bin number 0 begins at zero
  double width = 0;
  ValueRange seen;
  uint64_t total = 0;
};

} // namespace ingot::compress

#endif
