// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_REGION_VECTORCOST_H
#define PASSES_REGION_VECTORCOST_H

#include "mlir/IR/Operation.h"

namespace ingot {

/// Cycles of an elementwise operation on one vector: those of a polynomial, of a division, or of one instruction.
double vectorCycles(mlir::Operation *op);

} // namespace ingot

#endif
