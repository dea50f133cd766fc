// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_PIPELINES_PASSNAMES_H
#define COMPILER_PIPELINES_PASSNAMES_H

#include "compiler/Pipelines/Stages.h"

#include <vector>

namespace ingot {

/// The passes that a textual pipeline names, in order, without their options and the operations that they are nested in.
std::vector<std::string> passNames(llvm::StringRef pipeline);

/// The passes of a stage, in order.
std::vector<std::string> passNames(const Stage &stage, const StageOptions &options);

} // namespace ingot

#endif
