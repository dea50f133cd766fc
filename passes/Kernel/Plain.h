// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_PLAIN_H
#define PASSES_KERNEL_PLAIN_H

#include "dialects/Ingot/Ingot.h"

namespace ingot {

/// Into how many independent pieces the family `plain` can cut this region: a plan with that family has these `units`. At least 1.
int64_t plainUnits(RegionOp region);

/// Bytes of scratch memory that the region needs beyond the stack: when not 0, the plan adds a buffer `memref<?xi8>` of that static size, aligned to
/// 64 bytes, after the region's outputs.
int64_t plainScratchBytes(RegionOp region);

} // namespace ingot

#endif
