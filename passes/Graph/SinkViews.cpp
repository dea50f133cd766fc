// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Shapes.h"
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

/// Neighbouring dims with as many elements on one side of a reshape as on the other; as few as possible.
struct ReshapeGroup {
  SmallVector<int64_t, 2> from, to;
};

std::optional<SmallVector<ReshapeGroup>> groupDims(RankedTensorType from, RankedTensorType to) {
  if (!from.hasStaticShape() || !to.hasStaticShape() || from.getNumElements() == 0 || from.getRank() == 0)
    return std::nullopt;
  SmallVector<ReshapeGroup> groups;
  int64_t i = 0, j = 0;
  while (i < from.getRank() || j < to.getRank()) {
    ReshapeGroup &group = groups.emplace_back();
    int64_t left = 1, right = 1;
    auto take = [](SmallVectorImpl<int64_t> &dims, int64_t &product, RankedTensorType type, int64_t &next) {
      product *= type.getDimSize(next);
      dims.push_back(next++);
    };
    if (i < from.getRank())
      take(group.from, left, from, i);
    if (j < to.getRank())
      take(group.to, right, to, j);
    while (left != right)
      left < right ? take(group.from, left, from, i) : take(group.to, right, to, j);
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

/// f(reshape(a), b...) -> reshape(f(a, undone b...)): f comes next to the operation that makes `a`, and can join it. The other operands are reshapes
/// from the same dims, constants, or values that broadcast along whole groups of the reshape's dims.
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
    auto *carrier = llvm::find_if(op->getOpOperands(),
                                  [&](OpOperand &operand) { return reshapeOf(operand.get()) && typeOf(operand.get()).getShape() == to.getShape(); });
    if (carrier == op->getOpOperands().end())
      return rewriter.notifyMatchFailure(op, "has no reshaped operand of the result's shape");
    RankedTensorType from = typeOf(reshapeOf(carrier->get()).getX());
    std::optional<SmallVector<ReshapeGroup>> groups = groupDims(from, to);
    if (!groups)
      return rewriter.notifyMatchFailure(op, "the shape is symbolic, empty or a scalar's");
    auto carries = [&](Value operand) {
      return reshapeOf(operand) && typeOf(operand).getShape() == to.getShape() && typeOf(reshapeOf(operand).getX()).getShape() == from.getShape();
    };
    // First the shapes: of each other operand in the dims of `to`, with groups that a constant must fill, and in those of `from`.
    SmallVector<std::pair<SmallVector<int64_t>, SmallVector<int64_t>>> shapes;
    for (Value operand : op->getOperands()) {
      auto &[filled, target] = shapes.emplace_back();
      if (carries(operand))
        continue;
      if (!typeOf(operand).hasStaticShape())
        return rewriter.notifyMatchFailure(op, "another operand's shape is symbolic");
      filled = shapeOfRank(operand, to.getRank());
      target.assign(from.getRank(), 1);
      bool constant = isConstantCone(operand);
      if (!constant && ArrayRef(filled) == to.getShape())
        return rewriter.notifyMatchFailure(op, "another operand would have to be reshaped");
      for (const ReshapeGroup &group : *groups) {
        if (llvm::all_of(group.to, [&](int64_t dim) { return filled[dim] == 1; }))
          continue;
        for (int64_t dim : group.to) {
          if (filled[dim] != to.getDimSize(dim) && !constant)
            return rewriter.notifyMatchFailure(op, "another operand broadcasts along a part of a dim");
          filled[dim] = to.getDimSize(dim);
        }
        for (int64_t dim : group.from)
          target[dim] = from.getDimSize(dim);
      }
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
      if (llvm::product_of(filled) != typeOf(operand).getNumElements())
        full = rewriter.createOrFold<BroadcastOp>(op->getLoc(), typeOf(operand).clone(filled), operand);
      ArrayRef<int64_t> kept = target;
      operands.push_back(reshape(rewriter, op->getLoc(), full, broadcasts ? kept.drop_while([](int64_t size) { return size == 1; }) : kept));
    }
    Operation *copy = op->clone();
    copy->setOperands(operands);
    copy->getResult(0).setType(RankedTensorType::get(from.getShape(), to.getElementType()));
    rewriter.insert(copy);
    rewriter.replaceOp(op, ReshapeOp::create(rewriter, op->getLoc(), to, copy->getResult(0)));
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
  // Where the elements of each group lie among those of x, and its number: groups of nothing but dims of size 1 may lie anywhere.
  SmallVector<std::tuple<int64_t, size_t, ReshapeGroup>> sorted;
  for (auto [number, group] : llvm::enumerate(*groups)) {
    auto *dim = llvm::find_if(group.from, [&](int64_t dim) { return from.getDimSize(dim) != 1; });
    dim = dim == group.from.end() ? group.from.begin() : dim;
    sorted.push_back({group.from.empty() ? std::get<0>(sorted.back()) : permutation[*dim], number, group});
  }
  llvm::sort(sorted,
             [](const auto &a, const auto &b) { return std::pair(std::get<0>(a), std::get<1>(a)) < std::pair(std::get<0>(b), std::get<1>(b)); });
  SmallVector<int64_t> shape;
  Permutation order(to.getRank());
  int64_t last = -1;
  for (const auto &[place, number, group] : sorted) {
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

struct SinkViewsPass : impl::SinkViewsPassBase<SinkViewsPass> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    RewritePatternSet patterns(context);
    patterns.add<SinkBelowElementwise, SinkReshapeBelowElementwise, SinkBelowConcat, SinkBelow<PadOp>, SinkBelow<SliceOp>, SinkBelow<ResizeOp>,
                 SinkBelow<BroadcastOp>, SinkBelow<ReduceOp>, SinkBelow<NormOp>, SinkBelow<ReshapeOp>>(context);
    TransposeOp::getCanonicalizationPatterns(patterns, context);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot
