// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Shapes.h"
#include "dialects/Ingot/SymbolicDims.h"
#include "passes/Graph/Passes.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

#define DEBUG_TYPE "ingot-fuse-repeats"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_FUSEREPEATSPASS
#include "passes/Graph/Passes.h.inc"

namespace {

bool isElementwise(Operation *op) { return isa_and_present<UnaryOp, BinaryOp, CompareOp, SelectOp, CastOp>(op); }

/// Whether `op` is a cast of integers of 8 or 16 bits to floats, or arithmetic with one number behind such a cast.
bool isDequantizing(Operation *op) {
  if (auto cast = dyn_cast<CastOp>(op)) {
    auto from = dyn_cast<IntegerType>(typeOf(cast.getX()).getElementType());
    return from && from.getWidth() > 1 && from.getWidth() <= 16 && isa<FloatType>(cast.getTo());
  }
  auto arithmetic = dyn_cast<BinaryOp>(op);
  return arithmetic && typeOf(arithmetic.getRhs()).getRank() == 0 && arithmetic.getLhs().getDefiningOp() &&
         isDequantizing(arithmetic.getLhs().getDefiningOp());
}

/// Elements repeated along dims of their own, which a reshape then joins with their neighbours, as nearest upsampling does it.
struct Repeat {
  Value elements;           ///< with dims of size 1 where they are repeated
  Dims wide;                ///< the dims before they are joined
  SmallVector<size_t> ends; ///< for each joined dim, behind the last of the wide ones that it is made of

  ArrayRef<AffineExpr> partsOf(size_t dim) const {
    size_t begin = dim == 0 ? 0 : ends[dim - 1];
    return ArrayRef(wide).slice(begin, ends[dim] - begin);
  }
};

std::optional<Repeat> repeatOf(Value value) {
  auto joined = value.getDefiningOp<ReshapeOp>();
  auto broadcast = joined ? joined.getX().getDefiningOp<BroadcastOp>() : BroadcastOp();
  if (!broadcast || typeOf(broadcast.getX()).getRank() != typeOf(broadcast.getResult()).getRank())
    return std::nullopt;
  Repeat repeat{broadcast.getX(), getDims(typeOf(broadcast.getResult())), {}};
  size_t next = 0;
  for (AffineExpr dim : getDims(typeOf(value))) {
    AffineExpr product = getAffineConstantExpr(1, value.getContext());
    do {
      if (next == repeat.wide.size())
        return std::nullopt;
      product = simplifyDim(product * repeat.wide[next++]);
    } while (product != dim);
    repeat.ends.push_back(next);
  }
  return next == repeat.wide.size() ? std::optional(std::move(repeat)) : std::nullopt;
}

/// A convolution whose result is a matrix product of pixels and channels.
ConvOp pointwiseConv(Value value) {
  auto conv = value.getDefiningOp<ConvOp>();
  bool isProduct = conv && conv.getLayout() == Layout::ChannelsLast && conv.isPointwise() && typeOf(conv.getX()).getElementType().isF32();
  return isProduct ? conv : ConvOp();
}

/// An elementwise operation and those in front of it that serve it alone, to be computed on the dims of a repeat before they are joined. A 1x1
/// convolution goes with them: as a product of pixels it has any dims.
class RepeatFusion {
public:
  RepeatFusion(Operation *op, Repeat repeat) : op(op), repeat(std::move(repeat)), dims(getDims(typeOf(op->getResult(0)))) { collect(op); }

  /// Why the elements should be written out; empty if not.
  StringRef problem() {
    bool reads = false; // whether an operand has an element of its own for each of the result's
    for (Operation *own : inside)
      for (Value operand : own->getOperands()) {
        if (!isFull(operand) || sameRepeat(operand) || inside.contains(operand.getDefiningOp()))
          continue;
        reads = true;
        auto producer = dyn_cast_or_null<RegionFormationInterface>(operand.getDefiningOp());
        if (producer && !isProduct(operand) && operand.hasOneUse() && producer.getAnchor() != Anchor::Elementwise)
          return "the operation in front of it could not join it any more";
      }
    return reads ? "" : "all operands are repeated";
  }

