// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Import/ShapeArithmetic.h"

#include "dialects/Ingot/Constants.h"
#include "frontends/onnx/Import/TensorBuilder.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;

namespace ingot::importer {
namespace {

/// A number of any element type. Floats are computed in double and rounded to their type; for + - * / and sqrt that is the same as computing in it.
struct Number {
  int64_t i = 0;
  double f = 0.0;
};

struct SmallTensor {
  RankedTensorType type;
  SmallVector<Number> elements;

  bool isFloat() const { return isa<FloatType>(type.getElementType()); }
  bool isUnsigned() const { return type.getElementType().isUnsignedInteger() || type.getElementType().isInteger(1); }
};

double toDouble(APFloat value) {
  bool inexact;
  value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &inexact);
  return value.convertToDouble();
}

double roundTo(double value, FloatType type) {
  APFloat rounded(value);
  bool inexact;
  rounded.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven, &inexact);
  return toDouble(rounded);
}

int64_t wrapTo(int64_t value, IntegerType type) {
  APInt wrapped = APInt(64, static_cast<uint64_t>(value)).trunc(type.getWidth());
  return type.isUnsigned() || type.getWidth() == 1 ? static_cast<int64_t>(wrapped.getZExtValue()) : wrapped.getSExtValue();
}

std::optional<SmallTensor> read(Value value) {
  DenseElementsAttr dense = getDenseConstant(value);
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!dense || !type || type.getNumElements() * 8 > kMaxInlineBytes)
    return std::nullopt;
  SmallTensor tensor{type, {}};
  if (tensor.isFloat()) {
    for (const APFloat &element : dense.getValues<APFloat>())
      tensor.elements.push_back({0, toDouble(element)});
    return tensor;
  }
  for (const APInt &element : dense.getValues<APInt>())
    tensor.elements.push_back({tensor.isUnsigned() ? static_cast<int64_t>(element.getZExtValue()) : element.getSExtValue(), 0.0});
  return tensor;
}

DenseElementsAttr write(const SmallTensor &tensor) {
  if (auto type = dyn_cast<FloatType>(tensor.type.getElementType())) {
    SmallVector<APFloat> elements;
    for (Number number : tensor.elements) {
      APFloat value(number.f);
      bool inexact;
      value.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven, &inexact);
      elements.push_back(value);
    }
    return DenseElementsAttr::get(tensor.type, elements);
  }
  auto type = cast<IntegerType>(tensor.type.getElementType());
  SmallVector<APInt> elements;
  for (Number number : tensor.elements)
    elements.push_back(APInt(64, static_cast<uint64_t>(number.i)).trunc(type.getWidth()));
  return DenseElementsAttr::get(tensor.type, elements);
}

/// The flat index in a tensor of `shape` of the element that broadcasting puts at `position`.
int64_t broadcastIndex(ArrayRef<int64_t> position, ArrayRef<int64_t> shape) {
  int64_t flat = 0;
  for (auto [size, coordinate] : llvm::zip_equal(shape, position.take_back(shape.size())))
    flat = flat * size + (size == 1 ? 0 : coordinate);
  return flat;
}

/// Calls `compute` for each position of the result with the operands' elements there.
template <typename Compute> DenseElementsAttr map(Operation *op, ArrayRef<SmallTensor> operands, Compute compute) {
  SmallTensor result{cast<RankedTensorType>(op->getResult(0).getType()), {}};
  auto integer = dyn_cast<IntegerType>(result.type.getElementType());
  auto floating = dyn_cast<FloatType>(result.type.getElementType());
  SmallVector<int64_t> strides = computeStrides(result.type.getShape());
  for (int64_t i = 0; i < result.type.getNumElements(); ++i) {
    SmallVector<int64_t> position = delinearize(i, strides);
    SmallVector<Number, 3> at;
    for (const SmallTensor &operand : operands)
      at.push_back(operand.elements[broadcastIndex(position, operand.type.getShape())]);
    std::optional<Number> number = compute(ArrayRef<Number>(at));
    if (!number)
      return {};
    result.elements.push_back(floating ? Number{0, roundTo(number->f, floating)} : Number{wrapTo(number->i, integer), 0.0});
  }
  return write(result);
}

