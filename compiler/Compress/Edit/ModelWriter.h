// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_EDIT_MODELWRITER_H
#define COMPILER_COMPRESS_EDIT_MODELWRITER_H

#include "compiler/Compress/Edit/ModelEditor.h"

namespace ingot::compress {

/// What a protobuf file can hold.
inline constexpr uint64_t kLargestFile = (uint64_t(1) << 31) - 1;

/// An error of use when writing to `output` would replace the model at `input` or a file of its weights.
absl::Status checkOutputIsNoInput(const ingest::Model &model, const std::string &input, const std::string &output);

/// Writes a changed model, constant by constant, under its name only when it is complete. Above `largestFile` bytes, or with `externalData`, the
/// constants go to `output` + ".data". Ends the use of the editor.
absl::Status writeModel(ModelEditor &editor, const std::string &output, bool externalData, uint64_t largestFile = kLargestFile);

} // namespace ingot::compress

#endif
