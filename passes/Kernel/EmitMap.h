// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_EMITMAP_H
#define PASSES_KERNEL_EMITMAP_H

#include "dialects/Ingot/Ingot.h"

namespace ingot {

/// Whether the map family can write the region: elementwise operations, packs and views whose accesses become linear after cutting the yielded shape
/// into boxes. Asks only for shapes: works on tensors as well as on planned buffers.
bool coversMap(RegionOp region);

} // namespace ingot

#endif
