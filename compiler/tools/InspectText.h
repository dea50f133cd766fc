// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_TOOLS_INSPECTTEXT_H
#define COMPILER_TOOLS_INSPECTTEXT_H

#include "llvm/Support/JSON.h"

#include <string>

namespace ingot {

/// What `ingot inspect` prints without --json.
std::string inspectionText(const llvm::json::Object &object);

} // namespace ingot

#endif
