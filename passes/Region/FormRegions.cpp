// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Region/Passes.h"

#include "dialects/Ingot/Constants.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_FORMREGIONSPASS
#include "passes/Region/Passes.h.inc"

namespace {

/// Operations that become one region, in the order of the block.
struct Group {
  SmallVector<Operation *> members;
};

struct FormRegionsPass : impl::FormRegionsPassBase<FormRegionsPass> {
  using FormRegionsPassBase::FormRegionsPassBase;

  void runOnOperation() override {
    Block &body = getOperation().getBody().front();
    SmallVector<std::unique_ptr<Group>> groups;
    DenseMap<Operation *, Group *> groupOf;
    for (Operation &op : body.without_terminator()) {
      auto member = dyn_cast<RegionFormationInterface>(op);
      if (!member || member.getAnchor() == Anchor::Constant || (fuse && member.getAnchor() == Anchor::View))
        continue;
      Group *group = fuse ? groupToJoin(member, groupOf) : nullptr;
      if (!group)
        group = groups.emplace_back(std::make_unique<Group>()).get();
      group->members.push_back(&op);
      groupOf[&op] = group;
    }
    for (const std::unique_ptr<Group> &group : groups)
      outline(*group);
  }

private:
  /// The group of the operand computed last, if the operation can be its next epilogue operation.
  static Group *groupToJoin(RegionFormationInterface op, const DenseMap<Operation *, Group *> &groupOf) {
    if (!op.isEpilogue() || isa<PackOp>(op.getOperation()))
      return nullptr;
    Operation *last = nullptr;
    for (Value operand : op->getOperands()) {
      Operation *producer = operand.getDefiningOp();
      if (producer && groupOf.contains(producer) && (!last || last->isBeforeInBlock(producer)))
        last = producer;
    }
    if (!last || last->getNumResults() != 1)
      return nullptr;
    auto from = cast<RankedTensorType>(last->getResult(0).getType()), to = cast<RankedTensorType>(op->getResult(0).getType());
    bool onlyUse = llvm::all_of(last->getUsers(), [&](Operation *user) { return user == op.getOperation(); });
    Anchor anchor = anchorOf(*groupOf.lookup(last));
    return onlyUse && from.getShape() == to.getShape() && anchor != Anchor::Plain ? groupOf.lookup(last) : nullptr;
  }

  static Anchor anchorOf(const Group &group) {
    for (Operation *op : group.members)
      if (auto member = cast<RegionFormationInterface>(op); !member.isEpilogue())
        return member.getAnchor();
    return isa<PackOp>(group.members.front()) ? Anchor::Plain : Anchor::Elementwise;
  }

  static bool isInlineConstant(Value value) {
    DenseElementsAttr dense = getDenseConstant(value);
    return dense && dense.isSplat() && dense.getNumElements() > 0;
  }

  /// Replaces the members by a region at the place of the last one.
  static void outline(Group &group) {
    llvm::SetVector<Value> inputs, results, constants;
    llvm::SmallPtrSet<Operation *, 8> inside(group.members.begin(), group.members.end());
    for (Operation *op : group.members) {
      for (Value operand : op->getOperands())
        if (Operation *producer = operand.getDefiningOp(); !producer || !inside.contains(producer))
          (isInlineConstant(operand) ? constants : inputs).insert(operand);
      for (Value result : op->getResults())
        if (llvm::any_of(result.getUsers(), [&](Operation *user) { return !inside.contains(user); }) || op->getNumResults() > 1)
          results.insert(result);
    }
    Operation *last = group.members.back();
    SmallVector<Location> locations;
    for (Operation *op : group.members)
      locations.push_back(op->getLoc());
    Location loc = FusedLoc::get(last->getContext(), locations);
    OpBuilder b(last);
    b.setInsertionPointAfter(last);
    SmallVector<Type> types;
    for (Value result : results)
      types.push_back(result.getType());
    auto region = RegionOp::create(b, loc, types, inputs.getArrayRef(), ValueRange(), PlanAttr());
    Block *block = b.createBlock(&region.getBody());
    IRMapping mapping;
    for (Value input : inputs)
      mapping.map(input, block->addArgument(input.getType(), input.getLoc()));
    for (Value constant : constants)
      b.clone(*constant.getDefiningOp(), mapping);
    for (Operation *op : group.members)
      b.clone(*op, mapping);
    SmallVector<Value> yielded;
    for (Value result : results)
      yielded.push_back(mapping.lookup(result));
    YieldOp::create(b, loc, yielded);
    for (auto [outlined, replacement] : llvm::zip_equal(results, region.getResults()))
      Value(outlined).replaceUsesWithIf(replacement, [&](OpOperand &use) { return !inside.contains(use.getOwner()); });
    for (Operation *op : llvm::reverse(group.members))
      op->erase();
  }
};

} // namespace
} // namespace ingot
