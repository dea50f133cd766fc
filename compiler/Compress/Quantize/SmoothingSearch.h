// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_QUANTIZE_SMOOTHINGSEARCH_H
#define COMPILER_COMPRESS_QUANTIZE_SMOOTHINGSEARCH_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace ingot::compress {

/// What samples tell of the channels of an activation: the elements along its last dim.
struct ActivationChannels {
  explicit ActivationChannels(int64_t depth) : low(depth), high(depth), squares(depth) {}

  /// Rows of `depth` values, one behind the other. Values that are no finite numbers are left out.
  void add(llvm::ArrayRef<float> rows);
  std::vector<float> largest() const; ///< magnitudes

  std::vector<float> low, high; ///< with zero between
  std::vector<double> squares;  ///< sums of them
  int64_t rows = 0;
};

/// For each channel, max|x|^strength / max|w|^(1 - strength), which moves what is hard to quantise from activations to weights (Xiao et al.,
/// "SmoothQuant", 2023). 1 where either is 0.
std::vector<float> smoothingFactors(llvm::ArrayRef<float> activations, llvm::ArrayRef<float> weights, double strength);

/// Finds factors by which an activation's channels are divided, and the weights that meet them multiplied. Rounding to steps s is noise of s^2 / 12
/// (activations: one step for all channels; weights: one for each channel of results), and a product's noise is that of either side times the square
/// of the other one. Candidates are SmoothQuant's factors of several strengths, with and without the weights' part.
class SmoothingSearch {
public:
  /// `largestWeights`: magnitudes of weights that meet each channel, in all products.
  SmoothingSearch(const ActivationChannels &activation, llvm::ArrayRef<float> largestWeights);

  /// The weights of a channel of results, of any product that reads the activation.
  void addWeights(llvm::ArrayRef<float> weights);

  struct Found {
    std::vector<float> factors;
    double gain = 1; ///< expected squared error with them over that without; 1: factors of 1
  };
  Found best() const;

private:
  struct Candidate {
    std::vector<float> factors;
    double step = 0, energy = 0;                ///< the activation's step; the sum of squares of what is left of it
    double fromActivation = 0, fromWeights = 0; ///< noise, but for constant factors
  };
  std::vector<Candidate> candidates; ///< the first one has factors of 1
};

} // namespace ingot::compress

#endif
