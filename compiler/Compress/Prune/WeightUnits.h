// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_PRUNE_WEIGHTUNITS_H
#define COMPILER_COMPRESS_PRUNE_WEIGHTUNITS_H

#include "compiler/Compress/Prune/WeightMatrix.h"

namespace ingot::compress {

/// A matrix [depth, channels] divided into blocks, numbered row by row, that are pruned whole. Blocks at the ends may be smaller.
struct WeightUnits {
  int64_t depth, channels, rows = 1, columns = 1; ///< rows and columns of a block

  int64_t unitRows() const { return (depth + rows - 1) / rows; }
  int64_t unitColumns() const { return (channels + columns - 1) / columns; }
  int64_t count() const { return unitRows() * unitColumns(); }
  int64_t unitOf(int64_t k, int64_t channel) const { return k / rows * unitColumns() + channel / columns; }
  int64_t sizeOf(int64_t unit) const;
};

/// How much each unit matters: the mean of w^2, times the importance of the weight's input if given (one for each of the depth).
std::vector<float> unitScores(const WeightMatrix &weights, const WeightUnits &units, llvm::ArrayRef<float> importance = {});

/// Which `count` units have the least scores; of equal ones the first.
std::vector<bool> leastUnits(llvm::ArrayRef<float> scores, int64_t count);

/// The same with an equal number of each output of units of one weight: Wanda compares the weights of an output (Sun et al., "A simple and effective
/// pruning approach for large language models", 2023).
std::vector<bool> leastOfEachOutput(llvm::ArrayRef<float> scores, const WeightUnits &units, double share);

/// Of each four consecutive inputs of an output the two of least score; of three at the end of the depth, one. Units are single weights.
std::vector<bool> twoOfEachFour(llvm::ArrayRef<float> scores, const WeightUnits &units);

/// Zeros the weights of the marked units.
void clearUnits(WeightMatrix &weights, const WeightUnits &units, const std::vector<bool> &marked);

} // namespace ingot::compress

#endif
