// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_TOOLS_MEASUREDCOMPILE_H
#define COMPILER_TOOLS_MEASUREDCOMPILE_H

#include "absl/status/statusor.h"
#include "compiler/Driver/Compile.h"

namespace ingot {

/// What `ingot compile` measures on the way.
struct MeasuredCompile {
  bool tune = false;       ///< choose tiles by measuring them
  bool measure = false;    ///< leave out the passes that make the model slower, and measure the regions of the result
  double seconds = 3;      ///< for each pass
  std::string cacheFolder; ///< of tiles; empty: none
};

/// Compiles a model as measurements say. The tiles and the passes to leave out are added to the options; the report of the summary says what was
/// measured.
absl::StatusOr<CompileSummary> compileMeasured(CompileOptions &options, const MeasuredCompile &what);

} // namespace ingot

#endif
