// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Region/AlternatingPanels.h"
#include "passes/Region/Dequantization.h"
#include "passes/Region/Passes.h"
#include "passes/Region/VectorCost.h"

#include "dialects/Ingot/Constants.h"
#include "dialects/Ingot/Control.h"
#include "dialects/Ingot/Shapes.h"
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
  Value part; ///< of an anchor that computes two products: the first of them; else null

  /// The operation that is not elementwise; null when all are.
  Operation *anchor() const {
    auto found = llvm::find_if(members, [](Operation *op) { return !cast<RegionFormationInterface>(op).isEpilogue() || isa<PackOp>(op); });
    return found == members.end() ? nullptr : *found;
  }

  /// Whether elementwise operations of the anchor's shape may be computed where the anchor's result is.
  bool takesEpilogue() const {
    Operation *op = anchor();
    return !op || (!isa<PackOp, AttentionOp>(op) && op->getNumResults() == 1 && cast<RegionFormationInterface>(op).getAnchor() != Anchor::Plain);
  }

  /// Of what the elementwise operations see.
  Dims dims() const { return getDims(cast<RankedTensorType>((part ? part : (anchor() ? anchor() : members.back())->getResult(0)).getType())); }
};

/// The operand of a product that a prologue may compute: the left side, where the kernel reads it row by row. Null for other operations.
Value prologueOperand(Operation *op) {
  if (auto product = dyn_cast<PackedMatMulOp>(op))
    return product.getLhs();
  auto conv = dyn_cast<ConvOp>(op);
  bool isProduct = conv && conv.getLayout() == Layout::ChannelsLast && conv.getKernel().size() <= 2 && conv.isPointwise();
  return isProduct ? conv.getX() : Value();
}

/// Whether vectors along the last dim of `value` can be loaded from where it will lie, as far as views tell. (A map reads any strides.)
bool liesInRows(Value value) {
  while (auto reshape = value.getDefiningOp<ReshapeOp>())
    value = reshape.getX();
  return !isa_and_nonnull<TransposeOp, SliceOp>(value.getDefiningOp());
}

/// Whether `product` is faster with `prologue` computed in its kernel, a few rows at a time, than with a tensor written and read again. For that the
/// operations must be cheap, as the kernel computes the rows of one tile in one piece of code; the rows must be short enough to stay in the nearest
/// cache, and the right side small enough for the second one, because it is read as a whole for each tile (measured: up to 8 % faster, 2 to 3 %
/// slower beyond these bounds).
bool prologuePays(Operation *product, ArrayRef<Operation *> prologue) {
  constexpr double kMaxCycles = 6; // no polynomials
  constexpr int64_t kMaxDepth = 2048, kMaxColumns = 256, kMaxRightBytes = 512 * 1024, kGemvRows = 3;
  auto typeOf = [](Value value) { return cast<RankedTensorType>(value.getType()); };
  for (Operation *op : prologue) {
    auto type = typeOf(op->getResult(0));
    Type element = type.getElementType();
    if (!(element.isF32() || element.isBF16() || element.isInteger(1)) || vectorCycles(op) > kMaxCycles ||
        !llvm::all_of(op->getOperands(), liesInRows))
      return false;
  }
  auto result = typeOf(product->getResult(0)), left = typeOf(prologueOperand(product));
  Dims rowDims = getDims(result), leftDims = getDims(left);
  rowDims.pop_back();
  leftDims.pop_back();
  int64_t depth = left.getShape().back(), columns = result.getShape().back();
  bool isKnown = !ShapedType::isDynamic(depth) && !ShapedType::isDynamic(columns);
  if (!result.getElementType().isF32() || !(left.getElementType().isF32() || left.getElementType().isBF16()) || !isKnown || leftDims != rowDims)
    return false;
  bool isGemv = result.hasStaticShape() && llvm::product_of(result.getShape().drop_back()) <= kGemvRows;
  int64_t rightBytes = columns * depth * static_cast<int64_t>(sizeof(float));
  return depth <= kMaxDepth && (isGemv || (columns <= kMaxColumns && rightBytes <= kMaxRightBytes));
}

/// The groups of a block while they grow. A group is computed as one, so two operations may share one only if no path leads out of the group and back
/// into it.
class Grouping {
public:
  Grouping(Block &body, DequantizingOps dequantizing) : symbols(body), dequantizing(std::move(dequantizing)) {
    for (auto [i, op] : llvm::enumerate(body))
      order[&op] = i;
  }

