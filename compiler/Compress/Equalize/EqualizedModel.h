// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_EQUALIZE_EQUALIZEDMODEL_H
#define COMPILER_COMPRESS_EQUALIZE_EQUALIZEDMODEL_H

#include "compiler/Compress/Edit/WorkFolder.h"
#include "compiler/Compress/Equalize/Equalization.h"

namespace ingot::compress {

/// An equalised copy of a model, in a file that lives as long as this object: what is quantised, calibrated and measured in the model's place.
class EqualizedModel {
public:
  /// `include` and `exclude` as `NodeSelection` takes them. The file lies beside `output`, which may not be the model itself.
  static absl::StatusOr<EqualizedModel> make(const std::string &input, const std::string &output, llvm::ArrayRef<std::string> include,
                                             llvm::ArrayRef<std::string> exclude);

  std::string path() const { return folder.candidate(); }
  /// An error about the copy, as one about the model.
  absl::Status asOriginal(const absl::Status &status) const;

  EqualizeSummary summary;
  uint64_t originalBytes = 0; ///< of constants

private:
  EqualizedModel(WorkFolder folder, std::string input) : folder(std::move(folder)), input(std::move(input)) {}

  WorkFolder folder;
  std::string input;
};

} // namespace ingot::compress

#endif
