// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef COMPILER_CODEGEN_CHEADER_H
#define COMPILER_CODEGEN_CHEADER_H

#include "absl/status/status.h"
#include "compiler/Codegen/ModelInterface.h"
#include "llvm/ADT/StringRef.h"

namespace ingot {

/// Writes the C header of a model: its constant, the index, name, dims and size of every input and output, typed functions to open and run it
/// (`<prefix>_run` with one pointer per tensor, `<prefix>_run_named` with two structures), and the whole C interface of the runtime, so that the
/// header stands alone.
absl::Status writeHeader(llvm::StringRef path, const ModelInterface &interface);

} // namespace ingot

#endif
