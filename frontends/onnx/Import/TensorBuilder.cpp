// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Import/TensorBuilder.h"

#include "dialects/Ingot/Control.h"

#include "dialects/Ingot/SymbolicDims.h"
#include "frontends/onnx/Import/Symbols.h"

#include "frontends/onnx/Import/ShapeArithmetic.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/BuiltinOps.h"

#include <cstring>

using namespace mlir;

namespace ingot::importer {
namespace {

constexpr llvm::StringLiteral kPlaceholderDims = "ingot.placeholder";

bool isWholeDim(int64_t offset, int64_t size, int64_t stride, int64_t extent) { return offset == 0 && size == extent && stride == 1; }

} // namespace

std::optional<Dims> getPlaceholderDims(Value value) {
  auto op = value.getDefiningOp<UnrealizedConversionCastOp>();
  auto map = op ? op->getAttrOfType<AffineMapAttr>(kPlaceholderDims) : AffineMapAttr();
  return map ? std::optional(Dims(map.getValue().getResults())) : std::nullopt;
}

DenseElementsAttr getScalar(double value, Type element) {
  auto type = RankedTensorType::get({}, element);
  if (auto floating = dyn_cast<FloatType>(element)) {
    APFloat number(value);
    bool inexact;
    number.convert(floating.getFloatSemantics(), APFloat::rmNearestTiesToEven, &inexact);
    return DenseElementsAttr::get(type, ArrayRef(number));
  }
  APInt number = APInt(64, static_cast<uint64_t>(static_cast<int64_t>(value))).trunc(cast<IntegerType>(element).getWidth());
  return DenseElementsAttr::get(type, ArrayRef(number));
}

Value TensorBuilder::constant(DenseElementsAttr value) { return ConstantOp::create(b, loc, value.getType(), cast<TypedAttr>(value)); }

Value TensorBuilder::constant(RankedTensorType type, ArrayRef<char> bytes, StringRef name, std::shared_ptr<const void> keepAlive) {
  if (static_cast<int64_t>(bytes.size()) > kMaxInlineBytes) {
    int64_t id = weights.add(name, type, bytes, std::move(keepAlive));
    return ConstantOp::create(b, loc, type, cast<TypedAttr>(WeightAttr::get(b.getContext(), id, name, type)));
  }
  if (type.getNumElements() == 0)
    return constant(DenseElementsAttr::get(type, ArrayRef<Attribute>()));
  if (type.getElementType().isInteger(1))
    return constant(DenseElementsAttr::get(type, ArrayRef(reinterpret_cast<const bool *>(bytes.data()), bytes.size())));
  std::string aligned(bytes.begin(), bytes.end());
  return constant(DenseElementsAttr::getFromRawBuffer(type, aligned));
}

Value TensorBuilder::scalar(double value, Type element) { return constant(getScalar(value, element)); }

Value TensorBuilder::ints(ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, b.getI64Type());
  auto owner = std::make_shared<const std::vector<int64_t>>(values.begin(), values.end());
  return constant(type, {reinterpret_cast<const char *>(owner->data()), owner->size() * sizeof(int64_t)}, "indices", owner);
}

Value TensorBuilder::iota(int64_t size, int64_t rank, int64_t axis) {
  std::string bytes(size * sizeof(int64_t), '\0');
  for (int64_t i = 0; i < size; ++i)
    std::memcpy(bytes.data() + i * sizeof(int64_t), &i, sizeof(i));
  Ints shape(rank, 1);
  shape[axis] = size;
  auto owner = std::make_shared<const std::string>(std::move(bytes));
  return constant(RankedTensorType::get(shape, b.getI64Type()), {owner->data(), owner->size()}, "iota", owner);
}

Value TensorBuilder::iota(AffineExpr size, int64_t rank, int64_t axis) {
  if (std::optional<int64_t> number = getConstant(size))
    return iota(*number, rank, axis);
  // The first elements of a constant that is as long as the size can get, or, when that is too long to store, a running sum.
  constexpr int64_t kMostStored = 1 << 20;
  AffineExpr zero = getAffineConstantExpr(0, b.getContext()), one = getAffineConstantExpr(1, b.getContext());
  int64_t most = rangeOf(simplifyDim(size), symbols->ranges()).maximum;
  if (most <= kMostStored)
    return sliceAxis(iota(most, rank, axis), axis, zero, size);
  Dims dims(rank, one);
  dims[axis] = size;
  return create<CumulativeOp>(ReduceKind::Sum, full(dims, scalar(1.0, b.getI64Type())), axis, /*exclusive=*/true, /*reverse=*/false);
}

