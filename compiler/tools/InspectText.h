// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_TOOLS_INSPECTTEXT_H
#define COMPILER_TOOLS_INSPECTTEXT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/JSON.h"

#include <string>

namespace ingot {

/// What `ingot inspect` prints without --json.
std::string inspectionText(const llvm::json::Object &object);

/// The bytes of the arena as CompileSummary::peak has them, or nothing.
std::string arenaText(llvm::ArrayRef<std::string> formula);

} // namespace ingot

#endif
