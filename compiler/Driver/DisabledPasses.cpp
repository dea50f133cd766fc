// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/Compile.h"
#include "compiler/Driver/UsageError.h"
#include "compiler/Pipelines/OptionalPasses.h"
#include "compiler/Pipelines/PassNames.h"

namespace ingot {

absl::Status checkDisabledPasses(const CompileOptions &options) {
  CompileOptions whole = options;
  whole.disabledPasses.clear();
  std::vector<std::string> here = optionalPasses(stageOptionsOf(whole)), all;
  for (const Stage &stage : stages())
    for (bool bf16 : {false, true}) // each has passes that the other one has not
      llvm::append_range(all, passNames(stage, {.bf16 = bf16, .sizes = {-1}}));
  for (const std::string &name : options.disabledPasses) {
    if (!llvm::is_contained(all, name)) {
      llvm::SmallVector<llvm::StringRef> known(all.begin(), all.end());
      return usageError("unknown pass '" + name + "'" + suggestion(name, known));
    }
    if (llvm::StringRef why = whyNeeded(name); !why.empty())
      return usageError("the pass '" + name + "' cannot be left out: " + why.str());
    if (!llvm::is_contained(here, name))
      return usageError("the pass '" + name + "' does not run at -O" + std::to_string(options.level) + " with these options");
  }
  return absl::OkStatus();
}

} // namespace ingot
