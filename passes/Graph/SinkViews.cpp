// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Shapes.h"
#include "dialects/Ingot/SymbolicDims.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Graph/Passes.h"

#define DEBUG_TYPE "ingot-sink-views"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_SINKVIEWSPASS
#include "passes/Graph/Passes.h.inc"

namespace {

using Permutation = SmallVector<int64_t>;

/// Whether the value is computed from constants alone: at compile time, then.
bool isConstantCone(Value value) {
  Operation *op = value.getDefiningOp();
  return op && typeOf(value).hasStaticShape() &&
         (isa<ConstantOp>(op) ||
          (isPure(op) && op->getNumOperands() > 0 && op->getNumRegions() == 0 && llvm::all_of(op->getOperands(), isConstantCone)));
}

/// The transpose that makes `value` at run time, or null.
TransposeOp transposeOf(Value value) {
  auto op = value.getDefiningOp<TransposeOp>();
  return op && !isConstantCone(op.getX()) ? op : TransposeOp();
}

/// What `permutation` is for a tensor of a higher rank with which one of its own rank broadcasts.
Permutation extend(ArrayRef<int64_t> permutation, int64_t rank) {
  int64_t lead = rank - static_cast<int64_t>(permutation.size());
  Permutation extended = llvm::to_vector(llvm::seq<int64_t>(0, lead));
  for (int64_t source : permutation)
    extended.push_back(lead + source);
  return extended;
}

Dims dimsOfRank(Value value, int64_t rank) {
  Dims dims(rank - typeOf(value).getRank(), getAffineConstantExpr(1, value.getContext()));
  llvm::append_range(dims, dimsOf(value));
  return dims;
}

/// The dims as numbers, symbolic ones as `ShapedType::kDynamic`.
SmallVector<int64_t> numbers(ArrayRef<AffineExpr> dims) {
  return llvm::map_to_vector(dims, [](AffineExpr dim) { return getConstant(dim).value_or(ShapedType::kDynamic); });
}

Value reshape(OpBuilder &b, Location loc, Value x, ArrayRef<AffineExpr> dims) {
  return b.createOrFold<ReshapeOp>(loc, makeTensorType(dims, typeOf(x).getElementType()), x);
}

/// Whether no element has to move at run time to transpose `value` back to the dims before `permutation`. A value of a lower rank is one that
/// broadcasts.
bool undoesForFree(Value value, ArrayRef<int64_t> permutation) {
  if (TransposeOp op = transposeOf(value))
    if (extend(op.getPermutation(), permutation.size()) == permutation)
      return true;
  return isConstantCone(value) || keepsOrder(invertPermutationVector(permutation), numbers(dimsOfRank(value, permutation.size())));
}

Value undo(OpBuilder &b, Value value, ArrayRef<int64_t> permutation) {
  if (TransposeOp op = transposeOf(value); op && extend(op.getPermutation(), permutation.size()) == permutation)
    return op.getX();
  int64_t rank = permutation.size();
  Permutation inverse = invertPermutationVector(permutation);
  Dims dims = dimsOfRank(value, rank);
  SmallVector<AffineExpr> target = applyPermutation(ArrayRef<AffineExpr>(dims), inverse);
  Location loc = value.getLoc();
  bool broadcasts = typeOf(value).getRank() < rank;
  if (!keepsOrder(inverse, numbers(dims)))
    value = b.createOrFold<TransposeOp>(loc, reshape(b, loc, value, dims), inverse);
  ArrayRef<AffineExpr> kept = target;
  if (broadcasts) // and goes on to do so
    kept = kept.drop_while(isOne);
  return reshape(b, loc, value, kept);
}

/// Neighbouring dims with as many elements on one side of a reshape as on the other; as few as possible.
struct ReshapeGroup {
  SmallVector<int64_t, 2> from, to;
};

std::optional<SmallVector<ReshapeGroup>> groupDims(RankedTensorType from, RankedTensorType to) {
  Dims source = getDims(from), target = getDims(to);
  AffineExpr one = getAffineConstantExpr(1, from.getContext()), zero = getAffineConstantExpr(0, from.getContext());
  if (llvm::is_contained(source, zero) || llvm::is_contained(target, zero) || source.empty() ||
      productOf(source, from.getContext()) != productOf(target, from.getContext()))
    return std::nullopt;
  SmallVector<ReshapeGroup> groups;
  size_t i = 0, j = 0;
  while (i < source.size() || j < target.size()) {
    ReshapeGroup &group = groups.emplace_back();
    AffineExpr left = one, right = one;
    auto take = [](SmallVectorImpl<int64_t> &dims, AffineExpr &product, ArrayRef<AffineExpr> all, size_t &next) {
      product = simplifyDim(product * all[next]);
      dims.push_back(next++);
    };
    if (i < source.size())
      take(group.from, left, source, i);
    if (j < target.size())
      take(group.to, right, target, j);
    while (left != right) {
      // The smaller side grows. Of two symbolic products the one that divides the other is smaller; of others nothing is known.
      std::optional<int64_t> x = getConstant(left), y = getConstant(right);
      bool grow = x && y ? *x < *y : static_cast<bool>(divideDim(right, left));
      if (!grow && !(x && y) && !divideDim(left, right))
        return std::nullopt;
      if (grow ? i == source.size() : j == target.size())
        return std::nullopt;
      grow ? take(group.from, left, source, i) : take(group.to, right, target, j);
    }
  }
  return groups;
}

/// A copy of `op` that works on the dims as they are before `permutation`, and the transpose of its result.
Value cloneBefore(PatternRewriter &rewriter, Operation *op, ValueRange operands, ArrayRef<int64_t> permutation) {
  Operation *copy = op->clone();
  copy->setOperands(operands);
  copy->getResult(0).setType(permuteType(typeOf(op->getResult(0)), invertPermutationVector(permutation)));
  rewriter.insert(copy);
  return TransposeOp::create(rewriter, op->getLoc(), copy->getResult(0), permutation);
}

/// f(transpose(a), b...) -> transpose(f(a, undone b...)) for operations whose operands all have, or broadcast to, the dims of the result.
struct SinkBelowElementwise : RewritePattern {
  SinkBelowElementwise(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isa<UnaryOp, BinaryOp, CompareOp, SelectOp, CastOp>(op))
      return rewriter.notifyMatchFailure(op, "not elementwise");
    auto carries = [&](Value operand) { return transposeOf(operand) && dimsOf(operand) == dimsOf(op->getResult(0)); };
    auto *carrier = llvm::find_if(op->getOpOperands(), [&](OpOperand &operand) { return carries(operand.get()); });
    if (carrier == op->getOpOperands().end())
      return rewriter.notifyMatchFailure(op, "has no transposed operand of the result's shape");
    Permutation permutation(transposeOf(carrier->get()).getPermutation());
    if (!llvm::all_of(op->getOperands(), [&](Value operand) { return undoesForFree(operand, permutation); }))
      return rewriter.notifyMatchFailure(op, "another operand would have to be transposed");
    SmallVector<Value> operands = llvm::map_to_vector(op->getOperands(), [&](Value operand) { return undo(rewriter, operand, permutation); });
    rewriter.replaceOp(op, cloneBefore(rewriter, op, operands, permutation));
    return success();
  }
};

