// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Pipelines/OptionalPasses.h"

#include "compiler/Pipelines/PassNames.h"

namespace ingot {
namespace {

struct NeededPass {
  llvm::StringLiteral name, why;
};

/// Every other pass of Ingot is an improvement: the code is right without it.
constexpr NeededPass kNeeded[] = {
    {"canonicalize", "it folds the arithmetic of shapes, which later stages rely on"},
    {"ingot-expand-quantization", "there are kernels for arithmetic, none for quantization itself"},
    {"ingot-hoist-invariants", "what is computed from constants can be left to the weights only in the outermost block"},
    {"ingot-outline-recipes", "weights are laid out only once"},
    {"ingot-fix-dims", "it makes the code for the sizes that --dim names"},
    {"ingot-describe-machine", "tiles have to suit the target's registers"},
    {"ingot-copy-views", "kernels read and write strided buffers only"},
    {"ingot-describe-machine", "kernels must fit the machine"},
    {"ingot-plan-buffers", "every tensor needs a place"},
    {"ingot-emit-kernels", "it writes the code"},
    {"ingot-expand-math", "code generation has no functions of vectors"},
    {"ingot-fold-descriptors", "it makes compiling faster, not models"},
    {"ingot-mark-regions", "--profile and --measure rest on it, and without them it costs nothing"},
    {"ingot-emit-entry", "the runtime calls what it writes"},
};

/// `pass` leaves to `base` what it does not do itself.
struct Dependence {
  llvm::StringLiteral pass, base;
};

constexpr Dependence kDependences[] = {
    {"ingot-channels-last", "ingot-split-padding"},
    {"ingot-recognize-attention", "ingot-choose-kernels"}, // there is no plain kernel for what it makes
    {"ingot-join-gates", "ingot-choose-kernels"},
    {"ingot-join-gates", "ingot-form-regions"}, // alone, the halves would be copied out of the product
};

} // namespace

llvm::StringRef whyNeeded(llvm::StringRef pass) {
  for (const NeededPass &needed : kNeeded)
    if (needed.name == pass)
      return needed.why;
  if (pass.starts_with("ingot-verify-"))
    return "it checks what the stages promise each other";
  if (pass.starts_with("ingot-") || pass == "cse" || pass == "loop-invariant-code-motion")
    return "";
  return "it is a step of the way to the LLVM dialect";
}

std::vector<std::string> optionalPasses(const StageOptions &options) {
  std::vector<std::string> names;
  for (const Stage &stage : stages())
    for (std::string &name : passNames(stage, options))
      if (whyNeeded(name).empty() && !llvm::is_contained(names, name))
        names.push_back(std::move(name));
  return names;
}

StageOptions withoutPasses(StageOptions options, llvm::ArrayRef<std::string> names) {
  for (const std::string &name : names) {
    if (name == "ingot-form-regions")
      options.fuse = false;
    else if (name == "ingot-choose-kernels")
      options.plainKernels = true;
    else
      options.left.push_back(name);
  }
  for (const Dependence &dependence : kDependences)
    if ((llvm::is_contained(names, dependence.base) || llvm::is_contained(options.left, dependence.base)) &&
        !llvm::is_contained(options.left, dependence.pass))
      options.left.push_back(dependence.pass.str());
  return options;
}

} // namespace ingot
