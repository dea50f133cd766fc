// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_BUDGET_DISTILL_H
#define COMPILER_COMPRESS_BUDGET_DISTILL_H

#include "compiler/Compress/Budget/ModelError.h"
#include "compiler/Compress/Edit/WorkFolder.h"

namespace ingot::compress {

/// What is fitted to the original layers: nothing, what is added to each channel, or what it is multiplied by as well.
enum class Fit { None, Bias, BiasAndScales };

/// A layer that was fitted, and its error against the original layer on samples that were not used for it, as `ValueError::noise`.
struct FittedLayer {
  std::string node;
  double before = 0, after = 0; ///< equal when the fit was undone because it made the layer no better
};

/// Of one channel: what a fit makes of it, and sums over samples from which it is found.
class ChannelFit {
public:
  void add(double wanted, double got);
  /// Least squares. Scales are drawn to 1 by as much as a hundredth of what was seen, so that channels that hardly vary keep theirs.
  std::pair<double, double> scaleAndShift(bool withScale) const;
  /// Sum of squares of wanted - (scale * got + shift).
  double squaredError(double scale, double shift) const;
  double wantedSquares() const { return wantedSquared; }

private:
  double count = 0, wantedSum = 0, gotSum = 0, wantedSquared = 0, gotSquared = 0, products = 0;
};

/// Fits the layers of a quantised model one after the other: a layer's input comes from the layers before it, as they are fitted, and its result is
/// brought near to that of the original layer. The constants of the model are changed, and an Add stands behind products that have no bias. A fifth
/// of the samples judges. Writes `output`.
absl::StatusOr<std::vector<FittedLayer>> fitLayers(const ErrorReference &reference, const std::string &compressed, const std::string &output,
                                                   const WorkFolder &folder, Fit fit, bool externalData);

} // namespace ingot::compress

#endif
