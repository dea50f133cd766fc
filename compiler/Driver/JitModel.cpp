// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/JitModel.h"

#include "compiler/Driver/Diagnostics.h"
#include "compiler/Driver/InProcess.h"
#include "compiler/Driver/Interface.h"
#include "compiler/Driver/RecipeRunner.h"
#include "compiler/Driver/WeightBlob.h"
#include "compiler/Target/TargetSpec.h"
#include "dialects/Ingot/Ingot.h"
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

constexpr llvm::StringLiteral kJitEntry = "ingot_jit_run";
constexpr size_t kValueAlignment = 64;

struct Free {
  void operator()(void *memory) const { std::free(memory); }
};
using Memory = std::unique_ptr<void, Free>;

Memory allocate(uint64_t bytes) { return Memory(std::aligned_alloc(kValueAlignment, (bytes + kValueAlignment) / kValueAlignment * kValueAlignment)); }

uint64_t elementBytesOf(Type tensor) { return getStorageType(cast<ShapedType>(tensor).getElementType()).getIntOrFloatBitWidth() / 8; }

/// `describeInterface` of the first function of a module. The inputs must be static.
ModelInterface interfaceOf(ModuleOp module, const DiagnosticCollector &diagnostics) {
  auto function = *module.getOps<func::FuncOp>().begin();
  ModelInterface interface;
  describeInterface(function, diagnostics, interface);
  auto fill = [](std::vector<TensorInterface> &tensors, TypeRange types) {
    for (auto [tensor, type] : llvm::zip_equal(tensors, types)) {
      if (cast<RankedTensorType>(type).hasStaticShape())
        tensor.bytes = cast<RankedTensorType>(type).getNumElements() * elementBytesOf(type);
    }
  };
  fill(interface.inputs, function.getArgumentTypes());
  fill(interface.outputs, function.getResultTypes());
  return interface;
}

} // namespace

absl::StatusOr<std::unique_ptr<JitModel>> JitModel::compile(ModuleOp module, const WeightStore &weights, const StageOptions &given,
                                                            const DiagnosticCollector &diagnostics) {
  std::unique_ptr<JitModel> model(new JitModel());
  StageOptions options = given;
  options.runSymbol = kJitEntry.str();
  for (const Stage &stage : stages()) {
    if (stage.name == "plan") {
      model->interface = interfaceOf(module, diagnostics);
      for (Type type : (*module.getOps<func::FuncOp>().begin()).getResultTypes())
        model->elementBytes.push_back(elementBytesOf(type));
    }
    if (stage.name == "kernel") {
      auto function = *module.getOps<func::FuncOp>().begin();
      for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
        if (function.getArgAttr(i, "ingot.arena"))
          model->arenaBytes = cast<MemRefType>(type).getNumElements();
        if (function.getArgAttr(i, "ingot.values"))
          model->valueCount = cast<MemRefType>(type).getNumElements();
      }
      absl::StatusOr<std::unique_ptr<RecipeRunner>> recipes = RecipeRunner::create(module, diagnostics);
      if (!recipes.ok())
        return diagnostics.status(recipes.status());
      auto write = [&](llvm::raw_ostream &out) { return writeWeightBlob(module, weights, recipes->get(), out); };
      absl::StatusOr<WeightMemory> written = WeightMemory::create(weightBlobBytes(module), write);
      if (!written.ok())
        return written.status();
      model->weights = std::move(*written);
      dropRecipes(module);
      module->removeAttr("ingot.weight_layout");
    }
    PassManager passes(module.getContext());
    stage.build(passes, options);
    if (failed(passes.run(module)))
      return diagnostics.status("stage '" + stage.name.str() + "' failed without a message");
    if (stage.name == "kernel")
      describeKernels(module, diagnostics, model->interface);
  }
  absl::StatusOr<TargetSpec> target = nativeTarget();
  if (!target.ok())
    return target.status();
  OptimizeOptions optimize{.level = OptLevel::O2, .loopVectorize = options.plainKernels, .slpVectorize = false, .loopUnroll = options.plainKernels};
  absl::StatusOr<std::unique_ptr<Jit>> jit = compileInProcess(module, *target, optimize);
  if (!jit.ok())
    return jit.status();
  model->jit = std::move(*jit);
  absl::StatusOr<void *> entry = model->jit->lookup(kJitEntry);
  if (!entry.ok())
    return entry.status();
  model->entry = *entry;
  if (model->valueCount != 0) {
    absl::StatusOr<void *> prepare = model->jit->lookup(kJitEntry.str() + "_prepare");
    if (!prepare.ok())
      return prepare.status();
    model->prepare = *prepare;
  }
  return model;
}

/// Before the first run rooms are as small as they can be.
std::vector<int64_t> JitModel::firstValues() const {
  std::vector<int64_t> values(valueCount);
  for (auto [value, symbol] : llvm::zip(values, interface.symbols))
    value = symbol.kind == INGOT_SYMBOL_ROOM ? symbol.minimum : symbol.maximum;
  return values;
}

void JitModel::sizeOutputs(llvm::ArrayRef<int64_t> values, std::vector<Output> &outputs) const {
  for (auto [output, described, bytes] : llvm::zip_equal(outputs, interface.outputs, elementBytes)) {
    output.tensor.dims = described.dims;
    output.tensor.bytes = bytes;
    for (int64_t &dim : output.tensor.dims) {
      dim = dim < 0 ? values[-1 - dim] : dim;
      output.tensor.bytes *= dim;
    }
  }
}

absl::StatusOr<std::vector<JitModel::Output>> JitModel::run(llvm::ArrayRef<const void *> inputs) const {
  std::vector<Output> outputs;
  outputs.reserve(interface.outputs.size());
  for (const TensorInterface &output : interface.outputs)
    outputs.push_back({output, {}});
  std::vector<int64_t> values = firstValues(), rooms = values;
  for (bool grown = true; grown;) {
    int64_t bytes = prepare ? reinterpret_cast<int64_t (*)(int64_t *)>(prepare)(values.data()) : static_cast<int64_t>(arenaBytes);
    if (bytes < 0)
      return absl::FailedPreconditionError("the run failed: " + interface.relations[-1 - bytes]);
    Memory arena = allocate(bytes), scratch = allocate(interface.scratchBytes);
    if (!arena || !scratch)
      return absl::ResourceExhaustedError("no memory for an arena of " + std::to_string(bytes) + " bytes");
    sizeOutputs(values, outputs);
    std::vector<void *> places;
    for (Output &output : outputs) {
      output.data.assign(output.tensor.bytes + 1, '\x55');
      places.push_back(output.data.data());
    }
    IngotCall call{};
    call.weights = weights.data();
    call.arena = static_cast<uint8_t *>(arena.get());
    call.inputs = inputs.data();
    call.outputs = places.data();
    call.values = values.data();
    call.scratch = static_cast<uint8_t *>(scratch.get());
    reinterpret_cast<IngotRunFunction>(entry)(&call, 0, 1);
    if (call.status != INGOT_OK)
      return absl::FailedPreconditionError("the run failed: " + interface.sites[call.failed_site]);
    // A room that was too small says how large it must be; all else is computed again.
    grown = false;
    for (auto [value, room, symbol] : llvm::zip(values, rooms, interface.symbols))
      if (symbol.kind == INGOT_SYMBOL_ROOM && value > room) {
        room = std::min(value, symbol.maximum);
        grown = true;
      }
    if (grown)
      values = rooms;
  }
  sizeOutputs(values, outputs);
  return outputs;
}

} // namespace ingot
