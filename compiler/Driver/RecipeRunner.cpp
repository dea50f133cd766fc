// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/RecipeRunner.h"

#include "compiler/Driver/Diagnostics.h"
#include "compiler/Driver/InProcess.h"
#include "compiler/Pipelines/Stages.h"
#include "compiler/Target/TargetSpec.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Graph/Passes.h"
#include "runtime/include/ingot/ingot.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace ingot {
namespace {

constexpr int64_t kArenaAlignment = 64; // of the arena, as generated code may expect
constexpr llvm::StringLiteral kRecipeEntry = "ingot_recipe";

/// Memory that is aligned as a session's is.
class AlignedBytes {
public:
  explicit AlignedBytes(int64_t size) : memory(std::make_unique_for_overwrite<char[]>(size + kArenaAlignment)) {}
  char *get() const { return reinterpret_cast<char *>(llvm::alignTo(reinterpret_cast<uintptr_t>(memory.get()), kArenaAlignment)); }

private:
  std::unique_ptr<char[]> memory;
};

} // namespace

void dropRecipes(ModuleOp model) {
  if (auto recipes = model.lookupSymbol<ModuleOp>(kRecipesModule))
    recipes.erase();
}

RecipeRunner::RecipeRunner() = default;
RecipeRunner::~RecipeRunner() = default;

absl::StatusOr<std::unique_ptr<RecipeRunner>> RecipeRunner::create(ModuleOp model, const DiagnosticCollector &diagnostics) {
  auto recipes = model.lookupSymbol<ModuleOp>(kRecipesModule);
  if (!recipes)
    return nullptr;
  std::unique_ptr<RecipeRunner> runner(new RecipeRunner);
  if (absl::Status status = runner->compile(recipes, diagnostics); !status.ok())
    return status;
  return runner;
}

absl::Status RecipeRunner::compile(ModuleOp recipes, const DiagnosticCollector &diagnostics) {
  if (absl::StatusOr<TargetSpec> native = nativeTarget(); !native.ok())
    return native.status();
  absl::StatusOr<std::vector<TargetSpec>> targets = parseTargets("x86-64-v3"); // on every machine the same code, so the same weights
  if (!targets.ok())
    return targets.status();
  const TargetSpec &target = targets->front();

  OwningOpRef<ModuleOp> module = recipes.clone();
  StageOptions stageOptions = StageOptions::ofLevel(0);
  stageOptions.runSymbol = kRecipeEntry.str();
  bool single = llvm::hasSingleElement(module->getOps<func::FuncOp>());
  for (const Stage &stage : stages()) {
    if (stage.name == "graph")
      continue; // the functions would be recipes themselves
    if (stage.name == "kernel") {
      for (auto function : module->getOps<func::FuncOp>())
        for (unsigned i = 0; i < function.getNumArguments(); ++i)
          if (function.getArgAttr(i, "ingot.arena")) {
            std::string name = single ? kRecipeEntry.str() : (kRecipeEntry + "_" + function.getName()).str();
            entries[function.getName()] = {name, cast<MemRefType>(function.getArgumentTypes()[i]).getNumElements()};
          }
      module->getOperation()->removeAttr("ingot.weight_layout");
    }
    PassManager passes(module->getContext());
    stage.build(passes, stageOptions);
    if (failed(passes.run(*module)))
      return absl::InternalError("the recipes of the weights failed in stage '" + stage.name.str() + "' without a message");
    if (stage.name == "kernel")
      sites = diagnostics.failureSites(*module);
  }
  absl::StatusOr<std::unique_ptr<Jit>> compiled = compileInProcess(*module, target, {.level = OptLevel::O2, .loopVectorize = true});
  if (!compiled.ok())
    return compiled.status();
  jit = std::move(*compiled);
  return absl::OkStatus();
}

absl::Status RecipeRunner::run(RecipeAttr recipe, llvm::ArrayRef<const void *> inputs, int64_t bytes, llvm::raw_ostream &out) const {
  StringRef name = recipe.getFunction().getLeafReference();
  auto entry = entries.find(name);
  if (entry == entries.end())
    return absl::InternalError("recipe '" + name.str() + "' was not compiled");
  absl::StatusOr<void *> address = jit->lookup(entry->second.symbol);
  if (!address.ok())
    return address.status();
  AlignedBytes arena(entry->second.arenaBytes), result(bytes);
  void *outputs[] = {result.get()};
  IngotCall call{};
  call.arena = reinterpret_cast<uint8_t *>(arena.get());
  call.inputs = inputs.data();
  call.outputs = outputs;
  reinterpret_cast<IngotRunFunction>(*address)(&call, 0, 1);
  if (call.status != INGOT_OK)
    return absl::InvalidArgumentError(sites[call.failed_site] + ", in a part of the model that is computed from its weights");
  out.write(result.get(), bytes);
  return absl::OkStatus();
}

} // namespace ingot
