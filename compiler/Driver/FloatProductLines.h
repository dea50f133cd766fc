// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_DRIVER_FLOATPRODUCTLINES_H
#define COMPILER_DRIVER_FLOATPRODUCTLINES_H

#include "absl/status/statusor.h"
#include "compiler/Driver/Diagnostics.h"

namespace ingot {

/// A line for each product of a quantised model, as import has made it, that a compilation leaves in floats: its node, and why.
absl::StatusOr<std::vector<std::string>> describeFloatProducts(mlir::ModuleOp imported, const DiagnosticCollector &diagnostics);

} // namespace ingot

#endif
