// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef DIALECTS_INGOT_REGIONTEXT_H
#define DIALECTS_INGOT_REGIONTEXT_H

#include "dialects/Ingot/Ingot.h"

namespace ingot {

/// The body of a region as text, the same for layers that compute the same: names of ONNX values and nodes are not in it.
std::string textOfBody(RegionOp region);

} // namespace ingot

#endif
