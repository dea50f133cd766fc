// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef DIALECTS_INGOT_RUNFAILURE_H
#define DIALECTS_INGOT_RUNFAILURE_H

#include "dialects/Ingot/Ingot.h"

namespace ingot {

/// Whether a run can meet a value that an operation cannot process: an index outside of its dim, a length of a sequence that has
/// fewer steps, an integer divisor of zero, a dim shorter than top_k's k.
enum class RunFailure {
  Never,    ///< no such value exists, or constants hold none
  Possible, ///< generated code has to check
  Certain   ///< a constant holds one: every run would fail
};

RunFailure getRunFailure(mlir::Operation *op);

/// What is wrong when `op` fails, as in "index out of range".
llvm::StringRef describeRunFailure(mlir::Operation *op);

} // namespace ingot

#endif