/// A constant that has to be repeated for a reshape becomes at most this large, in elements.
constexpr int64_t kMostRepeated = 4096;

/// Whether a reshape between the dims of these groups only adds dims of size 1 to those of `from`.
bool addsUnitDims(ArrayRef<ReshapeGroup> groups, ArrayRef<AffineExpr> from, ArrayRef<AffineExpr> to) {
  auto count = [](ArrayRef<int64_t> dims, ArrayRef<AffineExpr> sizes) {
    return llvm::count_if(dims, [&](int64_t dim) { return !isOne(sizes[dim]); });
  };
  return from.size() < to.size() &&
         llvm::all_of(groups, [&](const ReshapeGroup &group) { return count(group.from, from) <= 1 && count(group.to, to) <= 1; });
}

/// f(reshape(a), b...) -> reshape(f(a, undone b...)): f comes next to the operation that makes `a`, and can join it. The other operands are reshapes
/// from the same dims, constants, values that broadcast along whole groups of the reshape's dims, or anything where the reshape serves f alone and
/// only adds dims of size 1 (and not where it takes some away, or two of them would chase each other).
struct SinkReshapeBelowElementwise : RewritePattern {
  SinkReshapeBelowElementwise(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isa<UnaryOp, BinaryOp, CompareOp, SelectOp, CastOp>(op))
      return rewriter.notifyMatchFailure(op, "not elementwise");
    RankedTensorType to = typeOf(op->getResult(0));
    auto reshapeOf = [](Value value) {
      auto reshape = value.getDefiningOp<ReshapeOp>();
      return reshape && !isConstantCone(reshape.getX()) ? reshape : ReshapeOp();
    };
    auto *carrier =
        llvm::find_if(op->getOpOperands(), [&](OpOperand &operand) { return reshapeOf(operand.get()) && dimsOf(operand.get()) == getDims(to); });
    if (carrier == op->getOpOperands().end())
      return rewriter.notifyMatchFailure(op, "has no reshaped operand of the result's shape");
    RankedTensorType from = typeOf(reshapeOf(carrier->get()).getX());
    std::optional<SmallVector<ReshapeGroup>> groups = groupDims(from, to);
    if (!groups)
      return rewriter.notifyMatchFailure(op, "the shape is symbolic, empty or a scalar's");
    auto carries = [&](Value operand) {
      return reshapeOf(operand) && dimsOf(operand) == getDims(to) && dimsOf(reshapeOf(operand).getX()) == getDims(from);
    };
    // First the dims: of each other operand among those of `to`, with groups that a constant must fill, and among those of `from`.
    Dims fromDims = getDims(from), toDims = getDims(to);
    SmallVector<std::pair<Dims, Dims>> shapes;
    for (Value operand : op->getOperands()) {
      auto &[filled, target] = shapes.emplace_back();
      if (carries(operand))
        continue;
      filled = dimsOfRank(operand, to.getRank());
      target.assign(from.getRank(), rewriter.getAffineConstantExpr(1));
      bool constant = isConstantCone(operand);
      if (!constant && filled == toDims && !(carrier->get().hasOneUse() && addsUnitDims(*groups, fromDims, toDims)))
        return rewriter.notifyMatchFailure(op, "another operand would have to be reshaped");
      for (const ReshapeGroup &group : *groups) {
        if (llvm::all_of(group.to, [&](int64_t dim) { return isOne(filled[dim]); }))
          continue;
        for (int64_t dim : group.to) {
          if (filled[dim] != toDims[dim] && !constant)
            return rewriter.notifyMatchFailure(op, "another operand broadcasts along a part of a dim");
          filled[dim] = toDims[dim];
        }
        for (int64_t dim : group.from)
          target[dim] = fromDims[dim];
      }
      if (!constant)
        continue;
      std::optional<int64_t> elements = getConstant(productOf(filled, op->getContext()));
      if (!elements || *elements > std::max(typeOf(operand).getNumElements(), kMostRepeated))
        return rewriter.notifyMatchFailure(op, "a constant would become large");
    }
    SmallVector<Value> operands;
    for (auto [operand, shape] : llvm::zip_equal(op->getOperands(), shapes)) {
      auto &[filled, target] = shape;
      if (carries(operand)) {
        operands.push_back(reshapeOf(operand).getX());
        continue;
      }
      bool broadcasts = typeOf(operand).getRank() < to.getRank();
      Value full = operand;
      if (productOf(filled, op->getContext()) != productOf(dimsOf(operand), op->getContext()))
        full = rewriter.createOrFold<BroadcastOp>(op->getLoc(), makeTensorType(filled, typeOf(operand).getElementType()), operand);
      ArrayRef<AffineExpr> kept = target;
      operands.push_back(reshape(rewriter, op->getLoc(), full, broadcasts ? kept.drop_while(isOne) : kept));
    }
    Operation *copy = op->clone();
    copy->setOperands(operands);
    copy->getResult(0).setType(makeTensorType(fromDims, to.getElementType()));
    rewriter.insert(copy);
    rewriter.replaceOp(op, ReshapeOp::create(rewriter, op->getLoc(), to, copy->getResult(0)));
    return success();
  }
};

