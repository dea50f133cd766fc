// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_TOOLS_IMAGEINPUTS_H
#define COMPILER_TOOLS_IMAGEINPUTS_H

#include "absl/status/statusor.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringRef.h"

#include <map>
#include <string>
#include <vector>

namespace ingot {

/// Pictures for inputs of a model. An element is (value - mean) * scale, with values from 0 to 255.
struct ImageOptions {
  std::vector<std::string> images; ///< as given: NAME=FILE; those of one input are its batch
  std::vector<double> mean;        ///< one for all channels, or one for each; none: 0
  std::vector<double> scale;       ///< none: 1/255
  bool isBgr = false;              ///< blue is the first channel, as OpenCV has it
};

/// "1,2.5,1/58": numbers and quotients.
bool parseNumbers(llvm::StringRef text, std::vector<double> &numbers);

/// Tensors made of pictures, in files that are removed at the end.
class ImageFiles {
public:
  ImageFiles() = default;
  ImageFiles(ImageFiles &&other) : paths(std::move(other.paths)), words(std::move(other.words)) { other.paths.clear(); }
  ~ImageFiles();

  /// Reads the pictures of `options` for the inputs of `program`, resized to the model's height and width where these are fixed, by the model or by
  /// `dims`. An input is [N, C, H, W], or [N, H, W, C] when its last dim is 1 or 3 and its second is not; N may be missing. 1 channel is gray.
  static absl::StatusOr<ImageFiles> make(const ImageOptions &options, const std::string &program, const std::map<std::string, int64_t> &dims);

  /// What to add to the program's command line.
  const std::vector<std::string> &arguments() const { return words; }

private:
  std::vector<llvm::SmallString<128>> paths;
  std::vector<std::string> words;
};

} // namespace ingot

#endif
