// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Folds of operations that move elements. Constants in the IR are small, so elements are moved one by one.
#include "dialects/Ingot/Constants.h"
#include "dialects/Ingot/Shapes.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace ingot {

DenseElementsAttr getDenseConstant(Value value) {
  auto op = value.getDefiningOp<ConstantOp>();
  return op ? dyn_cast<DenseElementsAttr>(op.getValue()) : DenseElementsAttr();
}

std::optional<SmallVector<int64_t>> getConstantInts(Value value) {
  DenseElementsAttr dense = getDenseConstant(value);
  if (!dense || !dense.getElementType().isInteger())
    return std::nullopt;
  bool zeroExtend = dense.getElementType().isUnsignedInteger() || dense.getElementType().isInteger(1);
  SmallVector<int64_t> ints;
  for (const APInt &element : dense.getValues<APInt>())
    ints.push_back(zeroExtend ? static_cast<int64_t>(element.getZExtValue()) : element.getSExtValue());
  return ints;
}

std::optional<double> getConstantSplat(Value value) {
  DenseElementsAttr dense = getDenseConstant(value);
  if (!dense || !isa<FloatType>(dense.getElementType()) || !(dense.isSplat() || dense.getNumElements() == 1))
    return std::nullopt;
  APFloat element = *dense.getValues<APFloat>().begin();
  bool inexact;
  element.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &inexact);
  return element.convertToDouble();
}

bool isConstant(Value value) { return value.getDefiningOp<ConstantOp>() != nullptr; }

namespace {

/// A dense attribute whose element at each position of `type` is taken from `source` at the flat index that `map` returns.
template <typename Map> Attribute moveElements(DenseElementsAttr source, Type resultType, Map map) {
  auto type = cast<RankedTensorType>(resultType);
  if (!source || !type.hasStaticShape() || type.getNumElements() * 8 > kMaxInlineBytes)
    return {};
  if (source.isSplat() && type.getNumElements() > 0)
    return source.resizeSplat(type);
  SmallVector<int64_t> strides = computeStrides(type.getShape());
  auto from = source.getValues<Attribute>();
  SmallVector<Attribute> elements;
  for (int64_t i = 0; i < type.getNumElements(); ++i)
    elements.push_back(from[map(delinearize(i, strides))]);
  return DenseElementsAttr::get(type, elements);
}

bool isIdentity(ArrayRef<int64_t> permutation) {
  for (auto [i, source] : llvm::enumerate(permutation))
    if (static_cast<int64_t>(i) != source)
      return false;
  return true;
}

} // namespace

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (getX().getType() == getType())
    return getX();
  if (auto inner = getX().getDefiningOp<ReshapeOp>()) {
    getXMutable().assign(inner.getX());
    return getResult();
  }
  if (auto dense = dyn_cast_if_present<DenseElementsAttr>(adaptor.getX()))
    return dense.reshape(cast<ShapedType>(getType()));
  if (auto weight = dyn_cast_if_present<WeightAttr>(adaptor.getX())) // the same bytes
    return cast<TypedAttr>(WeightAttr::get(getContext(), weight.getId(), weight.getName(), getType()));
  return {};
}

OpFoldResult TransposeOp::fold(FoldAdaptor adaptor) {
  if (isIdentity(getPermutation()))
    return getX();
  if (auto inner = getX().getDefiningOp<TransposeOp>()) {
    SmallVector<int64_t> both;
    for (int64_t source : getPermutation())
      both.push_back(inner.getPermutation()[source]);
    setPermutation(both);
    getXMutable().assign(inner.getX());
    return getResult();
  }
  auto from = cast<RankedTensorType>(getX().getType());
  SmallVector<int64_t> strides = from.hasStaticShape() ? computeStrides(from.getShape()) : SmallVector<int64_t>();
  return moveElements(dyn_cast_if_present<DenseElementsAttr>(adaptor.getX()), getType(), [&](ArrayRef<int64_t> position) {
    int64_t flat = 0;
    for (auto [i, source] : llvm::enumerate(getPermutation()))
      flat += position[i] * strides[source];
    return flat;
  });
}

namespace {

/// transpose that moves only dims of size 1 -> reshape
struct ReshapeUnitDims : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getX().getType());
    if (!type.hasStaticShape() || !keepsOrder(op.getPermutation(), type.getShape()))
      return rewriter.notifyMatchFailure(op, "moves elements");
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getX())->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    return success();
  }
};

} // namespace

void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) { patterns.add<ReshapeUnitDims>(context); }