Value TensorBuilder::full(ArrayRef<AffineExpr> dims, Value scalar) { return broadcast(scalar, dims); }

Value TensorBuilder::dimsTensor(ArrayRef<AffineExpr> dims, Type element) {
  return dimsTensor(dims, RankedTensorType::get({static_cast<int64_t>(dims.size())}, element ? element : b.getI64Type()));
}

Value TensorBuilder::dimsTensor(ArrayRef<AffineExpr> dims, RankedTensorType type) {
  SmallVector<APInt> values;
  for (AffineExpr dim : dims)
    if (std::optional<int64_t> value = getConstant(dim))
      values.push_back(APInt(64, static_cast<uint64_t>(*value)).trunc(type.getElementTypeBitWidth()));
  if (values.size() == dims.size())
    return constant(DenseElementsAttr::get(type, values));
  auto placeholder = UnrealizedConversionCastOp::create(b, loc, TypeRange(type), ValueRange());
  unsigned symbols = 0;
  for (AffineExpr dim : dims)
    symbols = std::max(symbols, countSymbols(dim));
  placeholder->setAttr(kPlaceholderDims, AffineMapAttr::get(AffineMap::get(0, symbols, dims, b.getContext())));
  return placeholder.getResult(0);
}

//===-- Reading constants ----------------------------------------------------------------------------------------------------------------===//

std::optional<Ints> TensorBuilder::readInts(Value value) {
  if (std::optional<Ints> ints = getConstantInts(value))
    return ints;
  auto op = value.getDefiningOp<ConstantOp>();
  auto weight = op ? dyn_cast<WeightAttr>(op.getValue()) : WeightAttr();
  auto integer = dyn_cast<IntegerType>(elementOf(value));
  if (!weight || !integer)
    return std::nullopt;
  ArrayRef<char> bytes = weights.bytes(weight.getId());
  int64_t width = getElementBytes(integer);
  bool zeroExtend = integer.isUnsigned() || integer.getWidth() == 1;
  Ints result;
  for (size_t i = 0; i < bytes.size(); i += width) {
    int64_t element = 0;
    std::memcpy(&element, bytes.data() + i, width);
    result.push_back(zeroExtend ? element : llvm::SignExtend64(element, width * 8));
  }
  return result;
}

std::optional<SmallVector<double>> TensorBuilder::readFloats(Value value) {
  auto element = dyn_cast<FloatType>(elementOf(value));
  DenseElementsAttr dense = getDenseConstant(value);
  SmallVector<double> result;
  auto op = value.getDefiningOp<ConstantOp>();
  if (auto weight = op ? dyn_cast<WeightAttr>(op.getValue()) : WeightAttr(); weight && element) {
    ArrayRef<char> bytes = weights.bytes(weight.getId());
    size_t width = getElementBytes(element);
    for (size_t i = 0; i < bytes.size(); i += width) {
      uint64_t bits = 0;
      std::memcpy(&bits, bytes.data() + i, width);
      if (element.isF32()) {
        result.push_back(llvm::bit_cast<float>(static_cast<uint32_t>(bits)));
        continue;
      }
      APFloat number(element.getFloatSemantics(), APInt(element.getWidth(), bits));
      bool inexact;
      number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &inexact);
      result.push_back(number.convertToDouble());
    }
    return result;
  }
  if (!dense || !element)
    return std::nullopt;
  for (APFloat element : dense.getValues<APFloat>()) {
    bool inexact;
    element.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &inexact);
    result.push_back(element.convertToDouble());
  }
  return result;
}

std::optional<Dims> TensorBuilder::readDims(Value value) {
  if (std::optional<Dims> dims = getPlaceholderDims(value))
    return dims;
  std::optional<Ints> ints = readInts(value);
  if (!ints)
    return std::nullopt;
  return Dims(llvm::map_range(*ints, [&](int64_t size) { return getAffineConstantExpr(size, b.getContext()); }));
}

//===-- Elementwise ----------------------------------------------------------------------------------------------------------------------===//

Value TensorBuilder::unary(UnaryKind kind, Value x, double alpha, double beta) { return create<UnaryOp>(kind, x, APFloat(alpha), APFloat(beta)); }

