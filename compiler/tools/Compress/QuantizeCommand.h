// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_TOOLS_COMPRESS_QUANTIZECOMMAND_H
#define COMPILER_TOOLS_COMPRESS_QUANTIZECOMMAND_H

#include "compiler/Compress/Quantize/QuantizeOptions.h"
#include "compiler/tools/CommandLine.h"
#include "llvm/Support/JSON.h"

namespace ingot {

/// What was done, line by line: what became smaller, and the nodes that stayed, a line per reason.
std::string quantizeText(const std::string &output, const compress::QuantizeSummary &summary);

/// The same as one object, with all nodes that stayed.
llvm::json::Object quantizeJson(const compress::QuantizeSummary &summary);

/// What `quantize` did: its text, the same as one object, and warnings.
struct QuantizeResult {
  std::string text;
  llvm::json::Object object;
  std::vector<std::string> notes;
};

/// Quantises the model that the line names, with measured errors where they are wanted, and writes the report.
absl::StatusOr<QuantizeResult> quantizeCommand(CommandLine &line);

/// Quantises the model of `compile` into a temporary file, beside the output, and compiles that.
absl::StatusOr<CompileSummary> compileQuantized(CommandLine &line);

} // namespace ingot

#endif
