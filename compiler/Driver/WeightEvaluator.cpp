// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/WeightEvaluator.h"

#include "compiler/Driver/RecipeRunner.h"
#include "compiler/Driver/WeightBlob.h"
#include "dialects/Ingot/Ingot.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Graph/Passes.h"
#include "passes/Weights/WeightStore.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace ingot {
namespace {

/// A module with a function that returns the values.
OwningOpRef<ModuleOp> isolate(ArrayRef<Value> values) {
  Location loc = values.front().getLoc();
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  OpBuilder b = OpBuilder::atBlockEnd(module->getBody());
  auto function = func::FuncOp::create(b, loc, "weights", b.getFunctionType({}, llvm::map_to_vector(values, [](Value x) { return x.getType(); })));
  b.setInsertionPointToStart(function.addEntryBlock());
  llvm::SetVector<Operation *> needed;
  BackwardSliceOptions own;
  own.inclusive = true;
  for (Value value : values)
    (void)getBackwardSlice(value, &needed, own);
  IRMapping mapping;
  for (Operation *op : topologicalSort(needed))
    b.clone(*op, mapping);
  func::ReturnOp::create(b, loc, llvm::map_to_vector(values, [&](Value value) { return mapping.lookup(value); }));
  return module;
}

} // namespace

WeightEvaluator::WeightEvaluator(MLIRContext &context, const WeightStore &weights, const DiagnosticCollector &diagnostics)
    : weights(weights), diagnostics(diagnostics) {
  context.loadAllAvailableDialects();
}

std::optional<std::vector<std::vector<float>>> WeightEvaluator::evaluate(ArrayRef<Value> values) const {
  OwningOpRef<ModuleOp> module = isolate(values);
  PassManager passes(module->getContext());
  passes.addPass(createOutlineRecipesPass());
  if (failed(passes.run(*module)))
    return std::nullopt;
  absl::StatusOr<std::unique_ptr<RecipeRunner>> recipes = RecipeRunner::create(*module, diagnostics);
  if (!recipes.ok())
    return std::nullopt;
  auto function = *module->getOps<func::FuncOp>().begin();
  std::vector<std::vector<float>> results;
  for (Value value : function.getBody().front().getTerminator()->getOperands()) {
    auto constant = value.getDefiningOp<ConstantOp>();
    llvm::SmallVector<char, 0> bytes;
    llvm::raw_svector_ostream stream(bytes);
    if (!constant || !writeConstant(constant.getValue(), weights, recipes->get(), stream).ok())
      return std::nullopt;
    std::vector<float> &elements = results.emplace_back(bytes.size() / sizeof(float));
    std::memcpy(elements.data(), bytes.data(), elements.size() * sizeof(float));
  }
  return results;
}

ArrayRef<char> WeightEvaluator::bytesOf(Attribute constant) const {
  auto weight = dyn_cast<WeightAttr>(constant);
  return weight ? weights.bytes(weight.getId()) : ArrayRef<char>();
}

} // namespace ingot
