// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef COMPILER_CODEGEN_DESCRIPTOR_H
#define COMPILER_CODEGEN_DESCRIPTOR_H

#include "absl/status/status.h"
#include "compiler/Codegen/ModelInterface.h"
#include "llvm/ADT/StringRef.h"

namespace llvm {
class Module;
} // namespace llvm

namespace ingot {

/// Turns any text, as a file name without its extension, into a C identifier for ModelInterface::prefix.
std::string toIdentifier(llvm::StringRef text);

/// Whether a text can be ModelInterface::prefix: an identifier, and not the runtime's own prefix.
bool isPrefix(llvm::StringRef text);

/// Adds the model's constants to `module`: the `IngotModel` of runtime/include/ingot/ingot.h under the name `<prefix>_model`, and what it points to.
/// Weights and run functions are declared and come from other objects. Sets nothing of a target: `emitObject` does.
absl::Status emitDescriptor(llvm::Module &module, const ModelInterface &interface);

} // namespace ingot

#endif
