// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_QUANTIZE_MODELWRITER_H
#define COMPILER_QUANTIZE_MODELWRITER_H

#include "compiler/Quantize/ModelEditor.h"

namespace ingot::quantize {

/// What a protobuf file can hold.
inline constexpr uint64_t kLargestFile = (uint64_t(1) << 31) - 1;

/// Writes a changed model, constant by constant, under its name only when it is complete. Above `largestFile` bytes, or with `externalData`, the
/// constants go to `output` + ".data". Ends the use of the editor.
absl::Status writeModel(ModelEditor &editor, const std::string &output, bool externalData, uint64_t largestFile = kLargestFile);

} // namespace ingot::quantize

#endif