std::optional<Number> apply(UnaryKind kind, Number x, bool isFloat) {
  auto real = [](double value) { return Number{0, value}; };
  switch (kind) {
  case UnaryKind::Neg:
    return Number{static_cast<int64_t>(0 - static_cast<uint64_t>(x.i)), -x.f};
  case UnaryKind::Abs:
    return Number{x.i < 0 ? static_cast<int64_t>(0 - static_cast<uint64_t>(x.i)) : x.i, std::fabs(x.f)};
  case UnaryKind::Sign:
    return Number{(x.i > 0) - (x.i < 0), std::isnan(x.f) ? x.f : static_cast<double>((x.f > 0) - (x.f < 0))};
  case UnaryKind::Not:
    return isFloat ? std::nullopt : std::optional(Number{~x.i, 0.0});
  case UnaryKind::Relu:
    return Number{std::max<int64_t>(x.i, 0), x.f < 0 ? 0.0 : x.f};
  default:
    break;
  }
  if (!isFloat)
    return std::nullopt;
  switch (kind) {
  case UnaryKind::Ceil:
    return real(std::ceil(x.f));
  case UnaryKind::Floor:
    return real(std::floor(x.f));
  case UnaryKind::RoundEven:
    return real(std::nearbyint(x.f));
  case UnaryKind::Sqrt:
    return real(std::sqrt(x.f));
  case UnaryKind::Reciprocal:
    return real(1.0 / x.f);
  case UnaryKind::Exp:
    return real(std::exp(x.f));
  case UnaryKind::Log:
    return real(std::log(x.f));
  default:
    return std::nullopt;
  }
}

std::optional<Number> apply(BinaryKind kind, Number a, Number b, bool isFloat, bool isUnsigned) {
  if (isFloat) {
    switch (kind) {
    case BinaryKind::Add:
      return Number{0, a.f + b.f};
    case BinaryKind::Sub:
      return Number{0, a.f - b.f};
    case BinaryKind::Mul:
      return Number{0, a.f * b.f};
    case BinaryKind::Div:
      return Number{0, a.f / b.f};
    case BinaryKind::Pow:
      return Number{0, std::pow(a.f, b.f)};
    case BinaryKind::Min:
      return Number{0, std::isnan(a.f) || a.f < b.f ? a.f : b.f};
    case BinaryKind::Max:
      return Number{0, std::isnan(a.f) || a.f > b.f ? a.f : b.f};
    case BinaryKind::Fmod:
      return Number{0, std::fmod(a.f, b.f)};
    default:
      return std::nullopt;
    }
  }
  if (isUnsigned)
    return std::nullopt; // what the dialect does not fold of them does not occur in shapes
  auto wrapped = [](auto compute, int64_t x, int64_t y) {
    return Number{static_cast<int64_t>(compute(static_cast<uint64_t>(x), static_cast<uint64_t>(y))), 0.0};
  };
  switch (kind) {
  case BinaryKind::Add:
    return wrapped([](uint64_t x, uint64_t y) { return x + y; }, a.i, b.i);
  case BinaryKind::Sub:
    return wrapped([](uint64_t x, uint64_t y) { return x - y; }, a.i, b.i);
  case BinaryKind::Mul:
    return wrapped([](uint64_t x, uint64_t y) { return x * y; }, a.i, b.i);
  case BinaryKind::Div:
  case BinaryKind::Mod:
  case BinaryKind::Fmod: {
    if (b.i == 0 || b.i == -1)
      return b.i == 0 ? std::nullopt : std::optional(Number{kind == BinaryKind::Div ? static_cast<int64_t>(0 - static_cast<uint64_t>(a.i)) : 0, 0.0});
    int64_t rest = a.i % b.i;
    if (kind == BinaryKind::Div)
      return Number{a.i / b.i, 0.0};
    return Number{kind == BinaryKind::Mod && rest != 0 && (rest < 0) != (b.i < 0) ? rest + b.i : rest, 0.0};
  }
  case BinaryKind::Min:
    return Number{std::min(a.i, b.i), 0.0};
  case BinaryKind::Max:
    return Number{std::max(a.i, b.i), 0.0};
  case BinaryKind::Pow: {
    if (b.i < 0)
      return std::nullopt;
    uint64_t power = 1;
    for (int64_t i = 0; i < std::min<int64_t>(b.i, 64); ++i)
      power *= static_cast<uint64_t>(a.i);
    return b.i <= 64 ? std::optional(Number{static_cast<int64_t>(power), 0.0}) : std::nullopt;
  }
  default:
    return std::nullopt;
  }
}

template <typename T> bool holds(Predicate predicate, T a, T b) {
  switch (predicate) {
  case Predicate::Eq:
    return a == b;
  case Predicate::Ne:
    return a != b;
  case Predicate::Lt:
    return a < b;
  case Predicate::Le:
    return a <= b;
  case Predicate::Gt:
    return a > b;
  case Predicate::Ge:
    return a >= b;
  }
  llvm_unreachable("all predicates are handled");
}

