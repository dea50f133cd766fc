// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_EMITROW_H
#define PASSES_KERNEL_EMITROW_H

#include "dialects/Ingot/Ingot.h"

namespace ingot {

/// Whether the row family can write the region: a norm or a reduction with elementwise operations around it, all yields of the anchor's shape.
bool coversRow(RegionOp region);

} // namespace ingot

#endif
