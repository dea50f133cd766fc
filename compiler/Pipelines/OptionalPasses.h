// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which passes can be left out (`--disable-pass`), to see what each is worth.
#ifndef COMPILER_PIPELINES_OPTIONALPASSES_H
#define COMPILER_PIPELINES_OPTIONALPASSES_H

#include "compiler/Pipelines/Stages.h"

namespace ingot {

/// Why a pass cannot be left out; empty when it can.
llvm::StringRef whyNeeded(llvm::StringRef pass);

/// The passes that run with these options and can be left out, each once, in the order of their first runs.
std::vector<std::string> optionalPasses(const StageOptions &options);

/// Without these passes and without those that rest on them. A pass that decides what must be decided (regions, kernels) stays and decides as -O0
/// does.
StageOptions withoutPasses(StageOptions options, llvm::ArrayRef<std::string> names);

} // namespace ingot

#endif
