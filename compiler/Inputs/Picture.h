// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_INPUTS_PICTURE_H
#define COMPILER_INPUTS_PICTURE_H

#include "absl/status/statusor.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ingot {

/// Rows of pixels from the top left, `channels` values from 0 to 255 each.
struct Picture {
  int64_t width = 0, height = 0, channels = 3;
  std::vector<float> values;
};

/// Reads a PNG or JPEG file as red, green and blue, 8 bits each; transparency and a camera's rotation mark are ignored.
absl::StatusOr<Picture> readPicture(const std::string &path);

/// Stretched to a size: linear interpolation between the centres of pixels, over as many of them as one new pixel covers.
Picture resized(const Picture &picture, int64_t width, int64_t height);

/// The brightness, as ITU-R BT.601 has it.
Picture gray(const Picture &picture);

} // namespace ingot

#endif