void TensorBuilder::unifyDims(MutableArrayRef<Value> operands, std::optional<int64_t> skip) {
  if (!symbols || llvm::is_contained(operands, Value()))
    return;
  int64_t rank = 0;
  for (Value operand : operands)
    rank = std::max(rank, rankOf(operand));
  SmallVector<Dims> dims = llvm::map_to_vector(operands, [](Value operand) { return getDims(typeOf(operand)); });
  auto isOne = [](AffineExpr dim) { return getConstant(dim) == 1; };
  for (int64_t back = 1; back <= rank; ++back) {
    if (skip == rank - back)
      continue;
    AffineExpr common; // a number if there is one
    for (const Dims &own : dims)
      if (back <= static_cast<int64_t>(own.size()))
        if (AffineExpr dim = own.end()[-back]; !isOne(dim) && (!common || (getConstant(dim) && !getConstant(common))))
          common = dim;
    for (Dims &own : dims) {
      if (!common || back > static_cast<int64_t>(own.size()))
        continue;
      AffineExpr &dim = own.end()[-back];
      bool open = !getConstant(dim) || !getConstant(common);
      if (dim != common && !isOne(dim) && open && requireEqual(dim, common))
        dim = common;
    }
  }
  for (auto [operand, own] : llvm::zip_equal(operands, dims))
    if (RankedTensorType type = makeTensorType(own, elementOf(operand)); type != operand.getType())
      operand = createTyped<EqualDimsOp>(type, operand);
}

Value TensorBuilder::binary(BinaryKind kind, Value lhs, Value rhs) {
  Value operands[] = {lhs, rhs};
  unifyDims(operands);
  return create<BinaryOp>(kind, operands[0], operands[1]);
}

Value TensorBuilder::binary(BinaryKind kind, Value lhs, double rhs) { return lhs ? binary(kind, lhs, scalar(rhs, elementOf(lhs))) : Value(); }

Value TensorBuilder::compare(Predicate predicate, Value lhs, Value rhs) {
  Value operands[] = {lhs, rhs};
  unifyDims(operands);
  return create<CompareOp>(predicate, operands[0], operands[1]);
}

Value TensorBuilder::select(Value condition, Value lhs, Value rhs) {
  Value operands[] = {condition, lhs, rhs};
  unifyDims(operands);
  return create<SelectOp>(operands[0], operands[1], operands[2]);
}

Value TensorBuilder::cast(Value x, Type to) { return x && elementOf(x) == to ? x : create<CastOp>(x, TypeAttr::get(to)); }

//===-- Layout ---------------------------------------------------------------------------------------------------------------------------===//

Value TensorBuilder::reshape(Value x, ArrayRef<AffineExpr> dims) {
  if (!x)
    return {};
  RankedTensorType from = typeOf(x), type = makeTensorType(dims, from.getElementType());
  if (from == type)
    return x;
  if (from.hasStaticShape() && type.hasStaticShape() && from.getNumElements() != type.getNumElements()) {
    error() << "cannot reshape " << from << " to " << type << ": they have " << from.getNumElements() << " and " << type.getNumElements()
            << " elements";
    return {};
  }
  if (!from.hasStaticShape() || !type.hasStaticShape()) {
    if (symbols && symbols->isDynamic() && !requireEqual(productOf(getDims(from), b.getContext()), productOf(dims, b.getContext()))) {
      error() << "cannot reshape " << from << " to " << type << ": they never have the same number of elements";
      return {};
    }
  }
  // Another shape of a weight is another weight with the same bytes.
  if (auto op = x.getDefiningOp<ConstantOp>())
    if (auto weight = dyn_cast<WeightAttr>(op.getValue())) {
      int64_t id = weights.addView(weight.getId(), type);
      return ConstantOp::create(b, op.getLoc(), type, ::llvm::cast<TypedAttr>(WeightAttr::get(b.getContext(), id, weight.getName(), type)));
    }
  return createTyped<ReshapeOp>(type, x);
}

Value TensorBuilder::reshape(Value x, ArrayRef<int64_t> sizes) {
  return reshape(x, Dims(llvm::map_range(sizes, [&](int64_t size) { return getAffineConstantExpr(size, b.getContext()); })));
}

Value TensorBuilder::unsqueeze(Value x, ArrayRef<int64_t> axes) {
  if (!x)
    return {};
  Dims from = getDims(typeOf(x)), dims;
  size_t next = 0, rank = from.size() + axes.size();
  for (size_t i = 0; i < rank; ++i)
    dims.push_back(llvm::is_contained(axes, static_cast<int64_t>(i)) || next == from.size() ? getAffineConstantExpr(1, b.getContext())
                                                                                            : from[next++]);
  return reshape(x, dims);
}

Value TensorBuilder::squeeze(Value x, ArrayRef<int64_t> axes) {
  if (!x)
    return {};
  Dims dims;
  for (auto [i, dim] : llvm::enumerate(getDims(typeOf(x))))
    if (!llvm::is_contained(axes, static_cast<int64_t>(i)))
      dims.push_back(dim);
  return reshape(x, dims);
}

