// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_CALIBRATE_CALIBRATIONSAMPLES_H
#define COMPILER_COMPRESS_CALIBRATE_CALIBRATIONSAMPLES_H

#include "absl/status/statusor.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ingot::compress {

/// An input of a model as samples must have it.
struct SampleInput {
  std::string name;
  int32_t elementType = 0;   ///< TensorProto::DataType
  std::vector<int64_t> dims; ///< -1: any
  std::string firstDim;      ///< the symbol of an open first dim; empty: it is fixed or has no name
};

/// One tensor of a sample. The bytes belong to the reader.
struct SampleTensor {
  std::vector<int64_t> dims;
  llvm::ArrayRef<char> bytes;
};
using Sample = std::map<std::string, SampleTensor>;

/// All .npz files of a list of files and folders, those of a folder by name.
absl::StatusOr<std::vector<std::string>> sampleFiles(llvm::ArrayRef<std::string> paths);

/// Calls `visit` for each sample of a file: the arrays themselves, or, where they have one more dim than the model or a multiple of its first one,
/// the parts of them. The error names file, input and element when something is no number or does not fit the model.
absl::Status visitSamples(const std::string &path, llvm::ArrayRef<SampleInput> inputs, llvm::function_ref<absl::Status(const Sample &)> visit);

} // namespace ingot::compress

#endif