  void add(Operation *op, bool fuse) {
    Group *group = fuse ? groupToJoin(op) : nullptr;
    if (!group)
      group = groups.emplace_back(std::make_unique<Group>()).get();
    group->members.push_back(op);
    groupOf[op] = group;
    if (fuse && cast<RegionFormationInterface>(op).isEpilogue() && !isa<PackOp>(op))
      for (Value operand : op->getOperands())
        absorb(*group, operand);
    if (Value operand = fuse ? prologueOperand(op) : Value())
      absorbPrologue(*group, op, operand);
    if (fuse && cast<RegionFormationInterface>(op).getAnchor() == Anchor::Row)
      absorbIntegers(*group, op->getOperand(0));
    if (auto product = dyn_cast<PackedMatMulOp>(op); fuse && product)
      takeParts(*group, product);
  }

  auto finished() {
    llvm::erase_if(groups, [](const std::unique_ptr<Group> &group) { return group->members.empty(); });
    return llvm::make_pointee_range(groups);
  }

private:
  /// Where panels of two products alternate, the views that tell them apart belong to the region: its kernel has both in registers.
  void takeParts(Group &group, PackedMatMulOp product) {
    std::optional<AlternatingPanels> parts = AlternatingPanels::behind(product);
    if (!parts)
      return;
    for (Operation *view : parts->operations()) {
      group.members.push_back(view);
      groupOf[view] = &group;
    }
    group.part = parts->products[0];
  }

  /// The group of an operand, the one computed last first, that `op` can be computed in.
  Group *groupToJoin(Operation *op) {
    auto member = cast<RegionFormationInterface>(op);
    if (!member.isEpilogue() || isa<PackOp>(op))
      return nullptr;
    SmallVector<Operation *> producers;
    for (Value operand : op->getOperands())
      if (Operation *producer = operand.getDefiningOp(); producer && groupOf.contains(producer))
        producers.push_back(producer);
    llvm::sort(producers, [&](Operation *a, Operation *b) { return order.lookup(a) > order.lookup(b); });
    Dims dims = getDims(cast<RankedTensorType>(op->getResult(0).getType()));
    SmallVector<Group *> preparations; // which other groups can take in, too
    for (Operation *producer : producers) {
      Group *group = groupOf.lookup(producer);
      if (!group->takesEpilogue() || group->dims() != dims)
        continue;
      bool prepares = isPreparation(*group);
      if (dequantizing.contains(op) && !prepares)
        continue; // integers are stored, and read where they are wanted
      if (llvm::any_of(op->getOperands(), [&](Value operand) { return dependsOn(operand, *group); }))
        continue;
      if (!prepares || dequantizing.contains(op))
        return group;
      preparations.push_back(group);
    }
    return preparations.empty() ? nullptr : joinedWithSource(op, preparations);
  }

  bool isPreparation(const Group &group) const {
    return llvm::all_of(group.members, [&](Operation *member) { return dequantizing.contains(member); });
  }

  /// Of groups that dequantise what `op` reads, the one whose integers are computed last, together with the group that computes these, if it can be
  /// one with `op`: the integers need not be stored for it.
  Group *joinedWithSource(Operation *op, ArrayRef<Group *> preparations) {
    auto sourceOf = [](Group *group) { return group->members.front()->getOperand(0).getDefiningOp(); };
    Group *best = nullptr, *source = nullptr;
    for (Group *group : preparations) {
      Operation *made = sourceOf(group);
      Group *from = made ? groupOf.lookup(made) : nullptr;
      if (!from || !from->takesEpilogue() || from->dims() != group->dims() || isPreparation(*from) || (best && order[made] < order[sourceOf(best)]))
        continue;
      bool closes = llvm::any_of(op->getOperands(),
                                 [&](Value operand) { return groupOf.lookup(operand.getDefiningOp()) != group && dependsOn(operand, *from); });
      if (closes)
        continue;
      best = group;
      source = from;
    }
    if (!best)
      return preparations.front();
    moveInto(*source, *best);
    return source;
  }

  /// Takes in the elementwise group that computes `operand` in the shape of this group, or makes floats of integers in one that broadcasts.
  void absorb(Group &group, Value operand) {
    Group *other = operand.getDefiningOp() ? groupOf.lookup(operand.getDefiningOp()) : nullptr;
    if (other && other != &group && !other->anchor() && (other->dims() == group.dims() || isPreparation(*other)))
      merge(group, *other);
  }

  /// Takes in the elementwise group that computes the left side of a product.
  void absorbPrologue(Group &group, Operation *product, Value operand) {
    Group *other = operand.getDefiningOp() ? groupOf.lookup(operand.getDefiningOp()) : nullptr;
    if (other && !other->anchor() && prologuePays(product, other->members))
      merge(group, *other);
  }

  /// Takes in the group that widens integers for a reduction or norm, which reads fewer bytes that way.
  void absorbIntegers(Group &group, Value operand) {
    Group *other = operand.getDefiningOp() ? groupOf.lookup(operand.getDefiningOp()) : nullptr;
    if (other && isPreparation(*other))
      merge(group, *other);
  }

