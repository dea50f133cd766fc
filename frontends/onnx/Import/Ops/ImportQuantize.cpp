// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Quantisation: two operations of the dialect where scales are given, compositions where the model computes them.
#include "frontends/onnx/Import/ElementTypes.h"
#include "frontends/onnx/Import/GraphImporter.h"
#include "frontends/onnx/Import/Node.h"
#include "frontends/onnx/Import/Registry.h"

#include <cmath>

using namespace mlir;

namespace ingot::importer {
namespace {

/// The scales (or zero points) as `ingot.quantize` takes them: a scalar, a vector along an axis, or blocks.
Value parameterOf(Node &n, Value parameter) {
  bool isScalar = parameter && n.integer("block_size") == 0 && typeOf(parameter).getNumElements() == 1;
  return isScalar ? n.reshape(parameter, ArrayRef<int64_t>{}) : parameter;
}

/// Operands and attributes of both operators, checked by the operation that is made.
template <typename Op> void importQuantization(Node &n, Value x, Type to) {
  Value scale = parameterOf(n, n[1]), point = parameterOf(n, n[2]);
  std::optional<int64_t> axis = scale && rankOf(scale) > 0 ? n.axis(rankOf(x)) : 0;
  if (scale && axis)
    n.yield(n.create<Op>(x, scale, point, *axis, n.integer("block_size"), to));
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
  // Of i32 too, which is rounded as the scale's type holds it.
  Value x = isa<IntegerType>(elementOf(n[0])) ? n.cast(n[0], elementOf(n[1])) : n[0];
  importQuantization<QuantizeOp>(n, x, type);
}

void importDequantizeLinear(Node &n) {
  int64_t code = n.integer("output_dtype");
  Type to = code ? getElementType(n.b.getContext(), code) : elementOf(n[1]);
  if (!to) {
    n.error() << "DequantizeLinear node '" << n.proto.name() << "' makes an element type that is not supported";
    return;
  }
  importQuantization<DequantizeOp>(n, n[0], to);
}

/// The range is widened to hold zero; scale and zero point come out as tensors.
void importDynamicQuantizeLinear(Node &n) {
  Value x = n[0];
  Type element = elementOf(x);
  auto type = IntegerType::get(n.b.getContext(), 8, IntegerType::Unsigned);
  // Row by row first, which threads can share.
  auto reduceAll = [&](ReduceKind kind) {
    int64_t rank = rankOf(x);
    Value rows = rank > 1 ? n.reduce(kind, x, {rank - 1}, /*keepDims=*/false) : x;
    return rows ? n.reduce(kind, rows, llvm::to_vector(llvm::seq<int64_t>(rankOf(rows))), /*keepDims=*/false) : Value();
  };
  Value high = n.binary(BinaryKind::Max, reduceAll(ReduceKind::Max), 0.0);
  Value low = n.binary(BinaryKind::Min, reduceAll(ReduceKind::Min), 0.0);
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
