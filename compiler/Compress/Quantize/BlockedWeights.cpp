// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Quantize/BlockedWeights.h"

#include <algorithm>

namespace ingot::compress {

void BlockedWeights::setChannel(int64_t channel, llvm::ArrayRef<float> weights, llvm::ArrayRef<BlockScale> blockScales) {
  std::copy(blockScales.begin(), blockScales.end(), scales.begin() + channel * blocks);
  for (int64_t i = 0; i < depth; ++i)
    codes[channel * depth + i] = static_cast<int8_t>(codeOf(weights[i], blockScales[i / block], grid));
}

std::vector<char> packed(int bits, int64_t count, llvm::function_ref<int(int64_t)> codeAt) {
  std::vector<char> bytes((count * bits + 7) / 8);
  for (int64_t i = 0; i < count; ++i)
    if (bits == 8)
      bytes[i] = static_cast<char>(codeAt(i));
    else
      bytes[i / 2] = static_cast<char>(bytes[i / 2] | (codeAt(i) & 15) << i % 2 * 4);
  return bytes;
}

} // namespace ingot::compress
