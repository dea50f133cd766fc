// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_PRUNE_WEIGHTMATRIX_H
#define COMPILER_COMPRESS_PRUNE_WEIGHTMATRIX_H

#include "compiler/Compress/Edit/Products.h"

namespace ingot::compress {

/// The weights of a product, in memory as they are stored, seen as a matrix [depth, channels]. The depth of a convolution goes through the input
/// channels of a tap before the next tap, so what is consecutive there is consecutive in memory when the model runs.
class WeightMatrix {
public:
  static absl::StatusOr<WeightMatrix> read(const ModelEditor &editor, const Weights &weights);
  WeightMatrix(const Weights &weights, std::vector<float> values);

  const int64_t depth, channels;
  float &at(int64_t k, int64_t channel) { return values[depthOffsets[k] + channel * channelStride]; }
  float at(int64_t k, int64_t channel) const { return values[depthOffsets[k] + channel * channelStride]; }
  const std::vector<float> &stored() const { return values; }
  int64_t countZeros() const;

private:
  int64_t channelStride;
  std::vector<int64_t> depthOffsets;
  std::vector<float> values;
};

} // namespace ingot::compress

#endif
