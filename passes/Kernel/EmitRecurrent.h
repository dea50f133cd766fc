// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_EMITRECURRENT_H
#define PASSES_KERNEL_EMITRECURRENT_H

#include "dialects/Ingot/Ingot.h"

namespace ingot {

/// The recurrent operation of a region of f32 and nothing else, or null with the reason in `why`.
RecurrentOp matchRecurrent(RegionOp region, std::string &why);

/// Bytes of the state of one sequence while its steps run, with vectors of `lanes`.
int64_t recurrentStateBytes(RecurrentOp op, int64_t lanes);

} // namespace ingot

#endif
