// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/NarrowFloats.h"
#include "dialects/Ingot/Shapes.h"
#include "dialects/Ingot/SymbolicDims.h"
#include "dialects/Ingot/Winograd.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace ingot {
namespace {

LogicalResult checkAxis(std::optional<Location> loc, int64_t axis, RankedTensorType type) {
  if (axis >= 0 && axis < type.getRank())
    return success();
  return inferenceError(loc, "axis " + Twine(axis) + " is not a dim of rank " + Twine(type.getRank()));
}

/// Integers that are multiplied into sums of i32.
bool isByte(Type element) { return element.isInteger(8); }

} // namespace

LogicalResult MatMulOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType lhs = typeOf(adaptor.getLhs()), rhs = typeOf(adaptor.getRhs());
  bool bytes = isByte(lhs.getElementType()) && isByte(rhs.getElementType());
  if (lhs.getRank() < 2 || rhs.getRank() < 2 || (lhs.getElementType() != rhs.getElementType() && !bytes))
    return inferenceError(loc, "needs two tensors of rank 2 or more and one element type");
  Dims a = getDims(lhs), b = getDims(rhs);
  if (adaptor.getTransposeLhs())
    std::swap(a[a.size() - 1], a[a.size() - 2]);
  if (adaptor.getTransposeRhs())
    std::swap(b[b.size() - 1], b[b.size() - 2]);
  if (a.back() != b[b.size() - 2])
    return inferenceError(loc, "the sides do not share their inner dim");
  AffineExpr columns = b.back(), rows = a[a.size() - 2];
  FailureOr<Dims> dims = broadcastDims(ArrayRef(a).drop_back(2), ArrayRef(b).drop_back(2));
  if (failed(dims))
    return inferenceError(loc, "batch dims do not broadcast");
  dims->append({rows, columns});
  types.push_back(makeTensorType(*dims, bytes ? IntegerType::get(context, 32) : lhs.getElementType()));
  return success();
}

LogicalResult PackOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType type = typeOf(adaptor.getX());
  if (type.getRank() < 2)
    return inferenceError(loc, "needs a matrix or a batch of matrices");
  Dims dims = getDims(type);
  int64_t group = adaptor.getGroup();
  if (group < 1)
    return inferenceError(loc, "needs a group of one row or more");
  AffineExpr columns = dims.pop_back_val(), depth = dims.pop_back_val();
  dims.append({columns.ceilDiv(kPanel), depth.ceilDiv(group), getAffineConstantExpr(kPanel * group, context)});
  types.push_back(makeTensorType(dims, type.getElementType()));
  return success();
}

/// Whether a product of these elements can be `result`: one type for all, sums in f32 of what is narrower, or sums in i32 of bytes.
static bool makesProduct(Type lhs, Type rhs, Type result) {
  if (lhs == rhs && lhs == result)
    return true;
  if (result.isSignlessInteger(32))
    return lhs.isUnsignedInteger(8) && rhs.isSignlessInteger(8);
  return result.isF32() && isNarrowFloat(rhs) && (lhs.isF32() || (lhs == rhs && !isByteFloat(lhs)));
}

int64_t PackedMatMulOp::getGroup() { return typeOf(getRhs()).getShape().back() / kPanel; }

LogicalResult PackedMatMulOp::verify() {
  RankedTensorType lhs = typeOf(getLhs()), rhs = typeOf(getRhs()), result = typeOf(getResult());
  Dims dims = getDims(lhs), panels = getDims(rhs), made = getDims(result);
  int64_t width = getConstant(panels.back()).value_or(0), group = width / kPanel;
  if (lhs.getRank() < 2 || rhs.getRank() < 3 || group == 0 || width % kPanel != 0 ||
      simplifyDim(dims.back().ceilDiv(group)) != panels[panels.size() - 2])
    return emitOpError("has a rhs that does not pack the weights of its lhs");
  if (lhs.getRank() != result.getRank() || !makesProduct(lhs.getElementType(), rhs.getElementType(), result.getElementType()) ||
      ArrayRef(dims).drop_back() != ArrayRef(made).drop_back())
    return emitOpError("makes ") << result << " of rows of " << lhs;
  if (panels[panels.size() - 3] != simplifyDim(made.back().ceilDiv(kPanel)))
    return emitOpError("has a rhs of ") << rhs << " for the columns of " << result;
  if (rhs.getRank() != 3 && ArrayRef(panels).drop_back(3) != ArrayRef(dims).drop_back(2))
    return emitOpError("has a rhs with batch dims that its lhs does not have");
  return success();
}