  /// Adds the members of `other` if they serve `group` alone.
  void merge(Group &group, Group &other) {
    for (Operation *op : other.members)
      for (Operation *user : op->getUsers())
        if (Group *at = groupOf.lookup(user); at != &group && at != &other)
          return;
    auto isOutside = [&](Value input) {
      Group *at = input.getDefiningOp() ? groupOf.lookup(input.getDefiningOp()) : nullptr;
      return at != &group && at != &other;
    };
    for (Operation *op : group.members)
      for (Value input : op->getOperands())
        if (isOutside(input) && dependsOn(input, other))
          return;
    for (Operation *op : other.members)
      for (Value input : op->getOperands())
        if (isOutside(input) && dependsOn(input, group))
          return;
    moveInto(group, other);
  }

  void moveInto(Group &group, Group &other) {
    for (Operation *op : other.members)
      groupOf[op] = &group;
    group.members.append(other.members);
    other.members.clear();
    llvm::sort(group.members, [&](Operation *a, Operation *b) { return order.lookup(a) < order.lookup(b); });
  }

  /// Whether `value`, computed outside of `target`, needs something that `target` computes. A group needs what any of its members needs.
  bool dependsOn(Value value, const Group &target) const {
    Operation *start = value.getDefiningOp();
    if (!start || groupOf.lookup(start) == &target)
      return false;
    SmallVector<Operation *> pending;
    llvm::SmallPtrSet<Operation *, 16> seen;
    auto push = [&](Operation *op) {
      Group *group = groupOf.lookup(op);
      for (Operation *member : group ? ArrayRef(group->members) : ArrayRef(op))
        if (seen.insert(member).second)
          pending.push_back(member);
    };
    push(start);
    bool depends = false;
    while (!pending.empty() && !depends) {
      Operation *op = pending.pop_back_val();
      auto need = [&](Operation *producer) {
        depends |= groupOf.lookup(producer) == &target;
        push(producer);
      };
      forEachRead(op, [&](Value operand) {
        if (Operation *producer = operand.getDefiningOp())
          need(producer);
      });
      symbols.forEachNeeded(op, need);
    }
    return depends;
  }

  SymbolDefinitions symbols;
  DequantizingOps dequantizing;
  DenseMap<Operation *, int64_t> order;
  DenseMap<Operation *, Group *> groupOf;
  SmallVector<std::unique_ptr<Group>> groups;
};

struct FormRegionsPass : impl::FormRegionsPassBase<FormRegionsPass> {
  using FormRegionsPassBase::FormRegionsPassBase;

  void runOnOperation() override {
    for (Block *block : blocksOf(getOperation().getBody().front()))
      formIn(*block);
  }

private:
  void formIn(Block &body) {
    Grouping grouping(body, fuse ? dequantizeAtReaders(body) : DequantizingOps());
    for (Operation &op : body.without_terminator()) {
      auto member = dyn_cast<RegionFormationInterface>(op);
      bool isView = member && member.getAnchor() == Anchor::View;
      if (member && member.getAnchor() != Anchor::Constant && !(fuse && isView) && !isa<EqualDimsOp>(op))
        grouping.add(&op, fuse);
    }
    for (Group &group : grouping.finished())
      outline(group);
    sort(body); // a value may be read before the last member of its group
  }

  /// Each operation behind those whose values or symbols it needs, else in the order that they have.
  static void sort(Block &body) {
    SymbolDefinitions symbols(body);
    llvm::SmallPtrSet<Operation *, 32> unsorted;
    SmallVector<Operation *> pending;
    for (Operation &op : body.without_terminator()) {
      unsorted.insert(&op);
      pending.push_back(&op);
    }
    auto isReady = [&](Operation *op) {
      bool ready = true;
      auto need = [&](Operation *producer) { ready &= !unsorted.contains(producer); };
      forEachRead(op, [&](Value operand) {
        if (Operation *producer = operand.getDefiningOp())
          need(producer);
      });
      symbols.forEachNeeded(op, need);
      return ready;
    };
    while (!pending.empty()) {
      [[maybe_unused]] size_t before = pending.size();
      llvm::erase_if(pending, [&](Operation *op) {
        if (!isReady(op))
          return false;
        unsorted.erase(op);
        op->moveBefore(body.getTerminator());
        return true;
      });
      assert(pending.size() < before && "groups need each other");
    }
  }

  static bool isInlineConstant(Value value) {
    DenseElementsAttr dense = getDenseConstant(value);
    return dense && dense.isSplat() && dense.getNumElements() > 0;
  }

  /// Replaces the members by a region at the place of the last one.
  static void outline(const Group &group) {
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
    auto region = RegionOp::create(b, loc, types, inputs.getArrayRef(), ValueRange(), PlanAttr(), ArrayAttr());
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
