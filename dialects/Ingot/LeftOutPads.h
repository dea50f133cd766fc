// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef DIALECTS_INGOT_LEFTOUTPADS_H
#define DIALECTS_INGOT_LEFTOUTPADS_H

#include "dialects/Ingot/Ingot.h"

namespace ingot {

/// Whether the kernel of a convolution leaves out what of its windows lies in the pads along a spatial dim, so that these need no memory: that of a
/// depthwise one over one or two dims does, along the last dim only where its size is known.
bool mayLeaveOutPads(ConvOp op, size_t spatialDim);

/// Whether there are no pads but such.
bool leavesOutPads(ConvOp op);

} // namespace ingot

#endif
