// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_PRUNE_SPARSEWEIGHTS_H
#define COMPILER_COMPRESS_PRUNE_SPARSEWEIGHTS_H

#include "compiler/Compress/Prune/PruneOptions.h"

namespace ingot::compress {

/// Zeros weights of products, alone, in blocks or two of four; shapes stay.
absl::Status zeroWeights(ModelEditor &editor, const NodeSelection &selection, const PruneOptions &options, PruneSummary &summary);

} // namespace ingot::compress

#endif
