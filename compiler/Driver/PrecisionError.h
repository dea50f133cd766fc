// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_DRIVER_PRECISIONERROR_H
#define COMPILER_DRIVER_PRECISIONERROR_H

#include "compiler/Driver/Compile.h"

namespace ingot {

/// Runs the model of `options` in its precision and in f32, in this process, on the same random inputs, and tells how far their results are from each
/// other, a line per output of floats. Open dims get a small size. Nothing but the reason is told of a model that is too large to be run twice.
absl::StatusOr<std::vector<std::string>> measurePrecisionError(const CompileOptions &options);

/// One line of it: the differences as shares of the largest expected value.
std::string describeError(llvm::StringRef output, llvm::ArrayRef<double> expected, llvm::ArrayRef<double> got);

} // namespace ingot

#endif
