// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Prune/WeightMatrix.h"

#include <algorithm>

namespace ingot::compress {

absl::StatusOr<WeightMatrix> WeightMatrix::read(const ModelEditor &editor, const Weights &weights) {
  absl::StatusOr<std::vector<float>> values = readFloats(editor, weights.name);
  if (!values.ok())
    return values.status();
  return WeightMatrix(weights, std::move(*values));
}

WeightMatrix::WeightMatrix(const Weights &weights, std::vector<float> values)
    : depth(weights.depth), channels(weights.channels), channelStride(weights.channelStride), depthOffsets(depth), values(std::move(values)) {
  int64_t inputs = weights.dims.size() > 2 ? weights.dims[1] : depth, taps = depth / inputs;
  for (int64_t k = 0; k < depth; ++k)
    depthOffsets[k] = (k % inputs * taps + k / inputs) * weights.depthStride;
}

int64_t WeightMatrix::countZeros() const { return std::count(values.begin(), values.end(), 0.0F); }

} // namespace ingot::compress
