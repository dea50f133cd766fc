// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_TOOLS_MEASUREDCOMPILE_H
#define COMPILER_TOOLS_MEASUREDCOMPILE_H

#include "absl/status/statusor.h"
#include "compiler/Driver/Compile.h"

namespace ingot {

/// Compiles a model without the passes that measurements show to make it slower, and measures the regions of the result. These passes are added to
/// `options.disabledPasses`; the report of the summary says what was measured.
absl::StatusOr<CompileSummary> compileMeasured(CompileOptions &options);

} // namespace ingot

#endif