LogicalResult AttentionOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType q = typeOf(adaptor.getQ()), k = typeOf(adaptor.getK()), v = typeOf(adaptor.getV());
  if (q.getRank() != 4 || k.getRank() != 4 || v.getRank() != 4 || q.getElementType() != k.getElementType() ||
      q.getElementType() != v.getElementType())
    return inferenceError(loc, "needs queries, keys and values of rank 4 and one element type");
  Dims dims = getDims(q), keys = getDims(k), values = getDims(v);
  if (dims[0] != keys[0] || dims[3] != keys[3] || ArrayRef(keys).drop_back() != ArrayRef(values).drop_back())
    return inferenceError(loc, "the queries, keys and values do not belong together");
  std::optional<int64_t> heads = getConstant(dims[2]), keyHeads = getConstant(keys[2]);
  if (dims[2] != keys[2] && keyHeads != 1 && (!heads || !keyHeads || *keyHeads == 0 || *heads % *keyHeads != 0))
    return inferenceError(loc, "the query heads cannot share the key heads");
  if (std::optional<uint64_t> causal = adaptor.getCausal(); causal && (!adaptor.getMask() || static_cast<int64_t>(*causal) < 0))
    return inferenceError(loc, "is causal by a mask alone, and every row has a key");
  if (Value mask = adaptor.getMask()) {
    RankedTensorType type = typeOf(mask);
    Dims scores = {dims[0], dims[2], dims[1], keys[1]};
    FailureOr<Dims> common = type.getRank() <= 4 ? broadcastDims(getDims(type), scores) : FailureOr<Dims>();
    if (failed(common) || *common != scores)
      return inferenceError(loc, "the mask does not broadcast to the scores");
    if (!(type.getElementType() == q.getElementType() && !adaptor.getFillAttr()) && !(type.getElementType().isInteger(1) && adaptor.getFillAttr()))
      return inferenceError(loc, "needs a mask to add, or one of i1 and what the scores become where it is false");
  }
  dims[3] = values[3];
  types.push_back(makeTensorType(dims, q.getElementType()));
  return success();
}

bool ConvOp::isDepthwise() {
  auto x = cast<RankedTensorType>(getX().getType());
  int64_t inputs = x.getDimSize(getLayout() == Layout::ChannelsFirst ? 1 : x.getRank() - 1);
  int64_t groups = getGroups(), outputs = getChannels();
  return groups > 1 && groups == inputs && outputs == inputs;
}

bool ConvOp::isPointwise() {
  auto all = [](ArrayRef<int64_t> values, int64_t expected) { return llvm::all_of(values, [&](int64_t value) { return value == expected; }); };
  return getGroups() == 1 && all(getKernel(), 1) && all(getStrides(), 1) && all(getPads(), 0);
}

int64_t ConvOp::getPackedGroup() { return getLayout() == Layout::ChannelsLast && !isDepthwise() ? typeOf(getW()).getShape().back() / kPanel : 1; }

Anchor ConvOp::getAnchor() { return isDepthwise() ? Anchor::Depthwise : Anchor::Convolution; }

int64_t ConvOp::getIterationCount() {
  auto x = cast<RankedTensorType>(getX().getType());
  int64_t window = x.getDimSize(getLayout() == Layout::ChannelsFirst ? 1 : x.getRank() - 1) / getGroups();
  for (int64_t size : getKernel())
    window *= size;
  return countElements(getType()) * window;
}

LogicalResult ConvOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType x = typeOf(adaptor.getX());
  size_t spatial = adaptor.getKernel().size();
  if (x.getRank() != static_cast<int64_t>(spatial) + 2 || adaptor.getStrides().size() != spatial || adaptor.getDilations().size() != spatial ||
      adaptor.getPads().size() != 2 * spatial)
    return inferenceError(loc, "needs one kernel size, stride, dilation and two pads per spatial dim");
  bool last = adaptor.getLayout() == Layout::ChannelsLast;
  Dims from = getDims(x), dims = {from[0]};
  for (size_t i = 0; i < spatial; ++i)
    dims.push_back(windowDim(from[i + (last ? 1 : 2)], adaptor.getKernel()[i], adaptor.getStrides()[i], adaptor.getPads()[i],
                             adaptor.getPads()[spatial + i], adaptor.getDilations()[i]));
  dims.insert(last ? dims.end() : dims.begin() + 1, getAffineConstantExpr(adaptor.getChannels(), context));
  for (AffineExpr dim : dims)
    if (getConstant(dim).value_or(1) < 0)
      return inferenceError(loc, "the kernel is larger than the padded input");
  Type element = x.getElementType(), weights = typeOf(adaptor.getW()).getElementType();
  if (isByte(element) != isByte(weights))
    return inferenceError(loc, "needs an image and weights of bytes, or none of them");
  if (isByte(element))
    element = IntegerType::get(context, 32);
  else if (last && (element.isF16() || element.isBF16()))
    element = Float32Type::get(context);
  types.push_back(makeTensorType(dims, element));
  return success();
}

