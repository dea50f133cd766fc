// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Shapes.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Graph/Passes.h"

#define DEBUG_TYPE "ingot-sink-transposes"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_SINKTRANSPOSESPASS
#include "passes/Graph/Passes.h.inc"

namespace {

using Permutation = SmallVector<int64_t>;

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Whether the value is computed from constants alone: at compile time, then.
bool isConstantCone(Value value) {
  Operation *op = value.getDefiningOp();
  return op && (isa<ConstantOp>(op) ||
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

SmallVector<int64_t> shapeOfRank(Value value, int64_t rank) {
  SmallVector<int64_t> shape(rank - typeOf(value).getRank(), 1);
  llvm::append_range(shape, typeOf(value).getShape());
  return shape;
}

Value reshape(OpBuilder &b, Location loc, Value x, ArrayRef<int64_t> shape) {
  return b.createOrFold<ReshapeOp>(loc, RankedTensorType::get(shape, typeOf(x).getElementType()), x);
}

/// Whether no element has to move at run time to transpose `value` back to the dims before `permutation`. A value of a lower rank is one that
/// broadcasts.
bool undoesForFree(Value value, ArrayRef<int64_t> permutation) {
  if (TransposeOp op = transposeOf(value))
    if (extend(op.getPermutation(), permutation.size()) == permutation)
      return true;
  if (!typeOf(value).hasStaticShape())
    return false;
  return isConstantCone(value) || keepsOrder(invertPermutationVector(permutation), shapeOfRank(value, permutation.size()));
}

Value undo(OpBuilder &b, Value value, ArrayRef<int64_t> permutation) {
  if (TransposeOp op = transposeOf(value); op && extend(op.getPermutation(), permutation.size()) == permutation)
    return op.getX();
  int64_t rank = permutation.size();
  Permutation inverse = invertPermutationVector(permutation);
  SmallVector<int64_t> shape = shapeOfRank(value, rank), target = applyPermutation(shape, inverse);
  Location loc = value.getLoc();
  bool broadcasts = typeOf(value).getRank() < rank;
  if (!keepsOrder(inverse, shape))
    value = b.createOrFold<TransposeOp>(loc, reshape(b, loc, value, shape), inverse);
  ArrayRef<int64_t> kept = target;
  if (broadcasts) // and goes on to do so
    kept = kept.drop_while([](int64_t size) { return size == 1; });
  return reshape(b, loc, value, kept);
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
    auto carries = [&](Value operand) { return transposeOf(operand) && typeOf(operand).getShape() == typeOf(op->getResult(0)).getShape(); };
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

Value sink(PatternRewriter &rewriter, PadOp op, Value x, ArrayRef<int64_t> permutation) {
  Value padded =
      PadOp::create(rewriter, op.getLoc(), op.getMode(), x, permuted(op.getLow(), permutation), permuted(op.getHigh(), permutation), op.getValue());
  return TransposeOp::create(rewriter, op.getLoc(), padded, permutation);
}

Value sink(PatternRewriter &rewriter, SliceOp op, Value x, ArrayRef<int64_t> permutation) {
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
  if (!from.hasStaticShape() || !to.hasStaticShape() || from.getNumElements() == 0 || from.getRank() == 0)
    return {};
  // Groups of dims with the same number of elements on both sides.
  struct Group {
    SmallVector<int64_t> from, to;
    std::pair<int64_t, size_t> place; // of its elements among those of x, and its number
  };
  SmallVector<Group> groups;
  int64_t i = 0, j = 0;
  while (i < from.getRank() || j < to.getRank()) {
    Group group;
    int64_t left = 1, right = 1;
    auto take = [](SmallVector<int64_t> &dims, int64_t &product, RankedTensorType type, int64_t &next) {
      product *= type.getDimSize(next);
      dims.push_back(next++);
    };
    if (i < from.getRank())
      take(group.from, left, from, i);
    if (j < to.getRank())
      take(group.to, right, to, j);
    while (left != right)
      left < right ? take(group.from, left, from, i) : take(group.to, right, to, j);
    group.place = {group.from.empty() ? groups.back().place.first : permutation[group.from.front()], groups.size()};
    for (int64_t dim : group.from)
      if (from.getDimSize(dim) != 1) {
        group.place.first = permutation[dim];
        break;
      }
    groups.push_back(group);
  }
  llvm::sort(groups, [](const Group &a, const Group &b) { return a.place < b.place; });
  SmallVector<int64_t> shape;
  Permutation order(to.getRank());
  int64_t last = -1;
  for (const Group &group : groups) {
    for (int64_t dim : group.from) {
      if (from.getDimSize(dim) == 1)
        continue;
      if (permutation[dim] < last)
        return {};
      last = permutation[dim];
    }
    for (int64_t dim : group.to) {
      order[dim] = shape.size();
      shape.push_back(to.getDimSize(dim));
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

struct SinkTransposesPass : impl::SinkTransposesPassBase<SinkTransposesPass> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    RewritePatternSet patterns(context);
    patterns.add<SinkBelowElementwise, SinkBelowConcat, SinkBelow<PadOp>, SinkBelow<SliceOp>, SinkBelow<ResizeOp>, SinkBelow<BroadcastOp>,
                 SinkBelow<ReduceOp>, SinkBelow<NormOp>, SinkBelow<ReshapeOp>>(context);
    TransposeOp::getCanonicalizationPatterns(patterns, context);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot
