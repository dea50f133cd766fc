// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_BORDERS_H
#define PASSES_PLAN_BORDERS_H

#include "dialects/Ingot/Shapes.h"

namespace ingot {

/// One side of a pad's border: a box of the padded tensor.
struct BorderSide {
  Dims offsets, sizes;
  size_t dim; ///< the padded one
  bool high;  ///< behind the inside, not before it
};

/// The border cut into boxes that do not overlap: dims before `dim` keep to the inside, dims after it span everything.
llvm::SmallVector<BorderSide> sidesOf(PadOp pad);

/// `plan` for a region that fills `side`, divided among the threads as the rows of the inside are: who computes rows also fills what lies beside
/// them. The side before the first row is thread 0's, the one behind the last row the last thread's. (Filled by thread 0 alone, half of the lines
/// came from another core and went back to it: 10 us for 70 KB.)
PlanAttr shareSide(PlanAttr plan, const BorderSide &side);

} // namespace ingot

#endif
