// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef COMPILER_CODEGEN_WEIGHTSOBJECT_H
#define COMPILER_CODEGEN_WEIGHTSOBJECT_H

#include "absl/status/status.h"
#include "compiler/Codegen/Platform.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace ingot {

/// Writes the weights in order; must write exactly the announced number of bytes.
using WeightsWriter = llvm::function_ref<absl::Status(llvm::raw_ostream &)>;

/// Writes an ELF object to `path`: a page-aligned read-only section `.ingot.weights` of `size` bytes that the hidden symbol `symbol` names.
/// The bytes go straight to the file, so weights are never held a second time. Nothing is left at `path` after a failure.
absl::Status emitWeightsObject(llvm::StringRef path, llvm::StringRef symbol, uint64_t size, const Platform &platform, WeightsWriter writer);

} // namespace ingot

#endif
