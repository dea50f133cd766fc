// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_EDIT_WORKFOLDER_H
#define COMPILER_COMPRESS_EDIT_WORKFOLDER_H

#include "absl/status/statusor.h"

#include <string>
#include <vector>

namespace ingot::compress {

/// A folder for models that are tried, beside the output. It goes with this object, and its files when the process ends by a signal.
class WorkFolder {
public:
  static absl::StatusOr<WorkFolder> create(const std::string &output);
  WorkFolder(WorkFolder &&other) : path(std::move(other.path)), output(std::move(other.output)) { other.path.clear(); }
  WorkFolder &operator=(WorkFolder &&) = delete;
  ~WorkFolder();

  std::string file(const std::string &name) const;
  /// A file of the output's own name, which its data beside it is called after.
  std::string candidate() const;
  /// Gives the candidate and its data the output's place.
  absl::Status keepCandidate() const;

private:
  WorkFolder(std::string path, std::string output) : path(std::move(path)), output(std::move(output)) {}

  std::string path, output;
};

} // namespace ingot::compress

#endif
