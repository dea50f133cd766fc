// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ONNX Resize. Every dim has a coordinate in the operand for each result index, and a filter around it; the filters of all dims are multiplied.
#include "passes/Kernel/Plain/PlainEmitter.h"

using namespace mlir;

namespace ingot {
namespace {

/// Filters of up to this many taps are written out; longer ones (antialiasing) are loops.
constexpr int64_t kMaxWrittenTaps = 4;

class ResizeEmitter {
public:
  ResizeEmitter(PlainEmitter &e, ResizeOp op)
      : e(e), op(op), from(PlainEmitter::shapeOf(op.getX())), to(PlainEmitter::shapeOf(op.getResult())), element(PlainEmitter::elementOf(op.getX())),
        type(element.isF64() ? element : e.b.getF32Type()), m(e.b, type) {}

  void emit() {
    e.forElements(to, [&](ValueRange indices) {
      coordinates.assign(to.size(), Value());
      outside = Value();
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
    if (to[dim] != from[dim] || std::abs(op.getScales()[dim] - 1.0) > 1e-9)
      return false;
    return !crops() || (roi(dim) == 0.0 && roi(to.size() + dim) == 1.0);
  }

  /// ONNX's coordinate_transformation_mode. The result's width is a fraction when the scale is one.
  Value coordinate(size_t dim, Value position) {
    double scale = op.getScales()[dim], width = scale * static_cast<double>(from[dim]), last = static_cast<double>(from[dim] - 1);
    Value x = castElements(e.b, arith::IndexCastOp::create(e.b, e.b.getI64Type(), position), e.b.getI64Type(), type);
    auto halfPixel = [&](double offset) { return m.add(m.div(m.add(x, m.constant(0.5)), m.constant(scale)), m.constant(offset)); };
    StringRef mode = op.getCoordinates();
    if (mode == "asymmetric")
      return m.div(x, m.constant(scale));
    if (mode == "align_corners")
      return width == 1.0 ? m.constant(0.0) : m.div(m.mul(x, m.constant(last)), m.constant(width - 1.0));
    if (mode == "pytorch_half_pixel")
      return width == 1.0 ? m.constant(-0.5) : halfPixel(-0.5);
    if (mode == "tf_half_pixel_for_nn")
      return halfPixel(0.0);
    if (mode == "half_pixel_symmetric") {
      double adjustment = static_cast<double>(to[dim]) / width;
      return halfPixel(static_cast<double>(from[dim]) / 2.0 * (1.0 - adjustment) - 0.5);
    }
    if (!crops())
      return halfPixel(-0.5);
    double begin = roi(dim), end = roi(to.size() + dim);
    Value at = width == 1.0 ? m.constant((begin + end) * last / 2.0)
                            : m.add(m.constant(begin * last), m.mul(x, m.constant((end - begin) * last / (width - 1.0))));
    Value isOutside = arith::OrIOp::create(e.b, m.less(at, m.constant(0.0)), m.less(m.constant(last), at));
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
    double shrink = op.getAntialias() ? std::min(op.getScales()[dim], 1.0) : 1.0;
    int64_t first = static_cast<int64_t>(std::floor((cubic ? -2.0 : -1.0) / shrink)) + 1, taps = 2 - 2 * first;
    Value floor = math::FloorOp::create(e.b, coordinates[dim]), base = e.add(toPosition(floor), first);
    Value ratio = m.sub(coordinates[dim], floor), zero = m.constant(0.0), saved = place[dim];
    bool normalizes = shrink < 1.0 || op.getExcludeOutside();

    auto weightOf = [&](Value tap) { // of one tap, before they are made to add up to 1
      Value offset = castElements(e.b, arith::IndexCastOp::create(e.b, e.b.getI64Type(), e.add(tap, first)), e.b.getI64Type(), type);
      Value distance = m.abs(m.mul(m.sub(offset, ratio), m.constant(shrink)));
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
    if (taps <= kMaxWrittenTaps)
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
  ArrayRef<int64_t> from, to;
  Type element, type; ///< of the tensor, and of the computation
  ElementMath m;
  SmallVector<Value> coordinates; ///< null for a dim that is copied
  Value outside;                  ///< whether a crop reaches beyond the operand
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
