// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/LLVM/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_VERIFYLLVMPASS
#include "passes/LLVM/Passes.h.inc"

namespace {

bool isRuntime(StringRef name) {
  static const llvm::StringSet<> kNames = {"ingot_profiler_mark", "ingot_team_barrier", "ingot_team_offer", "ingot_team_take"};
  return kNames.contains(name);
}

/// Functions of libm that scalars may call, in their float and double forms.
bool isLibm(StringRef name) {
  static const llvm::StringSet<> kNames = {"acos", "acosh", "asin",  "asinh",     "atan", "atan2", "atanh", "cbrt", "ceil", "cos",   "cosh",  "erf",
                                           "erfc", "exp",   "exp2",  "expm1",     "fabs", "floor", "fma",   "fmod", "log",  "log10", "log1p", "log2",
                                           "pow",  "rint",  "round", "roundeven", "sin",  "sinh",  "sqrt",  "tan",  "tanh", "trunc"};
  return kNames.contains(name) || (name.consume_back("f") && kNames.contains(name));
}

struct VerifyLLVMPass : impl::VerifyLLVMPassBase<VerifyLLVMPass> {
  void runOnOperation() override {
    bool broken = false;
    getOperation().walk([&](Operation *op) {
      auto function = dyn_cast<LLVM::LLVMFuncOp>(op);
      if (function && function.isExternal() && !isRuntime(function.getName()) && !isLibm(function.getName())) {
        op->emitOpError("is called but known neither to the runtime nor to libm");
        broken = true;
      } else if (op != getOperation() && !isa_and_nonnull<LLVM::LLVMDialect>(op->getDialect())) {
        op->emitOpError("is left after the llvm stage");
        broken = true;
      }
    });
    if (broken)
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot
