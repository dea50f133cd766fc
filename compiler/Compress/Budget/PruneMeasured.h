// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_BUDGET_PRUNEMEASURED_H
#define COMPILER_COMPRESS_BUDGET_PRUNEMEASURED_H

#include "compiler/Compress/Budget/Measured.h"
#include "compiler/Compress/Prune/PruneOptions.h"

namespace ingot::compress {

/// What was done, and what it costs.
struct MeasuredPruning {
  PruneSummary pruned;
  Measured measured;
};

/// `pruneModel` with measured errors; with a budget only as many layers as it allows, or, where whole channels go, as much of the shares as it
/// allows. What stays has the share that it has without a budget. A failure, and no file, when nothing is left.
absl::StatusOr<MeasuredPruning> pruneMeasured(const PruneOptions &options, const MeasureOptions &wanted);

} // namespace ingot::compress

#endif