/// f(concat(a...), b) -> concat(f(a, b)...): f joins the operations that make the parts. The other operands do not vary along the axis.
struct SinkConcatBelowElementwise : RewritePattern {
  SinkConcatBelowElementwise(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isa<UnaryOp, BinaryOp, CompareOp, SelectOp, CastOp>(op))
      return rewriter.notifyMatchFailure(op, "not elementwise");
    RankedTensorType type = typeOf(op->getResult(0));
    auto *carrier = llvm::find_if(op->getOpOperands(), [&](OpOperand &operand) {
      auto concat = operand.get().getDefiningOp<ConcatOp>();
      return concat && concat->hasOneUse() && !isConstantCone(concat) && dimsOf(concat) == getDims(type);
    });
    if (carrier == op->getOpOperands().end())
      return rewriter.notifyMatchFailure(op, "has no operand that is joined for it alone");
    auto concat = carrier->get().getDefiningOp<ConcatOp>();
    if (!llvm::all_of(concat.getInputs(), [](Value part) { return part.hasOneUse(); }))
      return rewriter.notifyMatchFailure(op, "a part has another reader");
    int64_t axis = concat.getAxis();
    for (OpOperand &operand : op->getOpOperands())
      if (&operand != carrier && !isOne(dimsOfRank(operand.get(), type.getRank())[axis]))
        return rewriter.notifyMatchFailure(op, "another operand varies along the axis");
    SmallVector<Value> parts;
    for (Value part : concat.getInputs()) {
      Operation *copy = op->clone();
      copy->setOperand(carrier->getOperandNumber(), part);
      copy->getResult(0).setType(makeTensorType(dimsOf(part), type.getElementType()));
      parts.push_back(rewriter.insert(copy)->getResult(0));
    }
    rewriter.replaceOpWithNewOp<ConcatOp>(op, parts, axis);
    return success();
  }
};

