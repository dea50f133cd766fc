// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_DISTILL_CHANNELFIT_H
#define COMPILER_COMPRESS_DISTILL_CHANNELFIT_H

#include <utility>

namespace ingot::compress {

/// Of one channel: what a fit makes of it, and sums over samples from which it is found.
class ChannelFit {
public:
  void add(double wanted, double got);
  /// Least squares. Scales are drawn to 1 by as much as a hundredth of what was seen, so that channels that hardly vary keep theirs.
  std::pair<double, double> scaleAndShift(bool withScale, bool withShift = true) const;
  /// Sum of squares of wanted - (scale * got + shift).
  double squaredError(double scale, double shift) const;
  double wantedSquares() const { return wantedSquared; }

private:
  double count = 0, wantedSum = 0, gotSum = 0, wantedSquared = 0, gotSquared = 0, products = 0;
};

} // namespace ingot::compress

#endif
