// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_PRUNE_REMOVECHANNELS_H
#define COMPILER_COMPRESS_PRUNE_REMOVECHANNELS_H

#include "compiler/Compress/Prune/PruneOptions.h"

namespace ingot::compress {

/// Takes whole outputs of products, and all that goes with them, out of the model: tensors become smaller, inputs and outputs stay what they are.
absl::Status removeChannels(ModelEditor &editor, const NodeSelection &selection, const PruneOptions &options, PruneSummary &summary);

} // namespace ingot::compress

#endif
