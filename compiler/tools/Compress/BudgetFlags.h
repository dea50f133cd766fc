// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The options of measured errors and budgets, as the command table names them.
#ifndef COMPILER_TOOLS_COMPRESS_BUDGETFLAGS_H
#define COMPILER_TOOLS_COMPRESS_BUDGETFLAGS_H

#include "absl/status/status.h"
#include "llvm/ADT/StringRef.h"

namespace ingot {
struct CommandLine;

namespace budget_flags {

absl::Status setMaxError(llvm::StringRef text, CommandLine &line);
absl::Status setMinCosine(llvm::StringRef text, CommandLine &line);
absl::Status setMinTop1(llvm::StringRef text, CommandLine &line);
absl::Status addMeasureOn(llvm::StringRef text, CommandLine &line);

absl::Status setBiasCorrection(llvm::StringRef text, CommandLine &line);
absl::Status setDistill(llvm::StringRef text, CommandLine &line);
absl::Status setSearch(llvm::StringRef text, CommandLine &line);
absl::Status setTimeBudget(llvm::StringRef text, CommandLine &line);
absl::Status setSearchFile(llvm::StringRef text, CommandLine &line);
absl::Status setPoint(llvm::StringRef text, CommandLine &line);

} // namespace budget_flags
} // namespace ingot

#endif
