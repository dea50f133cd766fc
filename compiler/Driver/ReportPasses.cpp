// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/ReportPasses.h"

#include "compiler/Pipelines/OptionalPasses.h"
#include "compiler/Pipelines/PassNames.h"
#include "mlir/IR/OperationSupport.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;

namespace ingot {
namespace {

/// Stages whose end a forecast can be made from, in order.
constexpr llvm::StringLiteral kForecastStages[] = {"graph", "region", "plan"};

bool isVerifier(llvm::StringRef pass) { return pass.starts_with("ingot-verify-"); }

/// What is different, as the larger one of what came and what went.
int64_t countChanges(const std::map<uint64_t, int64_t> &before, const std::map<uint64_t, int64_t> &after) {
  int64_t came = 0, went = 0;
  for (auto [hash, number] : after) {
    auto old = before.find(hash);
    came += std::max<int64_t>(number - (old == before.end() ? 0 : old->second), 0);
  }
  for (auto [hash, number] : before) {
    auto now = after.find(hash);
    went += std::max<int64_t>(number - (now == after.end() ? 0 : now->second), 0);
  }
  return std::max(came, went);
}

llvm::hash_code hashOf(Operation *op) {
  llvm::hash_code hash = OperationEquivalence::computeHash(op, OperationEquivalence::ignoreHashValue, OperationEquivalence::ignoreHashValue,
                                                           OperationEquivalence::IgnoreLocations);
  for (Value operand : op->getOperands()) // a change of layout shows in types alone
    hash = llvm::hash_combine(hash, operand.getType());
  return hash;
}

} // namespace

PassEffects::Snapshot PassEffects::Snapshot::of(ModuleOp module) {
  Snapshot snapshot;
  module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isa<ModuleOp>(op))
      return op == module ? WalkResult::advance() : WalkResult::skip(); // recipes: of weights
    if (isa<ConstantOp>(op))
      return WalkResult::advance();
    ++snapshot.count;
    llvm::hash_code hash = hashOf(op);
    ++snapshot.operations[hash];
    if (auto region = dyn_cast<RegionOp>(op)) {
      for (Operation &inner : region.getBody().front())
        hash = llvm::hash_combine(hash, hashOf(&inner));
      ++snapshot.regions[hash];
    }
    return WalkResult::advance();
  });
  return snapshot;
}

class PassEffects::Watcher : public PassInstrumentation {
public:
  explicit Watcher(PassEffects &effects) : effects(effects) {}

  void runBeforePass(Pass *pass, Operation *op) override {
    if (isWatched(pass, op))
      effects.begin(pass, moduleOf(op));
  }
  void runAfterPass(Pass *pass, Operation *op) override {
    if (isWatched(pass, op))
      effects.end(pass, moduleOf(op));
  }

private:
  /// What runs passes on functions has no name; the function that computes sizes is no part of the model.
  static bool isWatched(Pass *pass, Operation *op) { return !pass->getArgument().empty() && !op->hasAttr("ingot.prepares"); }
  static ModuleOp moduleOf(Operation *op) {
    auto module = dyn_cast<ModuleOp>(op);
    return module ? module : op->getParentOfType<ModuleOp>();
  }

  PassEffects &effects;
};

void PassEffects::watch(PassManager &passes, const Stage &next, const StageOptions &given, const Roofs &machine) {
  stage = &next;
  options = given;
  roofs = machine;
  passes.addInstrumentation(std::make_unique<Watcher>(*this));
}

std::optional<Totals> PassEffects::forecast(ModuleOp module, const std::vector<std::string> &without) const {
  StageOptions way = withoutPasses(options, without);
  llvm::append_range(way.left, seen);
  for (const Stage &ahead : stages())
    for (const std::string &name : passNames(ahead, options))
      if (isVerifier(name) || (ahead.name != "plan" && whyNeeded(name).empty() && name != "ingot-form-regions"))
        way.left.push_back(name);
  ScopedDiagnosticHandler quiet(module.getContext(), [](Diagnostic &) { return success(); });
  OwningOpRef<ModuleOp> copy = module.clone();
  PassManager passes(module.getContext());
  bool isAhead = false;
  for (const Stage &ahead : stages())
    if (isAhead |= ahead.name == stage->name; isAhead && llvm::is_contained(kForecastStages, ahead.name))
      ahead.build(passes, way);
  if (failed(passes.run(*copy)))
    return std::nullopt;
  return Totals::of(*copy->getOps<func::FuncOp>().begin(), *roofs);
}

void PassEffects::begin(Pass *pass, ModuleOp module) {
  std::string name = pass->getArgument().str();
  bool isForecast = llvm::is_contained(kForecastStages, stage->name);
  if (effects.empty() || effects.back().stage != stage->name)
    snapshot = Snapshot::of(module); // a stage may begin with another copy
  if (isForecast && !forecasted)
    forecasted = forecast(module, {});
  PassEffect &effect = effects.emplace_back();
  effect.stage = stage->name.str();
  effect.name = name;
  effect.operationsBefore = snapshot.count;
  if (isForecast) {
    bool decides = whyNeeded(name).empty() && (stage->name == "plan" || name == "ingot-form-regions") && name != "ingot-estimate-costs";
    effect.before = decides ? forecast(module, {name}) : forecasted;
  }
  started = std::chrono::steady_clock::now();
}

void PassEffects::end(Pass *, ModuleOp module) {
  PassEffect &effect = effects.back();
  effect.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  Snapshot now = Snapshot::of(module);
  effect.operationsAfter = now.count;
  effect.operationsChanged = countChanges(snapshot.operations, now.operations);
  effect.regionsChanged = countChanges(snapshot.regions, now.regions);
  snapshot = std::move(now);
  seen.push_back(effect.name);
  if (!effect.before && !forecasted)
    return;
  if (llvm::is_contained(kForecastStages, effect.stage)) {
    if (effect.operationsChanged != 0 && !isVerifier(effect.name))
      forecasted = forecast(module, {});
    effect.after = forecasted;
  }
}

} // namespace ingot
