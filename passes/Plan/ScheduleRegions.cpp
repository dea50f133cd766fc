// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Control.h"
#include "passes/Kernel/Chain/RowChain.h"
#include "passes/Plan/Cost/RegionCost.h"
#include "passes/Plan/Memory/BufferLifetimes.h"
#include "passes/Plan/Memory/InPlace.h"
#include "passes/Plan/Memory/OrderSearch.h"
#include "passes/Plan/Passes.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_SCHEDULEREGIONSPASS
#include "passes/Plan/Passes.h.inc"

namespace {

/// The steps of a block that can be put into another order: regions, control flow and definitions of symbols. Views follow those that read them.
class BlockSchedule {
public:
  BlockSchedule(func::FuncOp function, const ViewPlacement &placement, const ModelSymbols &symbols);

  const OrderProblem &getProblem() const { return problem; }
  /// The operations of the block, its terminator excepted, with the steps in this order.
  std::vector<Operation *> operations(ArrayRef<unsigned> order) const;

private:
  /// The last region of a chain stands for all of it.
  static bool isStep(Operation *op) {
    auto region = dyn_cast<RegionOp>(op);
    return region ? !nextInChain(region) : isa<BindDimOp>(op) || isControl(op);
  }
  void addStep(Operation *op);
  void addDependences(Operation *op);
  void touch(OrderProblem::Step &step, Value tensor);
  std::optional<unsigned> bufferOf(Value tensor);
  void place(Operation *op, DenseSet<Operation *> &placed, std::vector<Operation *> &order) const;

