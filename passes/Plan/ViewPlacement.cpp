// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/ViewPlacement.h"

#include "dialects/Ingot/Control.h"
#include "dialects/Ingot/Shapes.h"
#include "dialects/Ingot/SymbolicDims.h"

using namespace mlir;

namespace ingot {
namespace {

AffineExpr number(int64_t value, MLIRContext *context) { return getAffineConstantExpr(value, context); }

Box wholeBuffer(Value value) { return {value, number(0, value.getContext()), contiguousStrides(dimsOf(value))}; }

bool isEmpty(ArrayRef<AffineExpr> dims) {
  return llvm::any_of(dims, [](AffineExpr dim) { return getConstant(dim) == 0; });
}

/// Strides of the same elements under another shape; nothing when neighbours of the new shape are not evenly apart.
std::optional<Dims> reshapeStrides(ArrayRef<AffineExpr> from, ArrayRef<AffineExpr> strides, ArrayRef<AffineExpr> to, MLIRContext *context) {
  if (isEmpty(from))
    return contiguousStrides(to);
  SmallVector<std::pair<AffineExpr, AffineExpr>> dims; // size and stride of the old dims that have elements to step over
  for (auto [size, stride] : llvm::zip_equal(from, strides)) {
    if (isOne(size))
      continue;
    if (!dims.empty() && dims.back().second == simplifyDim(stride * size))
      dims.back() = {simplifyDim(dims.back().first * size), stride};
    else
      dims.push_back({size, stride});
  }
  Dims result(to.size());
  AffineExpr one = number(1, context), inner = one, left = one, stride = one; // of the old dim that is being split, from the inside out
  for (size_t i = to.size(); i-- > 0;) {
    if (isOne(to[i])) {
      result[i] = i + 1 == to.size() ? one : simplifyDim(result[i + 1] * to[i + 1]);
      continue;
    }
    if (isOne(left)) {
      if (dims.empty())
        return std::nullopt;
      std::tie(left, stride) = dims.pop_back_val();
      inner = one;
    }
    left = divideDim(left, to[i]);
    if (!left)
      return std::nullopt;
    result[i] = simplifyDim(stride * inner);
    inner = inner * to[i];
  }
  return result;
}

/// Whether neighbours along the innermost dim that has any are neighbours in memory.
bool hasContiguousRows(ArrayRef<AffineExpr> dims, ArrayRef<AffineExpr> strides) {
  for (size_t i = dims.size(); i-- > 0;)
    if (!isOne(dims[i]))
      return isOne(strides[i]);
  return true;
}

/// A stride nobody takes says nothing; kernels ask the last one.
void normalizeLast(Box &box, ArrayRef<AffineExpr> dims) {
  if (!dims.empty() && isOne(dims.back()))
    box.strides.back() = dims.back();
}

/// Whether the region's kernels read `argument` at any strides. The others load vectors along its last dim.
bool readsAnyStrides(RegionOp region, BlockArgument argument) {
  auto anchor = dyn_cast_or_null<RegionFormationInterface>(region.getAnchorOp());
  if (!anchor)
    return true;
  switch (anchor.getAnchor()) {
  case Anchor::View:
  case Anchor::Elementwise:
  case Anchor::Plain:
    return true;
  case Anchor::Contraction:
    return isa<MatMulOp>(anchor.getOperation()) ||
           (isa<PackedMatMulOp>(anchor.getOperation()) && argument == anchor->getOperand(0) && argument.hasOneUse());
  default:
    return false;
  }
}

} // namespace

ViewPlacement::ViewPlacement(Block &body) {
  current = &body;
  for (OpOperand &operand : body.getTerminator()->getOpOperands())
    if (!claim(operand.get(), wholeBuffer(operand.get())))
      operandCopies.push_back(&operand);
  for (BlockArgument argument : body.getArguments())
    boxes[argument] = wholeBuffer(argument);
  place(body);
}

/// What the block's end claims has been claimed.
void ViewPlacement::place(Block &block) {
  Block *outer = std::exchange(current, &block);
  for (Operation &op : llvm::reverse(block.without_terminator())) {
    if (auto concat = dyn_cast<ConcatOp>(op))
      claimConcat(concat);
    else if (auto pad = dyn_cast<PadOp>(op))
      claimPad(pad);
    else if (auto loop = dyn_cast<LoopOp>(op))
      claimInits(loop);
  }
  for (Operation &op : block.without_terminator()) {
    if (isa<ReshapeOp, TransposeOp, SliceOp, EqualDimsOp>(op)) {
      view(op);
      continue;
    }
    for (Value result : op.getResults())
      if (!boxes.contains(result))
        boxes[result] = wholeBuffer(result);
    if (auto region = dyn_cast<RegionOp>(op))
      checkReader(region);
    if (isControl(&op))
      placeBodies(op);
  }
  current = outer;
}

/// The value computed by a region of `block` that only views lead to, all of which are read once; null otherwise.
static RegionOp onlyProducer(Value value, Block *block) {
  while (value.hasOneUse() && value.getParentBlock() == block && isa_and_nonnull<ReshapeOp, TransposeOp, EqualDimsOp>(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  auto region = value.getDefiningOp<RegionOp>();
  return region && value.hasOneUse() && region->getBlock() == block ? region : RegionOp();
}

/// What a loop begins with is written into the place of what it carries: nobody else may read it, as the loop overwrites it. The first condition lies
/// where those of the next trips will.
void ViewPlacement::claimInits(LoopOp op) {
  for (auto [operand, result] : llvm::zip(op.getInitsMutable(), op.getResults()))
    if (!onlyProducer(operand.get(), current) || !claim(operand.get(), wholeBuffer(result)))
      operandCopies.push_back(&operand);
  if (Value condition = op.getCondition();
      condition && !(condition.hasOneUse() && condition.getDefiningOp<RegionOp>() && condition.getParentBlock() == current))
    operandCopies.push_back(&op.getConditionMutable()[0]);
}

/// Whether `value` of the body, or a view of it, is read by `op` or behind it. `own`: the place at the end of the body that does not count.
static bool isReadFrom(Operation *op, Value value, OpOperand *own) {
  return llvm::any_of(value.getUses(), [&](OpOperand &use) {
    Operation *user = op->getBlock()->findAncestorOpInBlock(*use.getOwner());
    if (&use == own)
      return false;
    if (user == use.getOwner() && isa<ReshapeOp, TransposeOp, SliceOp, EqualDimsOp>(user))
      return isReadFrom(op, user->getResult(0), own);
    return !user->isBeforeInBlock(op);
  });
}

/// The place of a carried tensor takes its next value when nobody reads the old one any more.
void ViewPlacement::claimYielded(LoopOp op) {
  Block &body = op.getBody().front();
  Operation *yield = body.getTerminator();
  size_t at = 0;
  if (op.getCondition()) {
    OpOperand &next = yield->getOpOperand(at++);
    if (!claim(next.get(), of(op.getCondition())))
      operandCopies.push_back(&next);
  }
  for (auto [argument, result] : llvm::zip(body.getArguments(), op.getResults())) {
    OpOperand &next = yield->getOpOperand(at++);
    if (next.get() == argument)
      continue; // stays as it is
    Value producer = next.get();
    while (producer.getParentBlock() == &body && isa_and_nonnull<ReshapeOp, TransposeOp, EqualDimsOp>(producer.getDefiningOp()))
      producer = producer.getDefiningOp()->getOperand(0);
    auto region = producer.getDefiningOp<RegionOp>();
    if (!region || region->getBlock() != &body || isReadFrom(region, argument, nullptr) || !claim(next.get(), wholeBuffer(result)))
      operandCopies.push_back(&next);
  }
  AffineExpr counter = getAffineSymbolExpr(op.getCounter(), op.getContext());
  for (Value result : op.getStackedResults()) {
    OpOperand &slice = yield->getOpOperand(at++);
    Dims dims = dimsOf(slice.get());
    Box box{result, simplifyDim(counter * productOf(dims, op.getContext())), contiguousStrides(dims)};
    if (!claim(slice.get(), box))
      operandCopies.push_back(&slice);
  }
}

void ViewPlacement::placeBodies(Operation &op) {
  for (Region &region : op.getRegions()) {
    Block &body = region.front();
    Block *outer = std::exchange(current, &body);
    if (auto loop = dyn_cast<LoopOp>(op)) {
      for (auto [argument, result] : llvm::zip(body.getArguments(), loop.getResults()))
        boxes[argument] = wholeBuffer(result);
      claimYielded(loop);
    } else {
      for (auto [operand, result] : llvm::zip_equal(body.getTerminator()->getOpOperands(), op.getResults())) {
        Box box = wholeBuffer(operand.get());
        box.root = result;
        if (!claim(operand.get(), box))
          operandCopies.push_back(&operand);
      }
    }
    place(body);
    current = outer;
  }
}

/// Makes `value` lie in `box` if whatever computes it can write there.
bool ViewPlacement::claim(Value value, const Box &box) {
  Operation *op = value.getDefiningOp();
  if (!op || op->getBlock() != current || boxes.contains(value) || isa<ConstantOp, SliceOp>(op) || isControl(op))
    return false;
  Box own = box;
  normalizeLast(own, dimsOf(value));
  if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    std::optional<Dims> strides = reshapeStrides(dimsOf(value), box.strides, dimsOf(reshape.getX()), value.getContext());
    if (!strides || !claim(reshape.getX(), {box.root, box.offset, *strides}))
      return false;
  } else if (auto transpose = dyn_cast<TransposeOp>(op)) {
    Box operand = box;
    for (auto [i, dim] : llvm::enumerate(transpose.getPermutation()))
      operand.strides[dim] = box.strides[i];
    if (!claim(transpose.getX(), operand))
      return false;
  } else if (auto equal = dyn_cast<EqualDimsOp>(op)) {
    if (!claim(equal.getX(), box))
      return false;
  } else if (!hasContiguousRows(dimsOf(value), box.strides)) {
    return false;
  }
  boxes[value] = own;
  return true;
}

void ViewPlacement::claimConcat(ConcatOp op) {
  if (!boxes.contains(op.getResult()))
    boxes[op.getResult()] = wholeBuffer(op.getResult());
  Box at = of(op.getResult());
  for (OpOperand &operand : op->getOpOperands()) {
    if (!hasContiguousRows(dimsOf(operand.get()), at.strides)) // columns of width 1: better written by one region
      copies.insert(op);
    else if (!claim(operand.get(), at))
      operandCopies.push_back(&operand);
    at.offset = simplifyDim(at.offset + dimsOf(operand.get())[op.getAxis()] * at.strides[op.getAxis()]);
  }
}

/// Whether the pad's border is part of the border that its operand has already.
bool ViewPlacement::liesInBorder(PadOp op) {
  PadOp other = borderOf.lookup(op.getX());
  if (!other || boxes.contains(op.getResult()) || other.getValue() != op.getValue())
    return false;
  auto within = [](ArrayRef<int64_t> a, ArrayRef<int64_t> b) { return llvm::all_of_zip(a, b, [](int64_t x, int64_t y) { return x <= y; }); };
  if (!within(op.getLow(), other.getLow()) || !within(op.getHigh(), other.getHigh()))
    return false;
  Box box = of(op.getX());
  for (auto [low, stride] : llvm::zip_equal(op.getLow(), box.strides))
    box.offset = simplifyDim(box.offset - stride * low);
  boxes[op.getResult()] = box;
  return true;
}

void ViewPlacement::claimPad(PadOp op) {
  if (op == borderOf.lookup(op.getX()))
    return;
  // The widest border first: the others lie in it.
  for (Operation *user : op.getX().getUsers()) {
    auto other = dyn_cast<PadOp>(user);
    if (other && other != op && other->getBlock() == current && !borderOf.contains(op.getX()) && other.getMode() == PadMode::Constant &&
        other.getValue() == op.getValue() && llvm::all_of_zip(op.getLow(), other.getLow(), std::less_equal<int64_t>()) &&
        llvm::all_of_zip(op.getHigh(), other.getHigh(), std::less_equal<int64_t>()) &&
        (op.getLow() != other.getLow() || op.getHigh() != other.getHigh()))
      claimPad(other);
  }
  if (op.getMode() == PadMode::Constant && liesInBorder(op))
    return;
  if (!boxes.contains(op.getResult()))
    boxes[op.getResult()] = wholeBuffer(op.getResult());
  if (op.getMode() == PadMode::Constant) {
    Box inside = of(op.getResult());
    for (auto [low, stride] : llvm::zip_equal(op.getLow(), inside.strides))
      inside.offset = simplifyDim(inside.offset + stride * low);
    if (claim(op.getX(), inside)) {
      borderOf[op.getX()] = op;
      return;
    }
  }
  copies.insert(op);
}

void ViewPlacement::view(Operation &op) {
  Value result = op.getResult(0);
  if (boxes.contains(result))
    return;
  Box box = of(op.getOperand(0));
  bool possible = true;
  if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    std::optional<Dims> strides = reshapeStrides(dimsOf(reshape.getX()), box.strides, dimsOf(result), op.getContext());
    possible = strides.has_value();
    if (possible)
      box.strides = *strides;
  } else if (auto transpose = dyn_cast<TransposeOp>(op)) {
    Dims strides;
    for (int64_t dim : transpose.getPermutation())
      strides.push_back(box.strides[dim]);
    box.strides = strides;
  } else if (!isa<EqualDimsOp>(op)) {
    auto slice = cast<SliceOp>(op);
    for (auto [i, offset, stride] : llvm::enumerate(getOffsetDims(slice), slice.getStrides())) {
      possible &= stride > 0;
      box.offset = simplifyDim(box.offset + offset * box.strides[i]);
      box.strides[i] = simplifyDim(box.strides[i] * stride);
    }
    possible &= !isEmpty(dimsOf(result));
  }
  if (!possible) {
    copies.insert(&op);
    box = wholeBuffer(result);
  }
  normalizeLast(box, dimsOf(result));
  boxes[result] = box;
}

/// A view that a region could not read becomes a copy.
void ViewPlacement::checkReader(RegionOp region) {
  for (auto [input, argument] : llvm::zip_equal(region.getInputs(), region.getBody().getArguments())) {
    if (hasContiguousRows(dimsOf(input), of(input).strides) || readsAnyStrides(region, argument))
      continue;
    assert(input.getDefiningOp() && "only views have strides");
    copies.insert(input.getDefiningOp());
  }
}

} // namespace ingot
