// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/JitModel.h"

#include "compiler/Driver/Diagnostics.h"
#include "compiler/Driver/InProcess.h"
#include "compiler/Driver/Interface.h"
#include "compiler/Driver/RecipeRunner.h"
#include "compiler/Driver/WeightBlob.h"
#include "compiler/Target/TargetSpec.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Graph/Passes.h"
#include "passes/Weights/WeightStore.h"
#include "runtime/include/ingot/ingot.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

using namespace mlir;

namespace ingot {
namespace {

constexpr llvm::StringLiteral kEntry = "ingot_jit_run";
constexpr size_t kAlignment = 64;

struct Free {
  void operator()(void *memory) const { std::free(memory); }
};
using Memory = std::unique_ptr<void, Free>;

Memory allocate(uint64_t bytes) { return Memory(std::aligned_alloc(kAlignment, (bytes + kAlignment) / kAlignment * kAlignment)); }

} // namespace

absl::StatusOr<std::unique_ptr<JitModel>> JitModel::compile(ModuleOp module, const WeightStore &weights, const StageOptions &given,
                                                            const DiagnosticCollector &diagnostics) {
  std::unique_ptr<JitModel> model(new JitModel());
  StageOptions options = given;
  options.runSymbol = kEntry.str();
  for (const Stage &stage : stages()) {
    if (stage.name == "plan")
      describeInterface(*module.getOps<func::FuncOp>().begin(), diagnostics, model->interface);
    if (stage.name == "kernel") {
      auto function = *module.getOps<func::FuncOp>().begin();
      for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
        if (function.getArgAttr(i, "ingot.arena"))
          model->arenaBytes = cast<MemRefType>(function.getArgumentTypes()[i]).getNumElements();
        else if (function.getArgAttr(i, "ingot.values"))
          model->values.resize(cast<MemRefType>(function.getArgumentTypes()[i]).getNumElements());
      absl::StatusOr<std::unique_ptr<RecipeRunner>> recipes = RecipeRunner::create(module, diagnostics);
      if (!recipes.ok())
        return diagnostics.status(recipes.status());
      llvm::raw_string_ostream stream(model->weightBytes);
      if (absl::Status status = writeWeightBlob(module, weights, recipes->get(), stream); !status.ok())
        return status;
      dropRecipes(module);
      module->removeAttr("ingot.weight_layout");
    }
    PassManager passes(module.getContext());
    stage.build(passes, options);
    if (failed(passes.run(module)))
      return diagnostics.status("stage '" + stage.name.str() + "' failed without a message");
    if (stage.name == "kernel")
      model->interface.sites = diagnostics.failureSites(module);
  }
  absl::StatusOr<TargetSpec> target = nativeTarget();
  if (!target.ok())
    return target.status();
  OptimizeOptions optimize{.level = OptLevel::O2, .loopVectorize = options.plainKernels, .slpVectorize = false, .loopUnroll = options.plainKernels};
  absl::StatusOr<std::unique_ptr<Jit>> jit = compileInProcess(module, *target, optimize);
  if (!jit.ok())
    return jit.status();
  model->jit = std::move(*jit);
  absl::StatusOr<void *> entry = model->jit->lookup(kEntry);
  if (!entry.ok())
    return entry.status();
  model->entry = *entry;
  if (!model->values.empty()) {
    absl::StatusOr<void *> prepare = model->jit->lookup((kEntry + "_prepare").str());
    if (!prepare.ok())
      return prepare.status();
    model->prepare = *prepare;
  }
  return model;
}

TensorInterface JitModel::resolved(const TensorInterface &output) const {
  TensorInterface result = output;
  if (values.empty())
    return result;
  result.bytes = output.elementBytes;
  for (int64_t &dim : result.dims) {
    dim = dim >= 0 ? dim : values[-1 - dim];
    result.bytes *= dim;
  }
  return result;
}

absl::Status JitModel::run(llvm::ArrayRef<const void *> inputs, llvm::ArrayRef<void *> outputs) {
  if (prepare) { // whatever a run may find, there is memory for it
    for (auto [i, symbol] : llvm::enumerate(interface.symbols))
      values[i] = symbol.maximum;
    arenaBytes = reinterpret_cast<int64_t (*)(int64_t *)>(prepare)(values.data());
  }
  Memory arena = allocate(arenaBytes), weights = allocate(weightBytes.size());
  if (!arena || !weights)
    return absl::ResourceExhaustedError("no memory for an arena of " + std::to_string(arenaBytes) + " bytes");
  std::memcpy(weights.get(), weightBytes.data(), weightBytes.size());
  IngotCall call{};
  call.weights = static_cast<const uint8_t *>(weights.get());
  call.arena = static_cast<uint8_t *>(arena.get());
  call.inputs = inputs.data();
  call.outputs = outputs.data();
  call.values = values.data();
  reinterpret_cast<IngotRunFunction>(entry)(&call, 0, 1);
  return call.status == INGOT_OK ? absl::OkStatus() : absl::FailedPreconditionError("the run failed: " + interface.sites[call.failed_site]);
}

} // namespace ingot
