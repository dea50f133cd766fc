// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/JitModel.h"

#include "compiler/Codegen/Translate.h"
#include "compiler/Driver/Diagnostics.h"
#include "compiler/Driver/RecipeRunner.h"
#include "compiler/Driver/WeightBlob.h"
#include "compiler/Target/TargetSpec.h"
#include "dialects/Ingot/Ingot.h"
#include "frontends/onnx/Import/ElementTypes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Graph/Passes.h"
#include "passes/Weights/WeightStore.h"
#include "runtime/include/ingot/ingot.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

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

constexpr llvm::StringLiteral kEntry = "ingot_jit_run";
constexpr size_t kAlignment = 64;

struct Free {
  void operator()(void *memory) const { std::free(memory); }
};
using Memory = std::unique_ptr<void, Free>;

Memory allocate(uint64_t bytes) { return Memory(std::aligned_alloc(kAlignment, (bytes + kAlignment) / kAlignment * kAlignment)); }

TensorInterface tensorOf(Type type, DictionaryAttr attributes) {
  auto tensor = cast<RankedTensorType>(type);
  auto name = attributes ? attributes.getAs<StringAttr>("ingot.name") : StringAttr();
  uint64_t bytes = tensor.getNumElements() * (getStorageType(tensor.getElementType()).getIntOrFloatBitWidth() / 8);
  return {name ? name.str() : "", importer::getOnnxElementType(tensor.getElementType()), tensor.getShape(), bytes};
}

/// Called by code between regions when there is more than one thread: never here.
void barrier() {}

absl::Status defineRuntime(Jit &jit) {
  constexpr std::pair<llvm::StringLiteral, void (*)()> symbols[] = {
      {"ingot_team_barrier", barrier}, {"__truncsfhf2", __truncsfhf2},   {"__truncdfhf2", __truncdfhf2},   {"__truncsfbf2", __truncsfbf2},
      {"__truncdfbf2", __truncdfbf2},  {"__extendhfsf2", __extendhfsf2}, {"__extendhfdf2", __extendhfdf2},
  };
  for (auto [name, address] : symbols)
    if (absl::Status status = jit.define(name, reinterpret_cast<const void *>(address)); !status.ok())
      return status;
  return absl::OkStatus();
}

} // namespace

ModelInterface interfaceOf(ModuleOp module) {
  auto function = *module.getOps<func::FuncOp>().begin();
  ModelInterface interface;
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes()))
    interface.inputs.push_back(tensorOf(type, function.getArgAttrDict(i)));
  for (auto [i, type] : llvm::enumerate(function.getResultTypes()))
    interface.outputs.push_back(tensorOf(type, function.getResultAttrDict(i)));
  return interface;
}

absl::StatusOr<std::unique_ptr<JitModel>> JitModel::compile(ModuleOp module, const WeightStore &weights, const StageOptions &given,
                                                            const DiagnosticCollector &diagnostics) {
  std::unique_ptr<JitModel> model(new JitModel());
  StageOptions options = given;
  options.runSymbol = kEntry.str();
  for (const Stage &stage : stages()) {
    if (stage.name == "plan")
      model->interface = interfaceOf(module);
    if (stage.name == "kernel") {
      auto function = *module.getOps<func::FuncOp>().begin();
      for (unsigned i = 0; i < function.getNumArguments(); ++i)
        if (function.getArgAttr(i, "ingot.arena"))
          model->arenaBytes = cast<MemRefType>(function.getArgumentTypes()[i]).getNumElements();
      absl::StatusOr<std::unique_ptr<RecipeRunner>> recipes = RecipeRunner::create(module);
      if (!recipes.ok())
        return diagnostics.status(std::string(recipes.status().message()));
      llvm::raw_string_ostream stream(model->weightBytes);
      if (absl::Status status = writeWeightBlob(module, weights, recipes->get(), stream); !status.ok())
        return status;
      if (auto nested = module.lookupSymbol<ModuleOp>(kRecipesModule))
        nested.erase();
      module->removeAttr("ingot.weight_layout");
    }
    PassManager passes(module.getContext());
    stage.build(passes, options);
    if (failed(passes.run(module)))
      return diagnostics.status("stage '" + stage.name.str() + "' failed without a message");
  }
  auto context = std::make_unique<llvm::LLVMContext>();
  absl::StatusOr<std::unique_ptr<llvm::Module>> translated = translateToLLVM(module, *context);
  if (!translated.ok())
    return translated.status();
  absl::StatusOr<TargetSpec> target = nativeTarget();
  if (!target.ok())
    return target.status();
  OptimizeOptions optimize{.level = OptLevel::O2, .loopVectorize = options.plainKernels, .slpVectorize = false, .loopUnroll = options.plainKernels};
  if (absl::Status status = optimizeModule(**translated, *target, optimize); !status.ok())
    return status;
  absl::StatusOr<std::unique_ptr<Jit>> jit = Jit::create(*target, OptLevel::O2);
  if (!jit.ok())
    return jit.status();
  model->jit = std::move(*jit);
  if (absl::Status status = defineRuntime(*model->jit); !status.ok())
    return status;
  if (absl::Status status = model->jit->addModule(std::move(context), std::move(*translated)); !status.ok())
    return status;
  absl::StatusOr<void *> entry = model->jit->lookup(kEntry);
  if (!entry.ok())
    return entry.status();
  model->entry = *entry;
  return model;
}

absl::Status JitModel::run(llvm::ArrayRef<const void *> inputs, llvm::ArrayRef<void *> outputs) const {
  Memory arena = allocate(arenaBytes), weights = allocate(weightBytes.size());
  if (!arena || !weights)
    return absl::ResourceExhaustedError("no memory for an arena of " + std::to_string(arenaBytes) + " bytes");
  std::memcpy(weights.get(), weightBytes.data(), weightBytes.size());
  IngotCall call{static_cast<const uint8_t *>(weights.get()), static_cast<uint8_t *>(arena.get()), inputs.data(), outputs.data(), nullptr, INGOT_OK};
  reinterpret_cast<IngotRunFunction>(entry)(&call, 0, 1);
  return call.status == INGOT_OK ? absl::OkStatus() : absl::FailedPreconditionError("the model met a value that it cannot process");
}

} // namespace ingot