/// concat(transpose(a), b...) -> transpose(concat(a, undone b...))
struct SinkBelowConcat : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConcatOp op, PatternRewriter &rewriter) const override {
    auto carrier = llvm::find_if(op.getInputs(), transposeOf);
    if (carrier == op.getInputs().end())
      return rewriter.notifyMatchFailure(op, "has no transposed operand");
    Permutation permutation(transposeOf(*carrier).getPermutation());
    if (!llvm::all_of(op.getInputs(), [&](Value operand) { return undoesForFree(operand, permutation); }))
      return rewriter.notifyMatchFailure(op, "another operand would have to be transposed");
    SmallVector<Value> operands = llvm::map_to_vector(op.getInputs(), [&](Value operand) { return undo(rewriter, operand, permutation); });
    Value joined = ConcatOp::create(rewriter, op.getLoc(), operands, permutation[op.getAxis()]);
    rewriter.replaceOpWithNewOp<TransposeOp>(op, joined, permutation);
    return success();
  }
};

//===-- Operations of one operand: what they are on the dims of `x`, and the transpose of that; null if they cannot be moved
//----------------------===//

template <typename T> SmallVector<T> permuted(ArrayRef<T> values, ArrayRef<int64_t> permutation) {
  return applyPermutation(values, invertPermutationVector(permutation));
}

/// Behind the border of a channels-last window nothing meets the transpose any more.
Value sink(PatternRewriter &rewriter, PadOp op, Value x, ArrayRef<int64_t> permutation) {
  if (llvm::all_of(op->getUsers(), [](Operation *user) { return isa<ConvOp, PoolOp>(user); }))
    return {};
  Value padded =
      PadOp::create(rewriter, op.getLoc(), op.getMode(), x, permuted(op.getLow(), permutation), permuted(op.getHigh(), permutation), op.getValue());
  return TransposeOp::create(rewriter, op.getLoc(), padded, permutation);
}

Value sink(PatternRewriter &rewriter, SliceOp op, Value x, ArrayRef<int64_t> permutation) {
  if (op.getBounds())
    return {};
  Value part = SliceOp::create(rewriter, op.getLoc(), x, permuted(op.getOffsets(), permutation), permuted(op.getSizes(), permutation),
                               permuted(op.getStrides(), permutation));
  return TransposeOp::create(rewriter, op.getLoc(), part, permutation);
}

Value sink(PatternRewriter &rewriter, ResizeOp op, Value x, ArrayRef<int64_t> permutation) {
  Value moved = cloneBefore(rewriter, op, x, permutation);
  auto copy = moved.getDefiningOp<TransposeOp>().getX().getDefiningOp<ResizeOp>();
  copy.setScales(permuted(op.getScales(), permutation));
  if (std::optional<ArrayRef<double>> roi = op.getRoi()) {
    SmallVector<double> both = permuted(roi->take_front(permutation.size()), permutation);
    llvm::append_range(both, permuted(roi->drop_front(permutation.size()), permutation));
    copy.setRoi(both);
  }
  return moved;
}

Value sink(PatternRewriter &rewriter, BroadcastOp op, Value x, ArrayRef<int64_t> permutation) {
  Permutation extended = extend(permutation, typeOf(op.getResult()).getRank());
  return cloneBefore(rewriter, op, x, extended);
}

