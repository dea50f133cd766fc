// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_QUANTIZE_BLOCKEDWEIGHTS_H
#define COMPILER_COMPRESS_QUANTIZE_BLOCKEDWEIGHTS_H

#include "compiler/Compress/Quantize/WeightRounding.h"

#include <string>
#include <vector>

namespace ingot::compress {

/// Weights as codes with a scale, and perhaps a zero point, for each block of a channel. The last block of a channel may be short.
struct BlockedWeights {
  BlockedWeights(int64_t channels, int64_t depth, int64_t block, const WeightGrid &grid)
      : channels(channels), depth(depth), block(block), blocks((depth + block - 1) / block), grid(grid), codes(channels * depth),
        scales(channels * blocks) {}

  int64_t channels, depth, block, blocks; ///< blocks of one channel
  WeightGrid grid;
  std::vector<int8_t> codes;      ///< channel by channel; unsigned ones of 8 bits as their two's complement
  std::vector<BlockScale> scales; ///< channel by channel

  void setChannel(int64_t channel, llvm::ArrayRef<float> weights, llvm::ArrayRef<BlockScale> blockScales);
  int codeAt(int64_t channel, int64_t at) const {
    int code = codes[channel * depth + at];
    return grid.symmetric ? code : code & 255;
  }
  float valueAt(int64_t channel, int64_t at) const {
    const BlockScale &scale = scales[channel * blocks + at / block];
    return static_cast<float>(codeAt(channel, at) - scale.zeroPoint) * scale.scale;
  }
};

/// Elements of `bits` bits, two in a byte from the lowest bit when they are 4.
std::vector<char> packed(int bits, int64_t count, llvm::function_ref<int(int64_t)> codeAt);

} // namespace ingot::compress

#endif