  void apply() {
    OpBuilder builder(op);
    Value joined = ReshapeOp::create(builder, op->getLoc(), typeOf(op->getResult(0)), widenedResult(builder, op));
    op->getResult(0).replaceAllUsesWith(joined);
    for (Operation *old : done) // readers first
      old->erase();
    for (auto [old, product] : products)
      old.getDefiningOp()->erase();
  }

private:
  bool isFull(Value value) const { return getDims(typeOf(value)) == dims; }
  bool isProduct(Value value) const {
    return isFull(value) && pointwiseConv(value) && llvm::all_of(value.getUsers(), [&](Operation *user) { return inside.contains(user); }) &&
           repeat.partsOf(dims.size() - 1).size() == 1;
  }
  std::optional<Repeat> sameRepeat(Value value) const {
    std::optional<Repeat> own = repeatOf(value);
    return own && own->wide == repeat.wide && own->ends == repeat.ends ? own : std::nullopt;
  }

  void collect(Operation *own) {
    inside.insert(own);
    for (Value operand : own->getOperands())
      if (isFull(operand) && operand.hasOneUse() && isElementwise(operand.getDefiningOp()))
        collect(operand.getDefiningOp());
  }

  Value widenedResult(OpBuilder &b, Operation *own) {
    done.push_back(own);
    SmallVector<Value> operands = llvm::map_to_vector(own->getOperands(), [&](Value operand) { return widened(b, operand); });
    Operation *copy = own->clone();
    copy->setOperands(operands);
    copy->getResult(0).setType(makeTensorType(repeat.wide, typeOf(own->getResult(0)).getElementType()));
    b.insert(copy);
    return copy->getResult(0);
  }

  Value widened(OpBuilder &b, Value value) {
    if (isFull(value)) {
      if (std::optional<Repeat> own = sameRepeat(value))
        return own->elements;
      if (inside.contains(value.getDefiningOp()))
        return widenedResult(b, value.getDefiningOp());
      if (isProduct(value))
        return widenedProduct(b, pointwiseConv(value));
    }
    return reshaped(b, value, wideDims(value));
  }

  Value widenedProduct(OpBuilder &b, ConvOp conv) {
    Value &product = products[conv];
    if (product)
      return product;
    RankedTensorType weights = typeOf(conv.getW()); // a group of panels
    Value pixels = reshaped(b, conv.getX(), wideDims(conv.getX()));
    Value panels = ReshapeOp::create(b, conv.getLoc(), RankedTensorType::get(weights.getShape().drop_front(), weights.getElementType()), conv.getW());
    product = PackedMatMulOp::create(b, conv.getLoc(), makeTensorType(repeat.wide, typeOf(conv.getResult()).getElementType()), pixels, panels);
    product.getDefiningOp()->setDiscardableAttrs(conv->getDiscardableAttrDictionary());
    return product;
  }

  /// Of a value that broadcasts to the result or has other channels: its dims before they are joined.
  Dims wideDims(Value value) const {
    Dims own = getDims(typeOf(value)), wide;
    for (size_t i = 0, lead = dims.size() - own.size(); i < own.size(); ++i) {
      ArrayRef<AffineExpr> parts = repeat.partsOf(lead + i);
      if (isOne(own[i]) || parts.size() == 1)
        wide.append(parts.size(), own[i]);
      else
        llvm::append_range(wide, parts);
    }
    return wide;
  }

  /// Behind integers of which floats are made rather than behind the floats: what is stored stays small.
  static Value reshaped(OpBuilder &b, Value value, const Dims &dims) {
    Type type = makeTensorType(dims, typeOf(value).getElementType());
    Operation *op = value.getDefiningOp();
    if (!op || !isDequantizing(op))
      return b.createOrFold<ReshapeOp>(value.getLoc(), type, value);
    Operation *copy = op->clone();
    copy->removeAttr("ingot.values");
    copy->setOperand(0, reshaped(b, op->getOperand(0), dims));
    copy->getResult(0).setType(type);
    b.insert(copy);
    return copy->getResult(0);
  }

