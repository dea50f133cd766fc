// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Import/ShapeArithmetic.h"

#include "dialects/Ingot/Constants.h"
#include "dialects/Ingot/SymbolicDims.h"
#include "frontends/onnx/Import/Symbols.h"
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

std::optional<AffineExpr> apply(BinaryKind kind, AffineExpr a, AffineExpr b, const Symbols &symbols) {
  std::optional<int64_t> divisor = getConstant(b);
  bool divides = divisor && *divisor > 0 && symbols.isAtLeast(a, 0); // of negative numbers ONNX's quotient is not the floor
  bool isLess = symbols.isAtLeast(b - a, 0), isMore = symbols.isAtLeast(a - b, 0);
  switch (kind) {
  case BinaryKind::Add:
    return a + b;
  case BinaryKind::Sub:
    return a - b;
  case BinaryKind::Mul:
    return a * b;
  case BinaryKind::Div:
    if (AffineExpr quotient = divisor != 0 ? divideDim(simplifyDim(a), simplifyDim(b)) : nullptr)
      return quotient;
    return divides ? std::optional(a.floorDiv(*divisor)) : std::nullopt;
  case BinaryKind::Mod:
    return divides ? std::optional(a % *divisor) : std::nullopt;
  case BinaryKind::Min:
    return isLess ? std::optional(a) : isMore ? std::optional(b) : std::nullopt;
  case BinaryKind::Max:
    return isLess ? std::optional(b) : isMore ? std::optional(a) : std::nullopt;
  default:
    return std::nullopt;
  }
}

/// Whether it holds for all sizes (or for none).
std::optional<bool> apply(Predicate predicate, AffineExpr a, AffineExpr b, const Symbols &symbols) {
  auto known = [&](AffineExpr never, int64_t least, AffineExpr always, int64_t most) -> std::optional<bool> {
    return symbols.isAtLeast(always, most) ? std::optional(true) : symbols.isAtLeast(never, least) ? std::optional(false) : std::nullopt;
  };
  switch (predicate) {
  case Predicate::Lt:
    return known(a - b, 0, b - a, 1);
  case Predicate::Le:
    return known(a - b, 1, b - a, 0);
  case Predicate::Gt:
    return known(b - a, 0, a - b, 1);
  case Predicate::Ge:
    return known(b - a, 1, a - b, 0);
  case Predicate::Eq:
  case Predicate::Ne:
    if (simplifyDim(a - b) == getAffineConstantExpr(0, a.getContext()))
      return predicate == Predicate::Eq;
    return symbols.isAtLeast(a - b, 1) || symbols.isAtLeast(b - a, 1) ? std::optional(predicate == Predicate::Ne) : std::nullopt;
  }
  llvm_unreachable("all predicates are handled");
}

/// Whether `op` computes a number or a vector of known length from sizes.
bool isShapeArithmetic(Operation *op) {
  if (op->getNumResults() != 1 || !llvm::any_of(op->getOperands(), [](Value operand) { return getPlaceholderDims(operand).has_value(); }))
    return false;
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  return type.hasStaticShape() && type.getRank() <= 1;
}

/// Element `i` of a vector, or the number that a vector of one stands for.
AffineExpr at(const Dims &dims, int64_t i) { return dims[dims.size() == 1 ? 0 : i]; }

} // namespace

DenseElementsAttr compareDims(Operation *op, const Symbols &symbols) {
  auto compare = dyn_cast<CompareOp>(op);
  std::optional<Dims> x = compare && isShapeArithmetic(op) ? sizesOf(op->getOperand(0)) : std::nullopt, y = x ? sizesOf(op->getOperand(1)) : x;
  if (!y)
    return {};
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  SmallVector<bool> result;
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    std::optional<bool> truth = apply(compare.getPredicate(), at(*x, i), at(*y, i), symbols);
    if (!truth)
      return {};
    result.push_back(*truth);
  }
  return DenseElementsAttr::get(type, result);
}

std::optional<Dims> evaluateDims(Operation *op, const Symbols &symbols) {
  if (!isShapeArithmetic(op))
    return std::nullopt;
  int64_t count = cast<RankedTensorType>(op->getResult(0).getType()).getNumElements();
  SmallVector<Dims, 3> operands;
  for (Value operand : op->getOperands()) {
    std::optional<Dims> sizes = sizesOf(operand);
    if (!sizes)
      return std::nullopt;
    operands.push_back(std::move(*sizes));
  }
  const Dims &x = operands.front();
  Dims result;
  if (isa<ReshapeOp>(op))
    return x;
  if (auto cast = dyn_cast<CastOp>(op))
    return cast.getTo().isSignlessInteger(64) || cast.getTo().isSignlessInteger(32) ? std::optional(x) : std::nullopt;
  if (auto slice = dyn_cast<SliceOp>(op)) {
    for (int64_t i = 0; i < slice.getSizes()[0]; ++i)
      result.push_back(x[slice.getOffsets()[0] + i * slice.getStrides()[0]]);
    return result;
  }
  if (isa<ConcatOp>(op)) {
    for (const Dims &next : operands)
      result.append(next);
    return result;
  }
  if (isa<GatherOp>(op)) {
    for (AffineExpr index : operands[1]) {
      int64_t from = getConstant(index).value_or(-1), at = from < 0 ? from + static_cast<int64_t>(x.size()) : from;
      if (!getConstant(index) || at < 0 || at >= static_cast<int64_t>(x.size()))
        return std::nullopt;
      result.push_back(x[at]);
    }
    return result;
  }
  if (auto unary = dyn_cast<UnaryOp>(op); unary && unary.getKind() == UnaryKind::Neg)
    return llvm::map_to_vector<6>(x, [](AffineExpr size) { return -size; });
  if (isa<BroadcastOp, SelectOp, BinaryOp>(op)) {
    for (int64_t i = 0; i < count; ++i) {
      std::optional<AffineExpr> size = at(x, i);
      if (auto binary = dyn_cast<BinaryOp>(op))
        size = apply(binary.getKind(), at(x, i), at(operands[1], i), symbols);
      else if (isa<SelectOp>(op)) // the condition is a constant, or it would be no number
        size = getConstant(at(x, i)) ? at(operands[*getConstant(at(x, i)) ? 1 : 2], i) : std::optional<AffineExpr>();
      if (!size)
        return std::nullopt;
      result.push_back(*size);
    }
    return result;
  }
  if (auto reduce = dyn_cast<ReduceOp>(op); reduce && (reduce.getKind() == ReduceKind::Prod || reduce.getKind() == ReduceKind::Sum)) {
    AffineExpr total = getAffineConstantExpr(reduce.getKind() == ReduceKind::Prod ? 1 : 0, op->getContext());
    for (AffineExpr size : x)
      total = reduce.getKind() == ReduceKind::Prod ? total * size : total + size;
    return Dims{total};
  }
  return std::nullopt;
}

} // namespace ingot::importer
