// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Quantisation as compositions, so that it fuses into whatever stands before and after it.
#include "frontends/onnx/Import/ElementTypes.h"
#include "frontends/onnx/Import/GraphImporter.h"
#include "frontends/onnx/Import/Node.h"
#include "frontends/onnx/Import/Registry.h"

#include <cmath>

using namespace mlir;

namespace ingot::importer {
namespace {

/// A scale or zero point in a shape that broadcasts to x: a scalar, a vector along `axis`, or blocks of `block_size` along it.
Value spread(Node &n, Value parameter, Value x) {
  if (!parameter)
    return {};
  RankedTensorType type = typeOf(parameter);
  if (type.getRank() == 0 || (type.getRank() == 1 && type.getDimSize(0) == 1))
    return n.reshape(parameter, ArrayRef<int64_t>{});
  std::optional<int64_t> axis = n.axis(rankOf(x));
  if (!axis)
    return {};
  MLIRContext *context = n.b.getContext();
  int64_t block = n.integer("block_size");
  if (block == 0) {
    if (type.getRank() != 1) {
      n.error() << "a scale or zero point must be a scalar or a vector, not " << type;
      return {};
    }
    Dims dims(rankOf(x), getAffineConstantExpr(1, context));
    dims[*axis] = getDims(type)[0];
    return n.reshape(parameter, dims);
  }
  // [.., n, ..] -> [.., n, 1, ..] -> [.., n, block, ..] -> [.., n block, ..], of which the last block may be cut.
  std::optional<int64_t> extent = n.fixedDim(x, *axis);
  std::optional<Ints> shape = n.fixedShape(parameter);
  if (!extent || !shape)
    return {};
  Ints wide = *shape, flat = *shape;
  wide.insert(wide.begin() + *axis + 1, block);
  flat[*axis] *= block;
  Value repeated = n.reshape(n.broadcast(n.unsqueeze(parameter, {*axis + 1}), wide), flat);
  return n.sliceAxis(repeated, *axis, 0, *extent);
}

/// Rounds, shifts and clamps to the integer type.
Value quantize(Node &n, Value scaled, Value zeroPoint, IntegerType type) {
  Value y = n.unary(UnaryKind::RoundEven, scaled);
  if (!y)
    return {};
  if (zeroPoint)
    y = n.add(y, n.cast(zeroPoint, elementOf(y)));
  bool isUnsigned = type.isUnsigned();
  double low = isUnsigned ? 0.0 : -std::ldexp(1.0, type.getWidth() - 1), high = std::ldexp(1.0, type.getWidth() - !isUnsigned) - 1.0;
  return n.cast(n.binary(BinaryKind::Min, n.binary(BinaryKind::Max, y, low), high), type);
}

void importQuantizeLinear(Node &n) {
  int64_t code = n.integer("output_dtype");
  Type element = n.has(2) ? elementOf(n[2])
                 : code   ? getElementType(n.b.getContext(), code)
                          : IntegerType::get(n.b.getContext(), 8, IntegerType::Unsigned);
  auto type = dyn_cast_if_present<IntegerType>(element);
  if (!type || type.getWidth() > 16) {
    n.error() << "QuantizeLinear node '" << n.proto.name() << "' makes an element type that is not supported; it must be an integer of 8 or 16 bits";
    return;
  }
  // Computed in the scale's type, 16-bit floats in f32: their steps are too coarse for the sum with a zero point.
  Type compute = elementOf(n[1]).getIntOrFloatBitWidth() < 32 ? n.b.getF32Type() : elementOf(n[1]);
  Value x = n.cast(n[0], compute), scale = n.cast(spread(n, n[1], n[0]), compute);
  n.yield(quantize(n, n.div(x, scale), n.has(2) ? spread(n, n[2], n[0]) : Value(), type));
}

void importDequantizeLinear(Node &n) {
  int64_t code = n.integer("output_dtype");
  Type to = code ? getElementType(n.b.getContext(), code) : elementOf(n[1]);
  if (!to) {
    n.error() << "DequantizeLinear node '" << n.proto.name() << "' makes an element type that is not supported";
    return;
  }
  Type compute = elementOf(n[1]).getIntOrFloatBitWidth() < 32 ? n.b.getF32Type() : elementOf(n[1]);
  Value x = n.cast(n[0], compute);
  if (n.has(2))
    x = n.sub(x, n.cast(spread(n, n[2], n[0]), compute));
  n.yield(n.cast(n.mul(x, n.cast(spread(n, n[1], n[0]), compute)), to));
}

/// The range is widened to hold zero; scale and zero point come out as tensors.
void importDynamicQuantizeLinear(Node &n) {
  Value x = n[0];
  Type element = elementOf(x);
  auto type = IntegerType::get(n.b.getContext(), 8, IntegerType::Unsigned);
  Ints axes;
  for (int64_t i = 0; i < rankOf(x); ++i)
    axes.push_back(i);
  Value high = n.binary(BinaryKind::Max, n.reduce(ReduceKind::Max, x, axes, /*keepDims=*/false), 0.0);
  Value low = n.binary(BinaryKind::Min, n.reduce(ReduceKind::Min, x, axes, /*keepDims=*/false), 0.0);
  Value scale = n.binary(BinaryKind::Div, n.sub(high, low), 255.0);
  if (!scale)
    return;
  Value point = quantize(n, n.unary(UnaryKind::Neg, n.div(low, scale)), Value(), type);
  n.yield(0, quantize(n, n.div(x, scale), point, type));
  n.yield(1, n.cast(scale, element));
  n.yield(2, point);
}

constexpr OpRow kRows[] = {
    {"DequantizeLinear", importDequantizeLinear},
    {"DynamicQuantizeLinear", importDynamicQuantizeLinear},
    {"QuantizeLinear", importQuantizeLinear},
};

} // namespace

ArrayRef<OpRow> quantizeOps() { return kRows; }

} // namespace ingot::importer
