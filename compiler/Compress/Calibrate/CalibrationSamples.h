// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_CALIBRATE_CALIBRATIONSAMPLES_H
#define COMPILER_COMPRESS_CALIBRATE_CALIBRATIONSAMPLES_H

#include "absl/status/statusor.h"
#include "compiler/Compress/Calibrate/SampleFormat.h"
#include "compiler/Inputs/ModelInput.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ingot {
class Tokenizer;
} // namespace ingot

namespace ingot::compress {

/// An input of a model as samples must have it.
using SampleInput = ModelInput;

/// One tensor of a sample. The bytes belong to the reader.
struct SampleTensor {
  std::vector<int64_t> dims;
  llvm::ArrayRef<char> bytes;
};
using Sample = std::map<std::string, SampleTensor>;
using VisitSample = llvm::function_ref<absl::Status(const Sample &)>;

/// Files with samples.
class SampleFiles {
public:
  /// What a file holds, told by the end of its name: .npz; .png, .jpg, .jpeg; .txt.
  enum class Kind { Arrays, Pictures, Texts };

  SampleFiles() = default;

  /// Takes a list of files and folders; of a folder the files of those kinds, by name, which must be of one kind. Reads the tokenizer when there are
  /// texts. The error names the folder, or the option that is missing.
  static absl::StatusOr<SampleFiles> open(llvm::ArrayRef<std::string> paths, const SampleFormat &format);

  bool empty() const { return groups.empty(); }

  /// Calls `visit` for each sample: arrays as they are, or, where they have one more dim than the model or a multiple of its first one, the parts of
  /// them; each picture and each line of text that is not blank, or so many of them as the model's fixed first dim says. The error names file,
  /// input and element, or line, when something cannot be read, is no number or does not fit the model.
  absl::Status visit(llvm::ArrayRef<SampleInput> inputs, VisitSample visit) const;

private:
  struct Group {
    Kind kind;
    std::vector<std::string> files;
  };
  static absl::StatusOr<std::vector<Group>> groupsOf(llvm::ArrayRef<std::string> paths);
  friend absl::Status checkSampleFormat(llvm::ArrayRef<std::string> paths, const SampleFormat &format);

  std::vector<Group> groups;
  SampleFormat format;
  std::shared_ptr<const Tokenizer> tokenizer;
};

/// A usage error when something is said of pictures or texts, but there are none among the paths.
absl::Status checkSampleFormat(llvm::ArrayRef<std::string> paths, const SampleFormat &format);

} // namespace ingot::compress

#endif
