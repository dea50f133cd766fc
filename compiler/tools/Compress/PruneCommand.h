// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_TOOLS_COMPRESS_PRUNECOMMAND_H
#define COMPILER_TOOLS_COMPRESS_PRUNECOMMAND_H

#include "compiler/tools/CommandLine.h"
#include "llvm/Support/JSON.h"

namespace ingot {

/// What was done, line by line: what became smaller, the layers whose products are off most, and the nodes that stayed, a line per reason.
std::string pruneText(const std::string &output, const compress::PruneSummary &summary);

/// The same as one object, with all layers and all nodes that stayed.
llvm::json::Object pruneJson(const compress::PruneSummary &summary);

/// What `prune` did: its text, the same as one object, and warnings.
struct PruneResult {
  std::string text;
  llvm::json::Object object;
  std::vector<std::string> notes;
};

/// `ingot prune`, with measured errors where they are wanted; writes the report.
absl::StatusOr<PruneResult> pruneFile(CommandLine &line);

/// Prunes the model of `compile` into a temporary file, and compiles that, or quantises it first.
absl::StatusOr<CompileSummary> compilePruned(CommandLine &line);

} // namespace ingot

#endif
