// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_PRUNE_SPARSITYBUDGET_H
#define COMPILER_COMPRESS_PRUNE_SPARSITYBUDGET_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace ingot::compress {

/// Divides what is to be pruned among layers by one threshold over all of them. Scores are squares; that of a unit counts as a share of the sum of
/// its own and all larger ones of its layer, so neither the scale of a layer nor what is pruned before matters, and the largest unit of each layer
/// has 1 (Lee et al., "Layer-adaptive sparsity for the magnitude-based pruning", 2021). Keeps a histogram of a layer, no scores.
class SparsityBudget {
public:
  /// Adds a layer of units, each of which is `weights` / scores.size() weights.
  void addLayer(llvm::ArrayRef<float> scores, int64_t weights);

  /// The shares of the layers' units whose sum, in weights, is `sparsity` of all. None is above `most`, which is at least `sparsity`.
  std::vector<double> shares(double sparsity, double most) const;

private:
  struct Layer {
    std::vector<uint32_t> bins;
    int64_t units = 0, weights = 0;
  };
  static double shareBelow(const Layer &layer, int bin, double part);

  std::vector<Layer> layers;
};

} // namespace ingot::compress

#endif
