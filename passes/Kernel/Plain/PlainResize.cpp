// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ONNX Resize. Every dim has a coordinate in the operand for each result index, and a filter around it; the filters of all dims are multiplied.
#include "passes/Kernel/Plain/PlainEmitter.h"

using namespace mlir;

namespace ingot {
namespace {

/// Filters of up to this many taps are written out; longer ones (antialiasing) are loops.
constexpr int64_t kMaxWrittenTaps = 4;

/// A number of a formula: known, or computed (f64) from sizes that depend on symbols.
struct Real {
  Real(double known) : known(known) {}
  Real(ImplicitLocOpBuilder &b, Value value) : b(&b), value(value) {}

  /// The number in the float type `type`.
  Value in(ImplicitLocOpBuilder &builder, Type type) const {
    return value ? castElements(builder, value, value.getType(), type) : ElementMath(builder, type).constant(known);
  }

  ImplicitLocOpBuilder *b = nullptr;
  double known = 0.0; ///< unless there is a value
  Value value;
};

template <typename Op> Real combine(const Real &x, const Real &y, double known) {
  if (!x.value && !y.value)
    return known;
  ImplicitLocOpBuilder &b = x.value ? *x.b : *y.b;
  Value left = x.in(b, b.getF64Type()), right = y.in(b, b.getF64Type());
  return {b, Op::create(b, left, right)};
}
Real operator-(const Real &x, const Real &y) { return combine<arith::SubFOp>(x, y, x.known - y.known); }
Real operator*(const Real &x, const Real &y) { return combine<arith::MulFOp>(x, y, x.known * y.known); }
Real operator/(const Real &x, const Real &y) { return combine<arith::DivFOp>(x, y, x.known / y.known); }
Real min(const Real &x, const Real &y) { return combine<arith::MinimumFOp>(x, y, std::min(x.known, y.known)); }

class ResizeEmitter {
public:
  ResizeEmitter(PlainEmitter &e, ResizeOp op)
      : e(e), op(op), from(PlainEmitter::shapeOf(op.getX())), to(PlainEmitter::shapeOf(op.getResult())), element(PlainEmitter::elementOf(op.getX())),
        type(element.isF64() ? element : e.b.getF32Type()), m(e.b, type) {}

  void emit() {
    Value nothing = e.anyIsZero(from);
    e.forElements(to, [&](ValueRange indices) {
      coordinates.assign(to.size(), Value());
      outside = nothing;
      for (size_t dim = 0; dim < to.size(); ++dim)
        if (!isIdentity(dim))
          coordinates[dim] = coordinate(dim, indices[dim]);
      Value result = outside ? e.choose(outside, [&] { return extrapolation(); }, [&] { return inside(indices); }) : inside(indices);
      e.write(result, indices);
    });
  }

private:
  bool crops() { return op.getCoordinates() == "tf_crop_and_resize" && op.getRoi(); }
  double roi(size_t at) { return (*op.getRoi())[at]; }

  bool isIdentity(size_t dim) {
    double scale = op.getScales()[dim];
    if (to[dim] != from[dim] || (scale != 0.0 && std::abs(scale - 1.0) > 1e-9))
      return false;
    return !crops() || (roi(dim) == 0.0 && roi(to.size() + dim) == 1.0);
  }

  Real sizeOf(AffineExpr dim) {
    if (std::optional<int64_t> number = getConstant(dim))
      return static_cast<double>(*number);
    return {e.b, e.number(e.b.getF64Type(), dim)};
  }

  Real scaleOf(size_t dim) { return op.getScales()[dim] != 0.0 ? Real(op.getScales()[dim]) : sizeOf(to[dim]) / sizeOf(from[dim]); }

  Value value(const Real &x) { return x.in(e.b, type); }

  /// One of both values: the first where `x` is 1.
  Value whereOne(const Real &x, function_ref<Value()> one, function_ref<Value()> other) {
    if (!x.value)
      return x.known == 1.0 ? one() : other();
    Value isOne = ElementMath(e.b, x.value.getType()).equal(x.value, Real(1.0).in(e.b, x.value.getType())), first = one();
    return m.select(isOne, first, other());
  }

