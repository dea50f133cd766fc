// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_TOOLS_IMAGEINPUTS_H
#define COMPILER_TOOLS_IMAGEINPUTS_H

#include "absl/status/statusor.h"
#include "compiler/Inputs/PictureInput.h"
#include "llvm/ADT/SmallString.h"

#include <map>
#include <string>
#include <vector>

namespace ingot {

/// Pictures for inputs of a model.
struct ImageOptions {
  std::vector<std::string> images; ///< as given: NAME=FILE; those of one input are its batch
  PictureOptions values;           ///< of `quantize`, `prune` and `compile`, too, whose samples are pictures
};

/// Tensors made of pictures, in files that are removed at the end.
class ImageFiles {
public:
  ImageFiles() = default;
  ImageFiles(ImageFiles &&other) : paths(std::move(other.paths)), words(std::move(other.words)) { other.paths.clear(); }
  ~ImageFiles();

  /// Reads the pictures of `options` for the inputs of `program`, resized to the model's height and width where these are fixed, by the model or by
  /// `dims`.
  static absl::StatusOr<ImageFiles> make(const ImageOptions &options, const std::string &program, const std::map<std::string, int64_t> &dims);

  /// What to add to the program's command line.
  const std::vector<std::string> &arguments() const { return words; }

private:
  std::vector<llvm::SmallString<128>> paths;
  std::vector<std::string> words;
};

} // namespace ingot

#endif
