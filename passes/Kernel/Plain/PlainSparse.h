// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_PLAINSPARSE_H
#define PASSES_KERNEL_PLAINSPARSE_H

#include "passes/Kernel/Plain/PlainEmitter.h"

namespace ingot {

// Packed weights without their zero blocks, and with two of four.
void emitPlainOp(PlainEmitter &e, SparsePlacesOp op);
void emitPlainOp(PlainEmitter &e, SparseBlocksOp op);
void emitPlainOp(PlainEmitter &e, SparseMatMulOp op);
void emitPlainOp(PlainEmitter &e, PairPlacesOp op);
void emitPlainOp(PlainEmitter &e, PairValuesOp op);
void emitPlainOp(PlainEmitter &e, PairMatMulOp op);

} // namespace ingot

#endif