Value sink(PatternRewriter &rewriter, ReduceOp op, Value x, ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> axes = llvm::map_to_vector(op.getAxes(), [&](int64_t axis) { return permutation[axis]; });
  llvm::sort(axes);
  Value reduced = ReduceOp::create(rewriter, op.getLoc(), op.getKind(), x, axes, op.getKeepDims());
  Permutation left(permutation);
  if (!op.getKeepDims()) { // the dims that stay, numbered anew
    llvm::erase_if(left, [&](int64_t source) { return llvm::is_contained(axes, source); });
    for (int64_t &source : left)
      source -= llvm::count_if(axes, [&](int64_t axis) { return axis < source; });
  }
  return TransposeOp::create(rewriter, op.getLoc(), reduced, left);
}

/// Rows are faster along the last dims: a norm keeps its transpose unless its rows are the last dims of `x` as well.
Value sink(PatternRewriter &rewriter, NormOp op, Value x, ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> axes = llvm::map_to_vector(op.getAxes(), [&](int64_t axis) { return permutation[axis]; });
  llvm::sort(axes);
  if (llvm::any_of(axes, [&](int64_t axis) { return axis < static_cast<int64_t>(permutation.size() - axes.size()); }))
    return {};
  Value rows = NormOp::create(rewriter, op.getLoc(), op.getKind(), x, axes, op.getEpsilon());
  return TransposeOp::create(rewriter, op.getLoc(), rows, permutation);
}

/// A reshape that splits or joins dims which are neighbours in `x` too.
Value sink(PatternRewriter &rewriter, ReshapeOp op, Value x, ArrayRef<int64_t> permutation) {
  RankedTensorType from = typeOf(op.getX()), to = typeOf(op.getResult());
  std::optional<SmallVector<ReshapeGroup>> groups = groupDims(from, to);
  if (!groups)
    return {};
  Dims fromDims = getDims(from), toDims = getDims(to);
  // Where the elements of each group lie among those of x, and its number: groups of nothing but dims of size 1 may lie anywhere.
  SmallVector<std::tuple<int64_t, size_t, ReshapeGroup>> sorted;
  for (auto [number, group] : llvm::enumerate(*groups)) {
    auto *dim = llvm::find_if(group.from, [&](int64_t dim) { return !isOne(fromDims[dim]); });
    dim = dim == group.from.end() ? group.from.begin() : dim;
    sorted.push_back({group.from.empty() ? std::get<0>(sorted.back()) : permutation[*dim], number, group});
  }
  llvm::sort(sorted,
             [](const auto &a, const auto &b) { return std::pair(std::get<0>(a), std::get<1>(a)) < std::pair(std::get<0>(b), std::get<1>(b)); });
  Dims shape;
  Permutation order(to.getRank());
  int64_t last = -1;
  for (const auto &[place, number, group] : sorted) {
    for (int64_t dim : group.from) {
      if (isOne(fromDims[dim]))
        continue;
      if (permutation[dim] < last)
        return {};
      last = permutation[dim];
    }
    for (int64_t dim : group.to) {
      order[dim] = shape.size();
      shape.push_back(toDims[dim]);
    }
  }
  return TransposeOp::create(rewriter, op.getLoc(), reshape(rewriter, op.getLoc(), x, shape), order);
}

/// op(transpose(x)) -> transpose(op'(x))
template <typename Op> struct SinkBelow : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    TransposeOp transpose = transposeOf(op.getX());
    if (!transpose)
      return rewriter.notifyMatchFailure(op, "not of a transposed tensor");
    Value moved = sink(rewriter, op, transpose.getX(), transpose.getPermutation());
    if (!moved)
      return rewriter.notifyMatchFailure(op, "needs the dims in this order");
    rewriter.replaceOp(op, moved);
    return success();
  }
};

struct SinkViewsPass : impl::SinkViewsPassBase<SinkViewsPass> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    RewritePatternSet patterns(context);
    patterns.add<SinkBelowElementwise, SinkReshapeBelowElementwise, SinkConcatBelowElementwise, SinkBelowConcat, SinkBelow<PadOp>, SinkBelow<SliceOp>,
                 SinkBelow<ResizeOp>, SinkBelow<BroadcastOp>, SinkBelow<ReduceOp>, SinkBelow<NormOp>, SinkBelow<ReshapeOp>>(context);
    TransposeOp::getCanonicalizationPatterns(patterns, context);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot
