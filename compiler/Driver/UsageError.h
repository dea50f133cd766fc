// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_DRIVER_USAGEERROR_H
#define COMPILER_DRIVER_USAGEERROR_H

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <string>

namespace ingot {

/// An error that the options are to blame for, not the model.
absl::Status usageError(absl::string_view message);
bool isUsageError(const absl::Status &status);

/// "; did you mean 'X'?" with the word nearest to `word`, or nothing when none is near.
std::string suggestion(llvm::StringRef word, llvm::ArrayRef<llvm::StringRef> known);

} // namespace ingot

#endif
