// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Graph/StoredWeights.h"

#include "dialects/Ingot/NarrowFloats.h"
#include "dialects/Ingot/Shapes.h"
#include "passes/Graph/ConstantOperands.h"

#include <functional>
#include <numeric>

using namespace mlir;

namespace ingot {
namespace {

/// The dim of the channels where views have torn them apart: there only one number for all of them is a scale.
constexpr int64_t kNoDim = -1;

/// The dim of the reshape's operand that is the dim `dim` of its result.
int64_t dimBefore(ReshapeOp reshape, int64_t dim) {
  if (dim == kNoDim)
    return kNoDim;
  ArrayRef<int64_t> from = typeOf(reshape.getX()).getShape(), to = typeOf(reshape).getShape();
  auto before = [](ArrayRef<int64_t> shape, int64_t dim) {
    return std::accumulate(shape.begin(), shape.begin() + dim, int64_t(1), std::multiplies<>());
  };
  for (int64_t i = 0; i < static_cast<int64_t>(from.size()); ++i)
    if (from[i] == to[dim] && before(from, i) == before(to, dim))
      return i;
  return kNoDim;
}

int64_t dimBefore(TransposeOp transpose, int64_t dim) { return dim == kNoDim ? kNoDim : transpose.getPermutation()[dim]; }

/// A product of weights and a number for each channel, or for all.
struct Scaled {
  Value weights, scale;
};

std::optional<Scaled> matchScaled(Value value, int64_t dim) {
  auto op = value.getDefiningOp<BinaryOp>();
  if (!op || op.getKind() != BinaryKind::Mul)
    return std::nullopt;
  for (bool swap : {false, true}) {
    Value weights = swap ? op.getRhs() : op.getLhs(), scale = swap ? op.getLhs() : op.getRhs();
    if (typeOf(weights) != typeOf(value) || typeOf(scale).getRank() > typeOf(value).getRank())
      continue;
    std::optional<int64_t> varies = variesAlong(typeOf(scale), typeOf(value).getRank());
    if (varies && (*varies == -1 || *varies == dim))
      return Scaled{weights, scale};
  }
  return std::nullopt;
}

/// The type of the narrow floats that `value` is made of, its channels along `dim`; null if it is made of anything else.
Type storedType(Value value, int64_t dim) {
  if (!isa<RankedTensorType>(value.getType()) || !typeOf(value).hasStaticShape())
    return {};
  if (auto cast = value.getDefiningOp<CastOp>()) {
    Type from = typeOf(cast.getX()).getElementType();
    return isNarrowFloat(from) && cast.getTo().isF32() ? from : Type();
  }
  if (auto transpose = value.getDefiningOp<TransposeOp>())
    return storedType(transpose.getX(), dimBefore(transpose, dim));
  if (auto reshape = value.getDefiningOp<ReshapeOp>())
    return storedType(reshape.getX(), dimBefore(reshape, dim));
  if (std::optional<Scaled> scaled = matchScaled(value, dim))
    return storedType(scaled->weights, dim);
  auto concat = value.getDefiningOp<ConcatOp>();
  if (!concat || dim == kNoDim || static_cast<int64_t>(concat.getAxis()) != dim)
    return {};
  Type first = storedType(concat.getInputs().front(), dim);
  bool isOne = first && llvm::all_of(concat.getInputs(), [&](Value part) { return storedType(part, dim) == first; });
  return isOne ? first : Type();
}

/// A number for each of `channels`.
Value spread(ImplicitLocOpBuilder &b, Value scales, int64_t channels) {
  auto all = RankedTensorType::get({channels}, b.getF32Type());
  if (!scales)
    return ConstantOp::create(b, all, cast<TypedAttr>(Attribute(DenseElementsAttr::get(all, 1.0F))));
  return typeOf(scales) == all ? scales : BroadcastOp::create(b, all, scales).getResult();
}

/// `view` of another operand, with its element type.
Value viewOf(ImplicitLocOpBuilder &b, Operation *view, Value operand) {
  Operation *copy = b.clone(*view);
  copy->setOperand(0, operand);
  copy->getResult(0).setType(typeOf(view->getResult(0)).clone(typeOf(operand).getElementType()));
  return copy->getResult(0);
}

StoredWeights take(ImplicitLocOpBuilder &b, Value value, int64_t dim) {
  if (auto cast = value.getDefiningOp<CastOp>())
    return {cast.getX(), {}};
  if (auto transpose = value.getDefiningOp<TransposeOp>()) {
    StoredWeights inner = take(b, transpose.getX(), dimBefore(transpose, dim));
    return {viewOf(b, transpose, inner.narrow), inner.scales};
  }
  if (auto reshape = value.getDefiningOp<ReshapeOp>()) {
    StoredWeights inner = take(b, reshape.getX(), dimBefore(reshape, dim));
    return {viewOf(b, reshape, inner.narrow), inner.scales};
  }
  if (std::optional<Scaled> scaled = matchScaled(value, dim)) {
    StoredWeights inner = take(b, scaled->weights, dim);
    Value own = b.createOrFold<ReshapeOp>(RankedTensorType::get({typeOf(scaled->scale).getNumElements()}, b.getF32Type()), scaled->scale);
    return {inner.narrow, inner.scales ? BinaryOp::create(b, BinaryKind::Mul, inner.scales, own).getResult() : own};
  }
  auto concat = value.getDefiningOp<ConcatOp>();
  SmallVector<Value> parts, scales;
  bool isScaled = false;
  for (Value part : concat.getInputs()) {
    StoredWeights inner = take(b, part, dim);
    parts.push_back(inner.narrow);
    scales.push_back(inner.scales);
    isScaled |= inner.scales != nullptr;
  }
  if (isScaled)
    for (auto [part, scale] : llvm::zip_equal(parts, scales))
      scale = spread(b, scale, typeOf(part).getDimSize(dim));
  return {ConcatOp::create(b, parts, dim), isScaled ? ConcatOp::create(b, scales, 0).getResult() : Value()};
}

} // namespace

bool isStoredNarrow(Value weights) {
  return isComputedFromConstants(weights) && typeOf(weights).getRank() > 0 && storedType(weights, typeOf(weights).getRank() - 1);
}

StoredWeights takeStored(ImplicitLocOpBuilder &b, Value weights) { return take(b, weights, typeOf(weights).getRank() - 1); }

} // namespace ingot
