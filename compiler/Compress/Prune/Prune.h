// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_PRUNE_PRUNE_H
#define COMPILER_COMPRESS_PRUNE_PRUNE_H

#include "absl/status/statusor.h"
#include "compiler/Compress/Prune/PruneOptions.h"

namespace ingot::compress {

/// An error of use for options that contradict each other or mean nothing.
absl::Status checkOptions(const PruneOptions &options);

/// Writes a copy of a model with fewer weights. After a failure there is no new file, and the input is never changed. An error when there is nothing
/// to prune.
absl::StatusOr<PruneSummary> pruneModel(const PruneOptions &options);

} // namespace ingot::compress

#endif