  Block &body;
  const ViewPlacement &placement;
  const ModelSymbols &symbols;
  SymbolDefinitions definitions;
  SmallVector<Value> returned;
  OrderProblem problem;
  SmallVector<Operation *> steps;
  DenseMap<Operation *, unsigned> numberOf;
  DenseMap<Value, unsigned> buffers; ///< of the roots in the arena
};

BlockSchedule::BlockSchedule(func::FuncOp function, const ViewPlacement &placement, const ModelSymbols &symbols)
    : body(function.getBody().front()), placement(placement), symbols(symbols), definitions(body) {
  llvm::append_range(returned, body.getTerminator()->getOperands());
  for (Operation &op : body)
    if (isStep(&op))
      addStep(&op);
  for (Operation *op : steps)
    addDependences(op);
}

std::optional<unsigned> BlockSchedule::bufferOf(Value tensor) {
  Value root = placement.of(tensor).root;
  if (isa<BlockArgument>(root) || root.getDefiningOp<ConstantOp>() || llvm::is_contained(returned, root) || isInsideOfChain(root))
    return std::nullopt;
  auto [entry, added] = buffers.insert({root, problem.bytes.size()});
  if (added)
    problem.bytes.push_back(symbols.upperBound(symbols.bound(bufferBytes(cast<RankedTensorType>(root.getType())))));
  return entry->second;
}

void BlockSchedule::touch(OrderProblem::Step &step, Value tensor) {
  if (std::optional<unsigned> buffer = bufferOf(tensor); buffer && !llvm::is_contained(step.buffers, *buffer))
    step.buffers.push_back(*buffer);
}

void BlockSchedule::addStep(Operation *op) {
  OrderProblem::Step step;
  forEachRead(op, [&](Value value) { touch(step, value); });
  for (Value result : op->getResults())
    if (isa<RankedTensorType>(result.getType()))
      touch(step, result);
  auto region = dyn_cast<RegionOp>(op);
  SmallVector<RegionOp> chain = region ? chainEndingAt(region) : SmallVector<RegionOp>();
  for (RegionOp member : chain)
    forEachRead(member, [&](Value value) { touch(step, value); });
  if (region && chain.empty()) {
    for (Value result : region.getResults())
      for (auto [i, input] : llvm::enumerate(region.getInputs())) {
        std::optional<unsigned> to = bufferOf(result), from = bufferOf(input);
        if (to && from && to != from && problem.bytes[*to] == problem.bytes[*from] && readsWhereItWrites(region, i))
          step.inPlace.push_back({*to, *from});
      }
  } else if (isControl(op)) { // what lies inside, as if all of it were needed at once
    op->walk([&](RegionOp inner) {
      for (Value result : inner.getResults())
        step.own += symbols.upperBound(symbols.bound(bufferBytes(cast<RankedTensorType>(result.getType()))));
    });
  }
  numberOf[op] = steps.size();
  steps.push_back(op);
  problem.steps.push_back(std::move(step));
}

/// The steps whose results an operation needs, through views, and those that give its symbols their values.
void BlockSchedule::addDependences(Operation *op) {
  OrderProblem::Step &step = problem.steps[numberOf.lookup(op)];
  SmallVector<Operation *> open = {op};
  DenseSet<Operation *> seen = {op};
  auto need = [&](Operation *source) {
    if (!source || source->getBlock() != &body || !seen.insert(source).second)
      return;
    if (auto number = numberOf.find(source); number != numberOf.end())
      step.after.push_back(number->second);
    else
      open.push_back(source);
  };
  while (!open.empty()) {
    Operation *next = open.pop_back_val();
    forEachRead(next, [&](Value value) { need(value.getDefiningOp()); });
    definitions.forEachNeeded(next, need);
  }
}

void BlockSchedule::place(Operation *op, DenseSet<Operation *> &placed, std::vector<Operation *> &order) const {
  if (!op || op->getBlock() != &body || !placed.insert(op).second)
    return;
  forEachRead(op, [&](Value value) { place(value.getDefiningOp(), placed, order); });
  definitions.forEachNeeded(op, [&](Operation *source) { place(source, placed, order); });
  order.push_back(op);
}

std::vector<Operation *> BlockSchedule::operations(ArrayRef<unsigned> order) const {
  std::vector<Operation *> operations;
  DenseSet<Operation *> placed;
  for (auto constant : body.getOps<ConstantOp>())
    place(constant, placed, operations);
  for (unsigned step : order)
    place(steps[step], placed, operations);
  for (Operation &op : body.without_terminator())
    place(&op, placed, operations);
  return operations;
}

struct ScheduleRegionsPass : impl::ScheduleRegionsPassBase<ScheduleRegionsPass> {
  using ScheduleRegionsPassBase::ScheduleRegionsPassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isPrivate() || function.isExternal() || function->hasAttr("ingot.prepares") || !llvm::hasSingleElement(function.getBody()))
      return; // that of the sizes too: without threads in the compiler, the pass manager comes to it as soon as ingot-plan-buffers has written it
    std::optional<int64_t> given = arenaBytes();
    if (!given) // views that need copies, or regions without plans: nothing can be said
      return;
    Block &body = function.getBody().front();
    ViewPlacement placement(body);
    ModelSymbols symbols = ModelSymbols::of(function);
    BlockSchedule schedule(function, placement, symbols);
    FoundOrder found = findOrder(schedule.getProblem(), mostStates);
    int64_t chosen = *given;
    if (found.order.size() == schedule.getProblem().steps.size()) {
      auto before = llvm::map_to_vector(body.without_terminator(), [](Operation &op) { return &op; });
      apply(body, schedule.operations(found.order));
      std::optional<int64_t> now = arenaBytes();
      if (now && *now < *given)
        chosen = *now;
      else
        apply(body, before);
    }
    Builder b(&getContext());
    auto bytes = [&](StringRef name, int64_t number) { return b.getNamedAttr(name, b.getI64IntegerAttr(number)); };
    int64_t bound = found.isExact ? found.peak : schedule.getProblem().leastPeak();
    function->setAttr(kScheduleAttr, b.getDictionaryAttr({bytes("given", *given), bytes("chosen", chosen), bytes("bound", bound),
                                                          b.getNamedAttr("exact", b.getBoolAttr(found.isExact))}));
  }

private:
  /// What `ingot-plan-buffers` makes of the order that the operations have now.
  std::optional<int64_t> arenaBytes() {
    func::FuncOp function = getOperation();
    Block &body = function.getBody().front();
    ViewPlacement placement(body);
    bool hasPlans = true;
    function.walk([&](RegionOp region) { hasPlans &= static_cast<bool>(region.getPlan()); });
    if (!hasPlans || !placement.getCopies().empty() || !placement.getOperandCopies().empty())
      return std::nullopt;
    ModelSymbols symbols = ModelSymbols::of(function);
    SmallVector<ArenaBuffer> buffers = BufferLifetimes(function, placement, symbols).all();
    return placeInArena(buffers);
  }

  static void apply(Block &body, ArrayRef<Operation *> operations) {
    for (Operation *op : operations)
      op->moveBefore(body.getTerminator());
  }
};

} // namespace
} // namespace ingot
