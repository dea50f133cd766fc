// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/ViewPlacement.h"

#include "dialects/Ingot/SymbolicDims.h"

using namespace mlir;

namespace ingot {
namespace {

Dims dimsOf(Value value) { return getDims(cast<RankedTensorType>(value.getType())); }

AffineExpr number(int64_t value, MLIRContext *context) { return getAffineConstantExpr(value, context); }

Box wholeBuffer(Value value) { return {value, number(0, value.getContext()), contiguousStrides(dimsOf(value))}; }

bool isOne(AffineExpr dim) { return getConstant(dim) == 1; }
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
    return isa<MatMulOp>(anchor.getOperation()) || (argument == anchor->getOperand(0) && argument.hasOneUse());
  default:
    return false;
  }
}

} // namespace

ViewPlacement::ViewPlacement(Block &body) {
  Operation *ret = body.getTerminator();
  for (OpOperand &operand : ret->getOpOperands())
    if (!claim(operand.get(), wholeBuffer(operand.get())))
      operandCopies.push_back(&operand);
  for (Operation &op : llvm::reverse(body.without_terminator())) {
    if (auto concat = dyn_cast<ConcatOp>(op))
      claimConcat(concat);
    else if (auto pad = dyn_cast<PadOp>(op))
      claimPad(pad);
  }
  for (BlockArgument argument : body.getArguments())
    boxes[argument] = wholeBuffer(argument);
  for (Operation &op : body.without_terminator()) {
    if (isa<ReshapeOp, TransposeOp, SliceOp, EqualDimsOp>(op)) {
      view(op);
      continue;
    }
    for (Value result : op.getResults())
      if (!boxes.contains(result))
        boxes[result] = wholeBuffer(result);
    if (auto region = dyn_cast<RegionOp>(op))
      checkReader(region);
  }
}

/// Makes `value` lie in `box` if whatever computes it can write there.
bool ViewPlacement::claim(Value value, const Box &box) {
  Operation *op = value.getDefiningOp();
  if (!op || boxes.contains(value) || isa<ConstantOp, SliceOp>(op))
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
    if (other && other != op && !borderOf.contains(op.getX()) && other.getMode() == PadMode::Constant && other.getValue() == op.getValue() &&
        llvm::all_of_zip(op.getLow(), other.getLow(), std::less_equal<int64_t>()) &&
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
