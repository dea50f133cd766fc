// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_QUANTIZE_ACTIVATIONAWARESEARCH_H
#define COMPILER_COMPRESS_QUANTIZE_ACTIVATIONAWARESEARCH_H

#include "compiler/Compress/Quantize/SmoothingSearch.h"
#include "compiler/Compress/Quantize/WeightRounding.h"

namespace ingot::compress {

/// Finds factors by which the weights that meet a channel of an activation are multiplied before they are rounded, and the channel divided: weights
/// that meet large channels are rounded more finely, at the cost of the others in their block (Lin et al., "AWQ: activation-aware weight
/// quantization", 2023). Candidates are the root mean squares of the channels to powers from 0 to 1; the best one has the least expected squared
/// error of products, rounding errors of different weights being independent.
class ActivationAwareSearch {
public:
  ActivationAwareSearch(const ActivationChannels &activation, const WeightGrid &grid, int64_t block);

  /// The weights of a channel of results, of any product that reads the activation.
  void addWeights(llvm::ArrayRef<float> weights);

  SmoothingSearch::Found best() const;

private:
  struct Candidate {
    std::vector<float> factors;
    double noise = 0;
  };
  std::vector<double> squares;
  WeightGrid grid;
  int64_t block;
  std::vector<Candidate> candidates; ///< the first one has factors of 1
};

} // namespace ingot::compress

#endif
