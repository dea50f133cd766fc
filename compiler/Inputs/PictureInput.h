// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_INPUTS_PICTUREINPUT_H
#define COMPILER_INPUTS_PICTUREINPUT_H

#include "absl/status/statusor.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ingot {

/// What becomes of the values of a picture, 0 to 255: an element is (value - mean) * scale.
struct PictureOptions {
  std::vector<double> mean;  ///< one for all channels, or one for each; none: 0
  std::vector<double> scale; ///< none: 1/255
  bool isBgr = false;        ///< blue is the first channel, as OpenCV has it

  bool operator==(const PictureOptions &) const = default;
};

/// "1,2.5,1/58": numbers and quotients.
bool parseNumbers(llvm::StringRef text, std::vector<double> &numbers);

/// An input of a model, seen as a batch of pictures.
struct PictureInput {
  static constexpr int64_t kOpen = -1;

  std::string name, type;                             ///< f32, f16, f64 or u8
  std::vector<int64_t> dims;                          ///< kOpen: whatever the pictures have
  size_t batch = 0, channel = 0, row = 0, column = 0; ///< positions in `dims`; `batch` is `dims.size()` when there is none

  bool hasBatch() const { return batch < dims.size(); }

  /// [N, C, H, W], or [N, H, W, C] when the last dim is 1 or 3 and the second is not; N may be missing. The error describes the input as `shape`.
  static absl::StatusOr<PictureInput> of(llvm::StringRef name, llvm::StringRef type, llvm::ArrayRef<int64_t> dims, llvm::StringRef shape);
};

/// Whether means and scales fit the input.
absl::Status checkPictureOptions(const PictureInput &input, const PictureOptions &options);

/// The bytes of the whole input for a batch of pictures, resized to its height and width. Open dims of `input` become those of the first picture.
absl::StatusOr<std::string> pictureBatch(PictureInput &input, llvm::ArrayRef<std::string> files, const PictureOptions &options);

} // namespace ingot

#endif
