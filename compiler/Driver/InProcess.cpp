// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/InProcess.h"

#include "compiler/Codegen/Translate.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

using namespace mlir;

// The runtime's conversions, which code calls by name where the CPU has no instruction. Only their addresses are of interest here.
extern "C" {
void __truncsfhf2();
void __truncdfhf2();
void __truncsfbf2();
void __truncdfbf2();
void __extendhfsf2();
void __extendhfdf2();
}

namespace ingot {
namespace {

/// Called by code between regions: there is one thread, and nobody cancels it.
int32_t barrier() { return 0; }

/// It has all units.
int64_t offer(void *, int64_t, int64_t, int64_t, int64_t end, int64_t) { return end; }
int64_t take(void *, int64_t, int64_t, int64_t) { return 0; }

absl::Status defineRuntime(Jit &jit) {
  const std::pair<llvm::StringLiteral, void (*)()> symbols[] = {
      {"ingot_team_barrier", reinterpret_cast<void (*)()>(barrier)},
      {"ingot_team_offer", reinterpret_cast<void (*)()>(offer)},
      {"ingot_team_take", reinterpret_cast<void (*)()>(take)},
      {"__truncsfhf2", __truncsfhf2},
      {"__truncdfhf2", __truncdfhf2},
      {"__truncsfbf2", __truncsfbf2},
      {"__truncdfbf2", __truncdfbf2},
      {"__extendhfsf2", __extendhfsf2},
      {"__extendhfdf2", __extendhfdf2},
  };
  for (auto [name, address] : symbols)
    if (absl::Status status = jit.define(name, reinterpret_cast<const void *>(address)); !status.ok())
      return status;
  return absl::OkStatus();
}

} // namespace

absl::StatusOr<std::unique_ptr<Jit>> compileInProcess(ModuleOp lowered, const TargetSpec &target, const OptimizeOptions &options) {
  auto context = std::make_unique<llvm::LLVMContext>();
  absl::StatusOr<std::unique_ptr<llvm::Module>> translated = translateToLLVM(lowered, *context);
  if (!translated.ok())
    return translated.status();
  if (absl::Status status = optimizeModule(**translated, target, options); !status.ok())
    return status;
  absl::StatusOr<std::unique_ptr<Jit>> jit = Jit::create(target, options.level);
  if (!jit.ok())
    return jit.status();
  if (absl::Status status = defineRuntime(**jit); !status.ok())
    return status;
  if (absl::Status status = (*jit)->addModule(std::move(context), std::move(*translated)); !status.ok())
    return status;
  return jit;
}

} // namespace ingot
