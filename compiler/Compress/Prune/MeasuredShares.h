// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_PRUNE_MEASUREDSHARES_H
#define COMPILER_COMPRESS_PRUNE_MEASUREDSHARES_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace ingot::compress {

/// What pruning costs a layer.
struct ErrorCurve {
  int64_t weights = 0;
  std::vector<std::pair<double, double>> points; ///< shares, ascending, and the errors there; the share 0 costs nothing
};

/// The shares of layers, of each at most its last point, that are `sparsity` of all weights together, with the least sum of errors. Between points,
/// errors lie on the lower convex hull, so this is one threshold on errors per weight.
std::vector<double> sharesOfLeastError(llvm::ArrayRef<ErrorCurve> curves, double sparsity);

} // namespace ingot::compress

#endif
