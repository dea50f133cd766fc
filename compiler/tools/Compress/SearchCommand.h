// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_TOOLS_COMPRESS_SEARCHCOMMAND_H
#define COMPILER_TOOLS_COMPRESS_SEARCHCOMMAND_H

#include "compiler/Compress/Budget/Search.h"
#include "compiler/tools/CommandLine.h"
#include "llvm/Support/JSON.h"

namespace ingot {

/// The line of a `compile --search`, or of a `compile --point`, makes sense.
absl::Status checkSearch(const CommandLine &line);

/// What a search found, and what was compiled, if anything.
struct SearchOutcome {
  std::string text;
  llvm::json::Object object;
  std::optional<CompileSummary> compiled;
};

/// `compile --search`: explores, writes the search file and the chart, and compiles the fastest point of the budget.
absl::StatusOr<SearchOutcome> runSearch(CommandLine &line);

/// `compile --search-file=FILE --point=N`: compiles a point that a search found.
absl::StatusOr<CompileSummary> compilePoint(CommandLine &line);

/// A picture of all points, as SVG that needs no other file: time to the right, signal to noise upwards, circles as large as the weights.
std::string frontChart(llvm::ArrayRef<compress::SearchPoint> points, llvm::StringRef model);

} // namespace ingot

#endif
