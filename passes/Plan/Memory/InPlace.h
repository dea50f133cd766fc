// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_INPLACE_H
#define PASSES_PLAN_INPLACE_H

#include "dialects/Ingot/Ingot.h"

namespace ingot {

/// Whether the region reads `input` only where it writes, element by element: then it may write over it.
bool readsWhereItWrites(RegionOp region, size_t input);

} // namespace ingot

#endif