  /// ONNX's coordinate_transformation_mode. The result's width is a fraction when the scale is one.
  Value coordinate(size_t dim, Value position) {
    Real scale = scaleOf(dim), width = scale * sizeOf(from[dim]), last = sizeOf(from[dim]) - 1.0;
    Value x = castElements(e.b, arith::IndexCastOp::create(e.b, e.b.getI64Type(), position), e.b.getI64Type(), type);
    auto halfPixel = [&](const Real &offset) { return m.add(m.div(m.add(x, m.constant(0.5)), value(scale)), value(offset)); };
    StringRef mode = op.getCoordinates();
    if (mode == "asymmetric")
      return m.div(x, value(scale));
    if (mode == "align_corners")
      return whereOne(width, [&] { return m.constant(0.0); }, [&] { return m.div(m.mul(x, value(last)), value(width - 1.0)); });
    if (mode == "pytorch_half_pixel")
      return whereOne(width, [&] { return m.constant(-0.5); }, [&] { return halfPixel(-0.5); });
    if (mode == "tf_half_pixel_for_nn")
      return halfPixel(0.0);
    if (mode == "half_pixel_symmetric")
      return halfPixel(sizeOf(from[dim]) / 2.0 * (1.0 - sizeOf(to[dim]) / width) - 0.5);
    if (!crops())
      return halfPixel(-0.5);
    double begin = roi(dim), end = roi(to.size() + dim);
    Value at = whereOne(
        width, [&] { return value((begin + end) * last / 2.0); },
        [&] { return m.add(value(begin * last), m.mul(x, value((end - begin) * last / (width - 1.0)))); });
    Value isOutside = arith::OrIOp::create(e.b, m.less(at, m.constant(0.0)), m.less(value(last), at));
    outside = outside ? arith::OrIOp::create(e.b, outside, isOutside).getResult() : isOutside;
    return at;
  }

  Value extrapolation() { return toElement(m.constant(op.getExtrapolation().convertToDouble())); }

  Value toElement(Value x) {
    if (isa<IntegerType>(element))
      x = math::RoundEvenOp::create(e.b, x);
    return castElements(e.b, x, type, element);
  }

  Value toPosition(Value x) { return arith::IndexCastOp::create(e.b, e.b.getIndexType(), arith::FPToSIOp::create(e.b, e.b.getI64Type(), x)); }

  Value inside(ValueRange indices) {
    PlainEmitter::Indices place(indices);
    if (op.getMode() != Interpolation::Nearest)
      return toElement(interpolate(place, 0));
    for (size_t dim = 0; dim < to.size(); ++dim)
      if (coordinates[dim])
        place[dim] = e.clamp(toPosition(round(coordinates[dim])), 0, from[dim] - 1);
    return e.read(op.getX(), place);
  }

  Value round(Value x) {
    if (op.getRounding() == "floor")
      return math::FloorOp::create(e.b, x);
    if (op.getRounding() == "ceil")
      return math::CeilOp::create(e.b, x);
    if (op.getRounding() == "round_prefer_ceil")
      return math::FloorOp::create(e.b, m.add(x, m.constant(0.5)));
    return math::CeilOp::create(e.b, m.sub(x, m.constant(0.5)));
  }

