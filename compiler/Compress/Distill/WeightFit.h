// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_DISTILL_WEIGHTFIT_H
#define COMPILER_COMPRESS_DISTILL_WEIGHTFIT_H

#include "compiler/Compress/Calibrate/SecondMoments.h"

#include <optional>
#include <vector>

namespace ingot::compress {

/// What samples show of a product whose weights are to be changed: sums over rows x of its inputs and rows r of what its results lack.
class FitSums {
public:
  FitSums(int64_t depth, int64_t channels);

  /// Rows of `depth` inputs and of `channels` residuals, as many of both. Those with NaN or infinities are left out.
  void add(llvm::ArrayRef<float> inputs, llvm::ArrayRef<float> residuals);
  /// Sum of squares of r - (x change + shifts); `change` is [depth, channels], or empty for none.
  double squaredError(const FloatMatrix &change, llvm::ArrayRef<float> shifts) const;
  /// Shifts that are best with a change of the weights.
  std::vector<float> shiftsFor(const FloatMatrix &change) const;

  /// The sums of products of centred rows: [depth, depth] and [depth, channels].
  FloatMatrix centredMoments() const;
  FloatMatrix centredProducts() const;
  int64_t depth() const { return moments.depth; }

private:
  SecondMoments moments;
  FloatMatrix products; ///< sum of x r^T
  Eigen::VectorXd inputSums, residualSums;
  double residualSquares = 0, rows = 0;
};

/// Which changes of weights [depth, channels] a fit may make: factors times `directions`, with one factor for `block` consecutive inputs of an
/// output. Single weights that are free have 1 and those that must stay 0; a scale of a block of codes has the weights themselves.
struct FitBasis {
  FloatMatrix directions = {};
  int64_t block = 1;
  /// Of factors; none: any.
  std::optional<float> least = std::nullopt, most = std::nullopt;

  /// That of some of the outputs.
  FitBasis ofOutputs(int64_t from, int64_t count) const { return {directions.middleCols(from, count), block, least, most}; }

  int64_t blocks() const { return (directions.rows() + block - 1) / block; }
  /// The change of weights that factors [blocks, channels] mean.
  FloatMatrix change(const FloatMatrix &factors) const;
  /// The sum over each block of a matrix [depth, channels], times the directions.
  FloatMatrix gathered(const FloatMatrix &values) const;
};

struct WeightFit {
  FloatMatrix factors; ///< [blocks, channels]
  std::vector<float> shifts;
};

/// The factors and shifts with the least squared error: preconditioned conjugate gradients (Hestenes and Stiefel, "Methods of conjugate gradients for
/// solving linear systems", 1952) on the normal equations, of all outputs at once. Changes are drawn to 0 by so much as the damping says, a share of
/// the mean diagonal of the moments; of several strengths, from the strongest on, the one that `judge`, sums over other samples, finds best. None
/// when it finds no change better than shifts alone.
std::optional<WeightFit> fitWeights(const FitSums &seen, const FitSums &judge, const FitBasis &basis);

} // namespace ingot::compress

#endif
