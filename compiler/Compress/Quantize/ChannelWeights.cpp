// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Quantize/ChannelWeights.h"

#include "compiler/Compress/Quantize/WeightRounding.h"

#include <algorithm>

namespace ingot::compress {

absl::StatusOr<ChannelWeights> storeChannels(ModelEditor &editor, const Weights &weights, int bits, bool transposed,
                                             llvm::ArrayRef<float> leastScales) {
  absl::StatusOr<ChannelReader> reader = ChannelReader::open(editor, weights);
  if (!reader.ok())
    return reader.status();
  ChannelWeights result{editor.newName(weights.name + "_quantized"), editor.newName(weights.name + "_scale"), {}};
  int most = (1 << (bits - 1)) - 1;
  std::vector<int8_t> codes(weights.channels * weights.depth);
  std::vector<float> channel(weights.depth);
  for (int64_t i = 0; i < weights.channels; ++i) {
    reader->read(i, channel);
    float scale = channelScale(channel, bits);
    if (!leastScales.empty())
      scale = std::max(scale, leastScales[i]);
    result.scaleValues.push_back(scale);
    for (int64_t k = 0; k < weights.depth; ++k)
      codes[transposed ? i + k * weights.channels : weights.placeOf(i, k)] =
          static_cast<int8_t>(std::clamp(codeOf(channel[k], {scale, 0}, {.bits = 8, .symmetric = true}), -most, most));
  }
  std::vector<int64_t> dims = weights.dims;
  if (transposed)
    std::reverse(dims.begin(), dims.end());
  absl::Status status;
  editor.addConstant(result.codes, onnx::TensorProto::INT8, dims, bytesOf(codes), status);
  editor.addConstant(result.scales, onnx::TensorProto::FLOAT, {weights.channels}, bytesOf(result.scaleValues), status);
  if (!status.ok())
    return status;
  return result;
}

} // namespace ingot::compress
