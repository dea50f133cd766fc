// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_CALIBRATE_SAMPLEFORMAT_H
#define COMPILER_COMPRESS_CALIBRATE_SAMPLEFORMAT_H

#include "compiler/Inputs/PictureInput.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ingot::compress {

/// How samples that are no arrays become tensors.
struct SampleFormat {
  PictureOptions pictures;
  std::string tokenizer;         ///< a file, for texts
  std::optional<int64_t> tokens; ///< the length of texts; none: the model's, or their own

  bool operator==(const SampleFormat &) const = default;
};

/// Where samples come from.
struct SampleSource {
  std::vector<std::string> paths; ///< files, or folders of them
  SampleFormat format;
  bool isRandom = false; ///< random ones, without paths
};

} // namespace ingot::compress

#endif