  Operation *op;
  Repeat repeat;
  Dims dims;
  llvm::SetVector<Operation *> inside; ///< the operation and those that serve it alone
  SmallVector<Operation *> done;
  llvm::MapVector<Value, Value> products; ///< of convolutions
};

/// Whether `op` computes each element from one element of `value` alone.
bool isPointwiseOn(Operation *op, Value value) {
  auto isUniform = [](Value operand) { return llvm::all_of(getDims(typeOf(operand)), isOne); };
  return isElementwise(op) && getDims(typeOf(op->getResult(0))) == getDims(typeOf(value)) &&
         llvm::all_of(op->getOperands(), [&](Value operand) { return operand == value || isUniform(operand); });
}

/// f(broadcast(x)) -> broadcast(f(x)) for what is computed from repeated elements alone, such as the floats that bytes stand for, where a reshape
/// that joins them and something else of the repeated size follow.
void repeatResults(BroadcastOp repeated) {
  SmallVector<Operation *> chain;
  Operation *last = repeated;
  while (last->hasOneUse() && isPointwiseOn(*last->user_begin(), last->getResult(0)))
    chain.push_back(last = *last->user_begin());
  auto joined = last->hasOneUse() ? dyn_cast<ReshapeOp>(*last->user_begin()) : ReshapeOp();
  bool isFollowed = joined && joined->hasOneUse() && isElementwise(*joined->user_begin());
  if (chain.empty() || !isFollowed)
    return;
  OpBuilder b(last);
  Value x = repeated.getX(), old = repeated;
  for (Operation *op : chain) {
    Operation *copy = b.clone(*op);
    copy->removeAttr("ingot.values"); // names belong to tensors of the repeated size
    copy->replaceUsesOfWith(old, x);
    copy->getResult(0).setType(typeOf(x).clone(typeOf(op->getResult(0)).getElementType()));
    old = op->getResult(0);
    x = copy->getResult(0);
  }
  joined.getXMutable().assign(BroadcastOp::create(b, repeated.getLoc(), typeOf(old), x));
  for (Operation *op : llvm::reverse(chain))
    op->erase();
  repeated.erase();
}

struct FuseRepeatsPass : impl::FuseRepeatsPassBase<FuseRepeatsPass> {
  using FuseRepeatsPassBase::FuseRepeatsPassBase;
  void runOnOperation() override {
    SmallVector<BroadcastOp> repeated;
    getOperation().walk([&](BroadcastOp op) {
      if (typeOf(op.getX()).getRank() == typeOf(op.getResult()).getRank())
        repeated.push_back(op);
    });
    llvm::for_each(repeated, repeatResults);
    SmallVector<ReshapeOp> reshapes;
    getOperation().walk([&](ReshapeOp op) { reshapes.push_back(op); });
    for (ReshapeOp reshape : reshapes) {
      std::optional<Repeat> repeat = repeatOf(reshape);
      if (!repeat || !reshape->hasOneUse())
        continue;
      Operation *reader = *reshape->user_begin();
      if (!isElementwise(reader) || getDims(typeOf(reader->getResult(0))) != getDims(typeOf(reshape.getResult())))
        continue;
      RepeatFusion fusion(reader, *repeat);
      if (StringRef why = fusion.problem(); !why.empty()) {
        if (remarks)
          reader->emitRemark("reads repeated elements: ") << why;
        continue;
      }
      // With what follows, which would be apart from it behind the reshape.
      while (reader->hasOneUse() && isPointwiseOn(*reader->user_begin(), reader->getResult(0)))
        reader = *reader->user_begin();
      RepeatFusion(reader, std::move(*repeat)).apply();
    }
  }
};

} // namespace
} // namespace ingot
