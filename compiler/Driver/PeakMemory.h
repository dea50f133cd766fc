// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_DRIVER_PEAKMEMORY_H
#define COMPILER_DRIVER_PEAKMEMORY_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <string>
#include <vector>

namespace ingot {

/// A tensor in the arena.
struct LiveTensor {
  std::string name; ///< The ONNX value, or "a part of the plan" for what the compiler added.
  std::string type; ///< As "128x96xf32".
  int64_t bytes = 0;
};

/// What lies in a range of the arena from one region to another. Regions have numbers in the order in which they run.
struct Occupant {
  int64_t begin, end;  ///< bytes
  int64_t first, last; ///< regions
  LiveTensor tensor;
  std::vector<int64_t> writers, readers; ///< regions
};

/// Everything that lies in the arena of a function at the end of the plan stage, in the order in which it is written. Buffers whose places depend on
/// symbols lie where they do at the largest sizes.
std::vector<Occupant> occupantsOf(mlir::func::FuncOp planned);

/// Reads from a function at the end of the plan stage which tensors are alive where most bytes of the arena are, the largest first, at the
/// largest sizes of open dims.
std::vector<LiveTensor> tensorsAtPeak(mlir::func::FuncOp planned);

} // namespace ingot

#endif
