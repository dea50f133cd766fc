// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_REGION_DEQUANTIZATION_H
#define PASSES_REGION_DEQUANTIZATION_H

#include "dialects/Ingot/Ingot.h"
#include "llvm/ADT/SmallPtrSet.h"

namespace ingot {

/// Operations that only say what integers of 8 or 16 bits in memory stand for: a cast to a float and arithmetic with constants.
using DequantizingOps = llvm::SmallPtrSet<mlir::Operation *, 16>;

/// Has every elementwise operation, norm and reduction of the block compute for itself what the integers that it reads stand for, so that these are
/// what is stored: the operations are copied for all readers but one. Those whose readers are others (an anchor that reads a buffer) stay as they
/// are. Returns what now stands before readers.
DequantizingOps dequantizeAtReaders(mlir::Block &body);

} // namespace ingot

#endif