int64_t WinogradConvOp::getIterationCount() { return countElements(getType()) * typeOf(getX()).getShape().back() * 9; }

LogicalResult WinogradConvOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType x = typeOf(adaptor.getX()), w = typeOf(adaptor.getW());
  int64_t tile = adaptor.getTile(), points = tile + 2, channels = adaptor.getChannels();
  if (x.getRank() != 4 || x.isDynamicDim(3) || channels < 1 || !llvm::is_contained(kWinogradTiles, tile))
    return inferenceError(loc, "needs an image with a known number of channels, channels last, and a tile of 2 or 4");
  SmallVector<int64_t> filters = {static_cast<int64_t>(llvm::divideCeil(channels, kPanel)), points * points, x.getShape().back(), kPanel};
  if (w.getShape() != ArrayRef(filters))
    return inferenceError(loc, "needs transformed filters in panels, as the tile and the channels say");
  Dims dims = getDims(x);
  for (size_t i : {1, 2}) {
    dims[i] = simplifyDim(dims[i] - 2);
    if (getConstant(dims[i]).value_or(1) < 1)
      return inferenceError(loc, "the kernel is larger than the image");
  }
  dims.back() = getAffineConstantExpr(channels, context);
  types.push_back(makeTensorType(dims, x.getElementType()));
  return success();
}

LogicalResult ConvTransposeOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType x = typeOf(adaptor.getX()), w = typeOf(adaptor.getW());
  size_t spatial = adaptor.getStrides().size();
  if (x.getRank() != static_cast<int64_t>(spatial) + 2 || w.getRank() != x.getRank() || adaptor.getPads().size() != 2 * spatial)
    return inferenceError(loc, "needs one stride, dilation and two pads per spatial dim");
  Dims from = getDims(x), dims = {from[0], getAffineConstantExpr(w.getDimSize(1) * adaptor.getGroups(), context)};
  for (size_t i = 0; i < spatial; ++i)
    dims.push_back((from[i + 2] - 1) * adaptor.getStrides()[i] + adaptor.getDilations()[i] * (w.getDimSize(i + 2) - 1) + 1 - adaptor.getPads()[i] -
                   adaptor.getPads()[spatial + i]);
  types.push_back(makeTensorType(dims, x.getElementType()));
  return success();
}

LogicalResult PoolOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType x = typeOf(adaptor.getX());
  size_t spatial = adaptor.getKernel().size();
  if (x.getRank() != static_cast<int64_t>(spatial) + 2 || adaptor.getStrides().size() != spatial || adaptor.getDilations().size() != spatial ||
      adaptor.getPads().size() != 2 * spatial || adaptor.getCountPads().size() != 2 * spatial)
    return inferenceError(loc, "needs one kernel size, stride, dilation and two pads per spatial dim");
  Dims dims = getDims(x);
  size_t first = adaptor.getLayout() == Layout::ChannelsLast ? 1 : 2;
  for (size_t i = 0; i < spatial; ++i)
    dims[first + i] = windowDim(dims[first + i], adaptor.getKernel()[i], adaptor.getStrides()[i], adaptor.getPads()[i],
                                adaptor.getPads()[spatial + i], adaptor.getDilations()[i]);
  types.push_back(makeTensorType(dims, x.getElementType()));
  return success();
}

int64_t ReduceOp::getIterationCount() { return countElements(getX().getType()); }

