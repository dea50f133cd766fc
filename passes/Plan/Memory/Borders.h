// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_BORDERS_H
#define PASSES_PLAN_BORDERS_H

#include "dialects/Ingot/Shapes.h"

namespace ingot {

/// One side of a pad's border: a box of the padded tensor.
struct BorderSide {
  Dims offsets, sizes;
};

/// The border cut into boxes that do not overlap: dims before `dim` keep to the inside, dims after it span everything.
llvm::SmallVector<BorderSide> sidesOf(PadOp pad);

} // namespace ingot

#endif
