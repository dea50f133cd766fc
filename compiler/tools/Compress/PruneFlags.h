// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The options of pruning, as the command table names them. Each sets its field or says what it wants.
#ifndef COMPILER_TOOLS_COMPRESS_PRUNEFLAGS_H
#define COMPILER_TOOLS_COMPRESS_PRUNEFLAGS_H

#include "absl/status/status.h"
#include "llvm/ADT/StringRef.h"

namespace ingot {
struct CommandLine;

namespace prune_flags {

absl::Status setSparsity(llvm::StringRef text, CommandLine &line);
absl::Status setPrune(llvm::StringRef text, CommandLine &line); ///< --prune of `compile`: the share
absl::Status setPattern(llvm::StringRef text, CommandLine &line);
absl::Status setPruneMethod(llvm::StringRef text, CommandLine &line);
absl::Status setUniform(llvm::StringRef text, CommandLine &line);
absl::Status setAllocation(llvm::StringRef text, CommandLine &line);
absl::Status addLayerSparsity(llvm::StringRef text, CommandLine &line);

} // namespace prune_flags
} // namespace ingot

#endif