std::optional<Number> convert(Number x, bool fromFloat, Type to) {
  if (isa<FloatType>(to))
    return Number{0, fromFloat ? x.f : static_cast<double>(x.i)};
  if (to.isInteger(1))
    return Number{fromFloat ? x.f != 0.0 : x.i != 0, 0.0};
  if (!fromFloat)
    return x;
  bool fits = std::fabs(x.f) < std::ldexp(1.0, 31); // beyond that the run time rules
  return fits ? std::optional(Number{static_cast<int64_t>(x.f), 0.0}) : std::nullopt;
}

DenseElementsAttr evaluateReduce(ReduceOp op, const SmallTensor &x) {
  SmallTensor result{cast<RankedTensorType>(op.getType()), {}};
  auto integer = dyn_cast<IntegerType>(result.type.getElementType());
  auto floating = dyn_cast<FloatType>(result.type.getElementType());
  if (x.isUnsigned() || x.elements.empty())
    return {};
  SmallVector<int64_t> strides = computeStrides(x.type.getShape());
  SmallVector<std::optional<Number>> sums(result.type.getNumElements());
  int64_t count = x.elements.size() / std::max<int64_t>(sums.size(), 1);
  for (auto [i, element] : llvm::enumerate(x.elements)) {
    int64_t flat = 0;
    for (auto [dim, coordinate] : llvm::enumerate(delinearize(static_cast<int64_t>(i), strides)))
      if (!llvm::is_contained(op.getAxes(), static_cast<int64_t>(dim)))
        flat = flat * x.type.getDimSize(dim) + coordinate;
    std::optional<Number> &sum = sums[flat];
    if (!sum) {
      sum = element;
      continue;
    }
    static constexpr BinaryKind kinds[] = {BinaryKind::Add, BinaryKind::Add, BinaryKind::Max, BinaryKind::Min, BinaryKind::Mul};
    sum = apply(kinds[static_cast<int>(op.getKind())], *sum, element, x.isFloat(), /*isUnsigned=*/false);
  }
  for (std::optional<Number> sum : sums) {
    if (op.getKind() == ReduceKind::Mean)
      sum = Number{sum->i / count, sum->f / static_cast<double>(count)};
    result.elements.push_back(floating ? Number{0, roundTo(sum->f, floating)} : Number{wrapTo(sum->i, integer), 0.0});
  }
  return write(result);
}

DenseElementsAttr evaluateGather(GatherOp op, const SmallTensor &x, const SmallTensor &indices) {
  SmallTensor result{cast<RankedTensorType>(op.getType()), {}};
  int64_t axis = op.getAxis(), extent = x.type.getDimSize(axis), outer = 1, inner = 1;
  for (auto [i, size] : llvm::enumerate(x.type.getShape()))
    (static_cast<int64_t>(i) < axis ? outer : inner) *= static_cast<int64_t>(i) == axis ? 1 : size;
  for (int64_t o = 0; o < outer; ++o)
    for (Number index : indices.elements) {
      int64_t at = index.i < 0 ? index.i + extent : index.i;
      if (at < 0 || at >= extent)
        return {};
      for (int64_t i = 0; i < inner; ++i)
        result.elements.push_back(x.elements[(o * extent + at) * inner + i]);
    }
  return write(result);
}

} // namespace

DenseElementsAttr evaluate(Operation *op) {
  if (op->getNumResults() != 1 || op->getNumOperands() == 0 || op->hasTrait<OpTrait::ConstantLike>())
    return {};
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type || !type.hasStaticShape() || type.getNumElements() * 8 > kMaxInlineBytes || isa<ComplexType>(type.getElementType()))
    return {};
  SmallVector<SmallTensor, 3> operands;
  for (Value operand : op->getOperands()) {
    std::optional<SmallTensor> tensor = read(operand);
    if (!tensor)
      return {};
    operands.push_back(std::move(*tensor));
  }
  bool isFloat = operands[0].isFloat(), isUnsigned = operands[0].isUnsigned();
  return TypeSwitch<Operation *, DenseElementsAttr>(op)
      .Case([&](UnaryOp unary) { return map(op, operands, [&](ArrayRef<Number> x) { return apply(unary.getKind(), x[0], isFloat); }); })
      .Case([&](BinaryOp binary) {
        return map(op, operands, [&](ArrayRef<Number> x) { return apply(binary.getKind(), x[0], x[1], isFloat, isUnsigned); });
      })
      .Case([&](CompareOp compare) {
        return map(op, operands, [&](ArrayRef<Number> x) -> std::optional<Number> {
          bool result = isFloat      ? holds(compare.getPredicate(), x[0].f, x[1].f)
                        : isUnsigned ? holds(compare.getPredicate(), static_cast<uint64_t>(x[0].i), static_cast<uint64_t>(x[1].i))
                                     : holds(compare.getPredicate(), x[0].i, x[1].i);
          return Number{result, 0.0};
        });
      })
      .Case([&](SelectOp) { return map(op, operands, [&](ArrayRef<Number> x) -> std::optional<Number> { return x[0].i ? x[1] : x[2]; }); })
      .Case([&](CastOp cast) { return map(op, operands, [&](ArrayRef<Number> x) { return convert(x[0], isFloat, cast.getTo()); }); })
      .Case([&](ReduceOp reduce) { return evaluateReduce(reduce, operands[0]); })
      .Case([&](GatherOp gather) { return evaluateGather(gather, operands[0], operands[1]); })
      .Default([](Operation *) { return DenseElementsAttr(); });
}