Value TensorBuilder::transpose(Value x, ArrayRef<int64_t> permutation) { return create<TransposeOp>(x, permutation); }

Value TensorBuilder::broadcast(Value x, ArrayRef<AffineExpr> dims) {
  if (!x)
    return {};
  RankedTensorType from = typeOf(x), type = makeTensorType(dims, from.getElementType());
  if (from == type)
    return x;
  FailureOr<Dims> joined = broadcastDims(dims, getDims(from));
  if (failed(joined) || *joined != dims) {
    error() << "cannot broadcast " << from << " to " << type;
    return {};
  }
  return createTyped<BroadcastOp>(type, x);
}

Value TensorBuilder::equalize(Value x, MutableArrayRef<AffineExpr> dims) {
  if (!x)
    return {};
  Dims own = getDims(typeOf(x));
  for (size_t back = 1; symbols && back <= std::min(own.size(), dims.size()); ++back) {
    AffineExpr &mine = own.end()[-back], &other = dims.end()[-back];
    std::optional<int64_t> a = getConstant(mine), b = getConstant(other);
    if (mine == other || a == 1 || b == 1 || (a && b) || !requireEqual(mine, other))
      continue;
    (a ? other : mine) = a ? mine : other;
  }
  RankedTensorType type = makeTensorType(own, elementOf(x));
  return type == x.getType() ? x : createTyped<EqualDimsOp>(type, x);
}

Value TensorBuilder::broadcast(Value x, ArrayRef<int64_t> sizes) {
  return broadcast(x, Dims(llvm::map_range(sizes, [&](int64_t size) { return getAffineConstantExpr(size, b.getContext()); })));
}

Value TensorBuilder::slice(Value x, ArrayRef<int64_t> offsets, ArrayRef<int64_t> sizes, ArrayRef<int64_t> strides) {
  if (!x)
    return {};
  RankedTensorType from = typeOf(x);
  // Rows of a weight are a weight of their own.
  auto op = x.getDefiningOp<ConstantOp>();
  auto weight = op ? dyn_cast<WeightAttr>(op.getValue()) : WeightAttr();
  if (weight && from.getRank() > 0 && strides[0] == 1) {
    bool inner = true;
    for (int64_t i = 1; i < from.getRank(); ++i)
      inner &= isWholeDim(offsets[i], sizes[i], strides[i], from.getDimSize(i));
    if (inner && offsets[0] >= 0 && sizes[0] > 0 && offsets[0] + sizes[0] <= from.getDimSize(0)) {
      auto type = RankedTensorType::get(sizes, from.getElementType());
      int64_t row = from.getNumElements() / from.getDimSize(0) * getElementBytes(from.getElementType());
      const Weight &base = weights.get(weight.getId());
      ArrayRef<char> bytes = base.bytes.slice(offsets[0] * row, sizes[0] * row);
      return constant(type, bytes, base.name, base.keepAlive);
    }
  }
  return create<SliceOp>(x, offsets, sizes, strides, AffineMapAttr());
}

Value TensorBuilder::slice(Value x, ArrayRef<AffineExpr> offsets, ArrayRef<AffineExpr> sizes, ArrayRef<int64_t> strides) {
  Dims bounds(llvm::map_range(offsets, simplifyDim));
  bounds.append(llvm::to_vector(llvm::map_range(sizes, simplifyDim)));
  auto numbers = llvm::map_to_vector(bounds, [](AffineExpr bound) { return getConstant(bound).value_or(ShapedType::kDynamic); });
  ArrayRef<int64_t> begins = ArrayRef(numbers).take_front(offsets.size()), counts = ArrayRef(numbers).drop_front(offsets.size());
  if (!llvm::is_contained(numbers, ShapedType::kDynamic))
    return slice(x, begins, counts, strides);
  unsigned symbols = 0;
  for (AffineExpr bound : bounds)
    symbols = std::max(symbols, countSymbols(bound));
  return create<SliceOp>(x, begins, counts, strides, AffineMapAttr::get(AffineMap::get(0, symbols, bounds, b.getContext())));
}

Value TensorBuilder::sliceAxis(Value x, int64_t axis, int64_t begin, int64_t size, int64_t stride) {
  if (!x)
    return {};
  Ints offsets(rankOf(x), 0), sizes(typeOf(x).getShape()), strides(rankOf(x), 1);
  offsets[axis] = begin;
  sizes[axis] = size;
  strides[axis] = stride;
  return slice(x, offsets, sizes, strides);
}