OpFoldResult BroadcastOp::fold(FoldAdaptor adaptor) {
  if (getX().getType() == getType())
    return getX();
  auto from = cast<RankedTensorType>(getX().getType());
  SmallVector<int64_t> strides = from.hasStaticShape() ? computeStrides(from.getShape()) : SmallVector<int64_t>();
  return moveElements(dyn_cast_if_present<DenseElementsAttr>(adaptor.getX()), getType(), [&](ArrayRef<int64_t> position) {
    int64_t flat = 0, skip = position.size() - from.getRank();
    for (int64_t i = 0; i < from.getRank(); ++i)
      flat += from.getDimSize(i) == 1 ? 0 : position[skip + i] * strides[i];
    return flat;
  });
}

OpFoldResult EqualDimsOp::fold(FoldAdaptor) { return getX().getType() == getType() ? getX() : Value(); }

OpFoldResult SliceOp::fold(FoldAdaptor adaptor) {
  if (getBounds())
    return {};
  if (getX().getType() == getType() && llvm::all_of(getStrides(), [](int64_t stride) { return stride == 1; }))
    return getX();
  auto from = cast<RankedTensorType>(getX().getType());
  SmallVector<int64_t> strides = from.hasStaticShape() ? computeStrides(from.getShape()) : SmallVector<int64_t>();
  return moveElements(dyn_cast_if_present<DenseElementsAttr>(adaptor.getX()), getType(), [&](ArrayRef<int64_t> position) {
    int64_t flat = 0;
    for (auto [i, offset, stride] : llvm::enumerate(getOffsets(), getStrides()))
      flat += (offset + position[i] * stride) * strides[i];
    return flat;
  });
}

OpFoldResult ConcatOp::fold(FoldAdaptor adaptor) {
  if (getInputs().size() == 1)
    return getInputs().front();
  auto type = cast<RankedTensorType>(getType());
  if (!type.hasStaticShape() || type.getNumElements() * 8 > kMaxInlineBytes)
    return {};
  SmallVector<DenseElementsAttr> parts;
  for (Attribute input : adaptor.getInputs()) {
    auto dense = dyn_cast_if_present<DenseElementsAttr>(input);
    if (!dense)
      return {};
    parts.push_back(dense);
  }
  int64_t outer = 1, axis = getAxis();
  for (int64_t size : type.getShape().take_front(axis))
    outer *= size;
  SmallVector<Attribute> elements;
  for (int64_t i = 0; i < outer; ++i)
    for (DenseElementsAttr part : parts) {
      int64_t run = part.getNumElements() / outer;
      auto values = part.getValues<Attribute>();
      for (int64_t j = 0; j < run; ++j)
        elements.push_back(values[i * run + j]);
    }
  return DenseElementsAttr::get(type, elements);
}

OpFoldResult PadOp::fold(FoldAdaptor) {
  bool none = llvm::all_of(getLow(), [](int64_t pad) { return pad == 0; }) && llvm::all_of(getHigh(), [](int64_t pad) { return pad == 0; });
  return none ? OpFoldResult(getX()) : OpFoldResult();
}

namespace {

/// Constant indices at equal distances take a slice.
struct SliceInsteadOfGather : OpRewritePattern<GatherOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(GatherOp op, PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getX().getType());
    std::optional<SmallVector<int64_t>> indices = getConstantInts(op.getIndices());
    if (!indices || indices->empty() || !type.hasStaticShape())
      return rewriter.notifyMatchFailure(op, "takes indices that are not known, or none, or of a tensor of unknown shape");
    int64_t axis = op.getAxis(), size = type.getDimSize(axis);
    for (int64_t &index : *indices) {
      if (index < -size || index >= size)
        return rewriter.notifyMatchFailure(op, "has an index outside of the tensor");
      index += index < 0 ? size : 0;
    }
    int64_t stride = indices->size() > 1 ? (*indices)[1] - (*indices)[0] : 1;
    for (size_t i = 1; i < indices->size(); ++i)
      if (stride == 0 || (*indices)[i] - (*indices)[i - 1] != stride)
        return rewriter.notifyMatchFailure(op, "takes indices at different distances");
    SmallVector<int64_t> offsets(type.getRank(), 0), sizes(type.getShape()), strides(type.getRank(), 1);
    offsets[axis] = indices->front(), sizes[axis] = indices->size(), strides[axis] = stride;
    DictionaryAttr names = op->getDiscardableAttrDictionary();
    Value slice = SliceOp::create(rewriter, op.getLoc(), type.clone(sizes), op.getX(), offsets, sizes, strides);
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), slice)->setDiscardableAttrs(names);
    return success();
  }
};

} // namespace

void GatherOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) { patterns.add<SliceInsteadOfGather>(context); }

} // namespace ingot