namespace {

/// The sizes that an operand holds: a placeholder, or integers.
std::optional<Dims> sizesOf(Value value) {
  if (std::optional<Dims> dims = getPlaceholderDims(value))
    return dims;
  std::optional<SmallVector<int64_t>> ints = getConstantInts(value);
  if (!ints)
    return std::nullopt;
  Dims dims;
  for (int64_t size : *ints)
    dims.push_back(getAffineConstantExpr(size, value.getContext()));
  return dims;
}

std::optional<AffineExpr> apply(BinaryKind kind, AffineExpr a, AffineExpr b) {
  std::optional<int64_t> divisor = getConstant(b);
  switch (kind) {
  case BinaryKind::Add:
    return a + b;
  case BinaryKind::Sub:
    return a - b;
  case BinaryKind::Mul:
    return a * b;
  case BinaryKind::Div: // sizes are not negative, so truncation is the floor
    return divisor && *divisor > 0 ? std::optional(a.floorDiv(*divisor)) : std::nullopt;
  case BinaryKind::Mod:
    return divisor && *divisor > 0 ? std::optional(a % *divisor) : std::nullopt;
  default:
    return std::nullopt;
  }
}

} // namespace

std::optional<Dims> evaluateDims(Operation *op) {
  if (op->getNumResults() != 1 || !llvm::any_of(op->getOperands(), [](Value operand) { return getPlaceholderDims(operand).has_value(); }))
    return std::nullopt;
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (!type.hasStaticShape() || type.getRank() > 1)
    return std::nullopt;
  std::optional<Dims> x = sizesOf(op->getOperand(0));
  if (!x)
    return std::nullopt;
  if (isa<ReshapeOp>(op))
    return x;
  if (auto cast = dyn_cast<CastOp>(op))
    return cast.getTo().isSignlessInteger(64) || cast.getTo().isSignlessInteger(32) ? x : std::nullopt;
  if (auto slice = dyn_cast<SliceOp>(op)) {
    Dims result;
    for (int64_t i = 0; i < slice.getSizes()[0]; ++i)
      result.push_back((*x)[slice.getOffsets()[0] + i * slice.getStrides()[0]]);
    return result;
  }
  if (isa<ConcatOp>(op)) {
    for (Value operand : op->getOperands().drop_front()) {
      std::optional<Dims> next = sizesOf(operand);
      if (!next)
        return std::nullopt;
      x->append(*next);
    }
    return x;
  }
  if (isa<GatherOp>(op)) {
    std::optional<SmallVector<int64_t>> indices = getConstantInts(op->getOperand(1));
    if (!indices)
      return std::nullopt;
    Dims result;
    for (int64_t index : *indices) {
      int64_t at = index < 0 ? index + static_cast<int64_t>(x->size()) : index;
      if (at < 0 || at >= static_cast<int64_t>(x->size()))
        return std::nullopt;
      result.push_back((*x)[at]);
    }
    return result;
  }
  if (auto binary = dyn_cast<BinaryOp>(op)) {
    std::optional<Dims> y = sizesOf(op->getOperand(1));
    if (!y)
      return std::nullopt;
    Dims result;
    for (int64_t i = 0; i < type.getNumElements(); ++i) {
      std::optional<AffineExpr> size = apply(binary.getKind(), (*x)[x->size() == 1 ? 0 : i], (*y)[y->size() == 1 ? 0 : i]);
      if (!size)
        return std::nullopt;
      result.push_back(*size);
    }
    return result;
  }
  if (auto reduce = dyn_cast<ReduceOp>(op); reduce && (reduce.getKind() == ReduceKind::Prod || reduce.getKind() == ReduceKind::Sum)) {
    AffineExpr result = getAffineConstantExpr(reduce.getKind() == ReduceKind::Prod ? 1 : 0, op->getContext());
    for (AffineExpr size : *x)
      result = reduce.getKind() == ReduceKind::Prod ? result * size : result + size;
    return Dims{result};
  }
  return std::nullopt;
}

} // namespace ingot::importer
