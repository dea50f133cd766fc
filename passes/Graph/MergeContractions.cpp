// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Shapes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "passes/Graph/ConstantOperands.h"
#include "passes/Graph/Passes.h"
#include "llvm/ADT/MapVector.h"

#define DEBUG_TYPE "ingot-merge-contractions"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_MERGECONTRACTIONSPASS
#include "passes/Graph/Passes.h.inc"

namespace {

/// A product with weights, and the bias that is added to nothing but it.
struct Projection {
  MatMulOp product;
  BinaryOp sum; ///< null: there is no bias
  Value bias;

  Value result() { return sum ? sum.getResult() : product.getResult(); }
  int64_t columns() { return typeOf(product).getShape().back(); }
};

/// Whether `constant` broadcasts along the last dim alone.
bool isRow(Value constant, int64_t columns) {
  RankedTensorType type = typeOf(constant);
  return isComputedFromConstants(constant) && (type.getNumElements() == 1 || (type.getNumElements() == columns && type.getShape().back() == columns));
}

/// Whether views alone lie between `value` and attentions, and those views exist of a part of wider rows too: a reshape may divide the rows but not
/// join them.
bool feedsAttention(Value value, int64_t columns) {
  return !value.use_empty() && llvm::all_of(value.getUsers(), [&](Operation *user) {
    if (auto attention = dyn_cast<AttentionOp>(user))
      return attention.getMask() != value;
    if (auto transpose = dyn_cast<TransposeOp>(user)) // a reshape behind it may join what is no neighbour any more
      return llvm::all_of(transpose->getUsers(), llvm::IsaPred<AttentionOp>);
    auto reshape = dyn_cast<ReshapeOp>(user);
    if (!reshape || typeOf(reshape).getRank() == 0)
      return false;
    int64_t inner = 1;
    for (int64_t size : llvm::reverse(typeOf(reshape).getShape())) {
      if (inner == columns || ShapedType::isDynamic(size))
        break;
      inner *= size;
    }
    return inner == columns && feedsAttention(reshape, columns);
  });
}

std::optional<Projection> matchProjection(MatMulOp op) {
  RankedTensorType right = typeOf(op.getRhs()), result = typeOf(op);
  bool isProduct = result.getElementType().isF32() && right.getRank() == 2 && result.getRank() >= 2 && !op.getTransposeLhs() &&
                   !ShapedType::isDynamic(result.getShape().back()) && !llvm::is_contained(result.getShape(), 0);
  if (!isProduct || !isComputedFromConstants(op.getRhs()))
    return std::nullopt;
  Projection projection{op, {}, {}};
  if (op->hasOneUse())
    if (auto sum = dyn_cast<BinaryOp>(*op->user_begin()); sum && sum.getKind() == BinaryKind::Add && sum.getType() == op.getType())
      if (Value bias = sum.getLhs() == op ? sum.getRhs() : sum.getLhs(); isRow(bias, projection.columns()))
        projection.sum = sum, projection.bias = bias;
  return feedsAttention(projection.result(), projection.columns()) ? std::optional(projection) : std::nullopt;
}

/// The one cast that all of the values are results of; null if there is none. Weights stay narrow in front of it.
CastOp commonCast(ArrayRef<Value> values) {
  auto first = values.front().getDefiningOp<CastOp>();
  bool isCommon = first && llvm::all_of(values, [&](Value value) {
                    auto cast = value.getDefiningOp<CastOp>();
                    return cast && typeOf(cast.getX()).getElementType() == typeOf(first.getX()).getElementType();
                  });
  return isCommon ? first : CastOp();
}

Value concatenate(ImplicitLocOpBuilder &b, ArrayRef<Value> parts, int64_t axis) {
  CastOp widened = commonCast(parts);
  if (!widened)
    return ConcatOp::create(b, parts, axis);
  SmallVector<Value> stored;
  for (Value part : parts)
    stored.push_back(part.getDefiningOp<CastOp>().getX());
  return CastOp::create(b, ConcatOp::create(b, stored, axis), typeOf(widened).getElementType());
}

Value biasRow(ImplicitLocOpBuilder &b, Projection projection) {
  auto row = RankedTensorType::get({projection.columns()}, typeOf(projection.product).getElementType());
  if (!projection.bias)
    return ConstantOp::create(b, row, cast<TypedAttr>(b.getZeroAttr(row)));
  if (typeOf(projection.bias).getNumElements() == row.getNumElements())
    return b.createOrFold<ReshapeOp>(row, projection.bias);
  Value one = b.createOrFold<ReshapeOp>(RankedTensorType::get({1}, row.getElementType()), projection.bias);
  return BroadcastOp::create(b, row, one);
}

/// One product with all columns, and a slice of it for each of the projections.
void merge(MutableArrayRef<Projection> projections) {
  MatMulOp first = projections.front().product;
  SmallVector<Location> locations;
  SmallVector<Value> weights, biases;
  for (Projection &projection : projections) {
    locations.push_back(projection.product.getLoc());
    for (Value constant : {Value(projection.product.getRhs()), projection.bias})
      if (constant)
        moveConstantsBefore(first, constant);
    weights.push_back(projection.product.getRhs());
  }
  ImplicitLocOpBuilder b(FusedLoc::get(first.getContext(), locations), first);
  Value all =
      MatMulOp::create(b, first.getLhs(), concatenate(b, weights, first.getTransposeRhs() ? 0 : 1), /*transpose_lhs=*/false, first.getTransposeRhs());
  if (llvm::any_of(projections, [](const Projection &projection) { return projection.bias != nullptr; })) {
    for (Projection &projection : projections)
      biases.push_back(biasRow(b, projection));
    all = BinaryOp::create(b, BinaryKind::Add, all, ConcatOp::create(b, biases, 0));
  }
  SmallVector<int64_t> offsets(typeOf(all).getRank(), 0), strides(offsets.size(), 1);
  for (Projection &projection : projections) {
    Value part = SliceOp::create(b, all, offsets, typeOf(projection.product).getShape(), strides);
    offsets.back() += projection.columns();
    copyValueNames(projection.result().getDefiningOp(), part);
    projection.result().replaceAllUsesWith(part);
  }
  for (Projection &projection : projections) { // `b` stood in front of the first of them
    if (projection.sum)
      projection.sum->erase();
    projection.product->erase();
  }
}

struct MergeContractionsPass : impl::MergeContractionsPassBase<MergeContractionsPass> {
  void runOnOperation() override {
    using Key = std::tuple<Value, Block *, unsigned>; // what products of one group have in common
    llvm::MapVector<Key, SmallVector<Projection>> groups;
    getOperation().walk([&](MatMulOp op) {
      if (std::optional<Projection> projection = matchProjection(op))
        groups[{op.getLhs(), op->getBlock(), op.getTransposeRhs()}].push_back(*projection);
    });
    for (auto &[key, projections] : groups)
      if (projections.size() > 1)
        merge(projections);
  }
};

} // namespace
} // namespace ingot
