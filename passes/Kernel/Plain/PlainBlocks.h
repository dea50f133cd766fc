// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_PLAINBLOCKS_H
#define PASSES_KERNEL_PLAINBLOCKS_H

#include "passes/Kernel/Plain/PlainEmitter.h"

namespace ingot {

// Weights of 4 bits with scales per block.
void emitPlainOp(PlainEmitter &e, PackBlocksOp op);
void emitPlainOp(PlainEmitter &e, BlockMatMulOp op);

} // namespace ingot

#endif
