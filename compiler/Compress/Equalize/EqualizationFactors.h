// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_EQUALIZE_EQUALIZATIONFACTORS_H
#define COMPILER_COMPRESS_EQUALIZE_EQUALIZATIONFACTORS_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace ingot::compress {

/// The largest magnitude of the weights between each output and each input of a layer, [outputs, inputs of a group].
struct LayerMagnitudes {
  int64_t outputs = 0, groupInputs = 0, groups = 1;
  std::vector<float> largest;

  int64_t inputs() const { return groups * groupInputs; }
  /// The input that output `output` multiplies by its weight `groupInput`.
  int64_t inputOf(int64_t output, int64_t groupInput) const { return output / (outputs / groups) * groupInputs + groupInput; }
};

/// The outputs of a layer are the inputs of another one, but for operators that pass on positive factors. Input i is made of output
/// i / (inputs / outputs).
struct LayerLink {
  int first = 0, second = 0;
};

/// For each link the factors s of its channels: the outputs of the first layer are divided by s, the inputs of the second multiplied by it. Then the
/// largest weights are the same on both sides of a channel, as s = sqrt(range 1 / range 2) makes them (Nagel et al., 2019); links that share a layer
/// are settled in turns. A channel of zeros has the factor 1.
std::vector<std::vector<double>> equalizationFactors(std::vector<LayerMagnitudes> layers, llvm::ArrayRef<LayerLink> links);

} // namespace ingot::compress

#endif