  /// The value at the coordinates of the dims from `dim` on, with the dims before it fixed in `place`.
  Value interpolate(PlainEmitter::Indices &place, size_t dim) {
    if (dim == to.size())
      return castElements(e.b, e.read(op.getX(), place), element, type);
    if (!coordinates[dim])
      return interpolate(place, dim + 1);
    bool cubic = op.getMode() == Interpolation::Cubic;
    Real shrink = op.getAntialias() ? min(scaleOf(dim), 1.0) : 1.0, reach = (cubic ? -2.0 : -1.0) / shrink;
    // The first tap's distance from the coordinate, and how many there are: both depend on symbols when the scale does.
    int64_t first = static_cast<int64_t>(std::floor(reach.known)) + 1, taps = 2 - 2 * first;
    Value someFirst = reach.value ? e.add(toPosition(math::FloorOp::create(e.b, reach.value)), 1) : Value();
    auto fromFirst = [&](Value tap) { return someFirst ? e.add(tap, someFirst) : e.add(tap, first); };
    Value floor = math::FloorOp::create(e.b, coordinates[dim]), base = fromFirst(toPosition(floor));
    Value ratio = m.sub(coordinates[dim], floor), zero = m.constant(0.0), saved = place[dim];
    bool normalizes = shrink.value || shrink.known < 1.0 || op.getExcludeOutside();

    auto weightOf = [&](Value tap) { // of one tap, before they are made to add up to 1
      Value offset = castElements(e.b, arith::IndexCastOp::create(e.b, e.b.getI64Type(), fromFirst(tap)), e.b.getI64Type(), type);
      Value distance = m.abs(m.mul(m.sub(offset, ratio), value(shrink)));
      Value weight = cubic ? cubicWeight(distance) : m.atLeast(m.sub(m.constant(1.0), distance), 0.0);
      return op.getExcludeOutside() ? m.select(e.inRange(e.add(base, tap), from[dim]), weight, zero) : weight;
    };
    auto valueOf = [&](Value tap) {
      place[dim] = e.clamp(e.add(base, tap), 0, from[dim] - 1);
      Value value = interpolate(place, dim + 1);
      place[dim] = saved;
      return value;
    };
    // Sum of the weighted values and of the weights.
    SmallVector<Value> sums{zero, zero};
    auto step = [&](Value tap, ValueRange carried) -> SmallVector<Value> {
      Value weight = weightOf(tap);
      return {m.add(carried[0], m.mul(weight, valueOf(tap))), m.add(carried[1], weight)};
    };
    if (someFirst)
      sums = e.fold(e.index(0), e.sub(e.index(2), e.mul(someFirst, 2)), sums, step);
    else if (taps <= kMaxWrittenTaps)
      for (int64_t tap = 0; tap < taps; ++tap)
        sums = step(e.index(tap), sums);
    else
      sums = e.fold(e.index(0), e.index(taps), sums, step);
    if (!normalizes)
      return sums[0];
    return m.div(sums[0], m.select(m.equal(sums[1], zero), m.constant(1.0), sums[1]));
  }

  Value cubicWeight(Value t) {
    double a = op.getCubicCoefficient().convertToDouble();
    auto polynomial = [&](double c3, double c2, double c1, double c0) {
      Value value = m.add(m.mul(m.constant(c3), t), m.constant(c2));
      value = m.add(m.mul(value, t), m.constant(c1));
      return m.add(m.mul(value, t), m.constant(c0));
    };
    Value near = polynomial(a + 2.0, -(a + 3.0), 0.0, 1.0), far = polynomial(a, -5.0 * a, 8.0 * a, -4.0 * a);
    Value outer = m.select(m.less(t, m.constant(2.0)), far, m.constant(0.0));
    return m.select(m.less(m.constant(1.0), t), outer, near);
  }

  PlainEmitter &e;
  ResizeOp op;
  Dims from, to;
  Type element, type; ///< of the tensor, and of the computation
  ElementMath m;
  SmallVector<Value> coordinates; ///< null for a dim that is copied
  Value outside;                  ///< whether there is no element to take: a crop reaches beyond the operand, or that is empty
};

} // namespace

LogicalResult checkPlain(ResizeOp op) {
  static constexpr StringLiteral kModes[] = {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
                                             "asymmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize"};
  if (!llvm::is_contained(kModes, op.getCoordinates()))
    return op.emitOpError("has unknown coordinates '") << op.getCoordinates() << "'";
  if (op.getScales().size() != PlainEmitter::shapeOf(op.getX()).size())
    return op.emitOpError("needs one scale per dim");
  return success();
}

void emitPlainOp(PlainEmitter &e, ResizeOp op) { ResizeEmitter(e, op).emit(); }

} // namespace ingot