LogicalResult ReduceOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType x = typeOf(adaptor.getX());
  Dims from = getDims(x), dims;
  for (int64_t axis : adaptor.getAxes())
    if (failed(checkAxis(loc, axis, x)))
      return failure();
  for (auto [i, dim] : llvm::enumerate(from)) {
    bool reduced = llvm::is_contained(adaptor.getAxes(), static_cast<int64_t>(i));
    if (!reduced)
      dims.push_back(dim);
    else if (adaptor.getKeepDims())
      dims.push_back(getAffineConstantExpr(1, context));
  }
  types.push_back(makeTensorType(dims, x.getElementType()));
  return success();
}

LogicalResult TileSumsOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType x = typeOf(adaptor.getX());
  ArrayRef<int64_t> tile = adaptor.getTile();
  if (x.getRank() != static_cast<int64_t>(tile.size()) + 2 || tile.empty() || llvm::any_of(tile, [](int64_t size) { return size < 1; }))
    return inferenceError(loc, "needs a tile with one size above zero per spatial dim");
  Dims dims = getDims(x);
  for (auto [i, size] : llvm::enumerate(tile))
    dims[i + 1] = simplifyDim(dims[i + 1].ceilDiv(size));
  types.push_back(makeTensorType(dims, x.getElementType()));
  return success();
}

LogicalResult ArgReduceOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType x = typeOf(adaptor.getX());
  if (failed(checkAxis(loc, adaptor.getAxis(), x)))
    return failure();
  Dims dims = getDims(x);
  if (adaptor.getKeepDims())
    dims[adaptor.getAxis()] = getAffineConstantExpr(1, context);
  else
    dims.erase(dims.begin() + adaptor.getAxis());
  types.push_back(makeTensorType(dims, IntegerType::get(context, 64)));
  return success();
}

LogicalResult NormOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType x = typeOf(adaptor.getX());
  for (int64_t axis : adaptor.getAxes())
    if (failed(checkAxis(loc, axis, x)))
      return failure();
  types.push_back(x);
  return success();
}

LogicalResult CumulativeOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getX().getType());
  return checkAxis(loc, adaptor.getAxis(), typeOf(adaptor.getX()));
}

LogicalResult TopKOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType x = typeOf(adaptor.getX());
  if (failed(checkAxis(loc, adaptor.getAxis(), x)))
    return failure();
  Dims dims = getDims(x);
  if (std::optional<int64_t> extent = getConstant(dims[adaptor.getAxis()]); extent && static_cast<int64_t>(adaptor.getK()) > *extent)
    return inferenceError(loc, "k is larger than the dim it selects from");
  dims[adaptor.getAxis()] = getAffineConstantExpr(adaptor.getK(), context);
  types.push_back(makeTensorType(dims, x.getElementType()));
  types.push_back(makeTensorType(dims, IntegerType::get(context, 64)));
  return success();
}

LogicalResult GatherOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType x = typeOf(adaptor.getX());
  if (failed(checkAxis(loc, adaptor.getAxis(), x)))
    return failure();
  Dims dims = getDims(x), indices = getDims(typeOf(adaptor.getIndices()));
  dims.erase(dims.begin() + adaptor.getAxis());
  dims.insert(dims.begin() + adaptor.getAxis(), indices.begin(), indices.end());
  types.push_back(makeTensorType(dims, x.getElementType()));
  return success();
}

LogicalResult GatherElementsOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType x = typeOf(adaptor.getX()), indices = typeOf(adaptor.getIndices());
  if (x.getRank() != indices.getRank())
    return inferenceError(loc, "indices must have the operand's rank");
  types.push_back(makeTensorType(getDims(indices), x.getElementType()));
  return checkAxis(loc, adaptor.getAxis(), x);
}

LogicalResult GatherNdOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType x = typeOf(adaptor.getX()), indices = typeOf(adaptor.getIndices());
  int64_t depth = indices.getRank() == 0 ? ShapedType::kDynamic : indices.getShape().back(), batch = adaptor.getBatchDims();
  if (ShapedType::isDynamic(depth) || batch + depth > x.getRank() || batch >= indices.getRank())
    return inferenceError(loc, "the last dim of the indices must be static and not larger than the operand's rank");
  Dims from = getDims(x), dims = getDims(indices);
  dims.pop_back();
  dims.append(from.begin() + batch + depth, from.end());
  types.push_back(makeTensorType(dims, x.getElementType()));
  return success();
}

LogicalResult ScatterElementsOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getX().getType());
  return checkAxis(loc, adaptor.getAxis(), typeOf(adaptor.getX()));
}

LogicalResult ScatterNdOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getX().getType());
  return success();
}

} // namespace ingot