Value TensorBuilder::sliceAxis(Value x, int64_t axis, AffineExpr begin, AffineExpr size) {
  if (!x)
    return {};
  Dims offsets(rankOf(x), getAffineConstantExpr(0, b.getContext())), sizes = getDims(typeOf(x));
  offsets[axis] = begin;
  sizes[axis] = size;
  return slice(x, offsets, sizes, Ints(rankOf(x), 1));
}

Value TensorBuilder::concat(ArrayRef<Value> inputs, int64_t axis) {
  SmallVector<Value> operands(inputs);
  unifyDims(operands, axis);
  return create<ConcatOp>(ValueRange(operands), axis);
}

Value TensorBuilder::pad(PadMode mode, Value x, ArrayRef<int64_t> low, ArrayRef<int64_t> high, TypedAttr value) {
  if (!x)
    return {};
  Ints grownLow, grownHigh;
  Dims offsets, sizes = getDims(typeOf(x));
  bool crops = false;
  for (auto [i, before, after] : llvm::enumerate(low, high)) {
    int64_t taken = -std::min<int64_t>(before, 0) - std::min<int64_t>(after, 0);
    crops |= taken > 0;
    offsets.push_back(getAffineConstantExpr(std::max<int64_t>(-before, 0), b.getContext()));
    std::optional<int64_t> size = getConstant(sizes[i]);
    if (taken > 0 && !size && !symbols->isAtLeast(sizes[i] - taken, 0)) {
      error() << "the pads take " << taken << " elements of dim " << i << " of " << x.getType() << ", which may have fewer";
      return {};
    }
    sizes[i] = size ? getAffineConstantExpr(std::max<int64_t>(*size - taken, 0), b.getContext()) : simplifyDim(sizes[i] - taken);
    grownLow.push_back(std::max<int64_t>(before, 0));
    grownHigh.push_back(std::max<int64_t>(after, 0));
  }
  if (crops)
    x = slice(x, offsets, sizes, Ints(rankOf(x), 1));
  if (!x)
    return {};
  auto fill = value ? ::llvm::cast<ElementsAttr>(value) : ElementsAttr(getScalar(0.0, elementOf(x)));
  return create<PadOp>(mode, x, grownLow, grownHigh, fill);
}

Value TensorBuilder::padConstant(Value x, ArrayRef<AffineExpr> low, ArrayRef<AffineExpr> high, Value scalar) {
  for (int64_t axis = 0; x && axis < rankOf(x); ++axis) {
    Dims dims = getDims(typeOf(x));
    auto border = [&](AffineExpr size) {
      dims[axis] = size;
      return full(dims, scalar ? scalar : this->scalar(0.0, elementOf(x)));
    };
    SmallVector<Value> parts = {x};
    if (getConstant(low[axis]) != 0)
      parts.insert(parts.begin(), border(low[axis]));
    if (getConstant(high[axis]) != 0)
      parts.push_back(border(high[axis]));
    if (parts.size() > 1)
      x = concat(parts, axis);
  }
  return x;
}

//===-- Everything else ------------------------------------------------------------------------------------------------------------------===//

Value TensorBuilder::matmul(Value lhs, Value rhs, bool transposeLhs, bool transposeRhs) {
  return create<MatMulOp>(lhs, rhs, transposeLhs, transposeRhs);
}

Value TensorBuilder::reduce(ReduceKind kind, Value x, ArrayRef<int64_t> axes, bool keepDims) {
  if (x && axes.empty())
    return x;
  return create<ReduceOp>(kind, x, axes, keepDims);
}

Value TensorBuilder::norm(NormKind kind, Value x, ArrayRef<int64_t> axes, double epsilon) { return create<NormOp>(kind, x, axes, APFloat(epsilon)); }

Value TensorBuilder::finish(Operation *op) {
  SmallVector<Value> folded;
  if (succeeded(b.tryFold(op, folded)) && !folded.empty()) {
    op->erase();
    return folded.front();
  }
  Value result;
  auto type = ::llvm::cast<RankedTensorType>(op->getResult(0).getType());
  if (type.hasStaticShape() && type.getNumElements() == 0) // nothing to compute
    result = constant(DenseElementsAttr::get(type, ArrayRef<Attribute>()));
  else if (DenseElementsAttr value = evaluate(op))
    result = constant(value);
  else if (DenseElementsAttr truth = symbols ? compareDims(op, *symbols) : DenseElementsAttr())
    result = constant(truth);
  else if (std::optional<Dims> dims = symbols ? evaluateDims(op, *symbols) : std::nullopt)
    result = dimsTensor(*dims, typeOf(op->getResult(0)));
  if (!result)
    return op->getResult(0);
  op->erase();
  return result;
}

} // namespace ingot::importer
