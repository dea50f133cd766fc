// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef COMPILER_CODEGEN_DISPATCH_H
#define COMPILER_CODEGEN_DISPATCH_H

#include "compiler/Codegen/ModelInterface.h"
#include "llvm/ADT/ArrayRef.h"

#include <optional>

namespace llvm {
class Module;
} // namespace llvm

namespace ingot {

/// A body of a variant that was compiled for certain sizes.
struct SpecialBody {
  std::string runSymbol, prepareSymbol;
  std::vector<std::optional<int64_t>> sizes; ///< One per symbol; nothing where any will do.
};

/// Defines the functions `variant.runSymbol` and `variant.prepareSymbol`, which go to the first of `bodies` whose sizes are those of the run. The
/// last one takes any.
void emitDispatch(llvm::Module &module, const VariantInterface &variant, llvm::ArrayRef<SpecialBody> bodies);

} // namespace ingot

#endif
