// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Quantisation: two operations of the dialect where scales are given, compositions where the model computes them.
#include "frontends/onnx/Import/BlockQuantization.h"
#include "frontends/onnx/Import/ElementTypes.h"
#include "frontends/onnx/Import/GraphImporter.h"
#include "frontends/onnx/Import/NarrowTypes.h"
#include "frontends/onnx/Import/Node.h"
#include "frontends/onnx/Import/Registry.h"
#include "frontends/onnx/Ingest/ElementType.h"

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
std::optional<Quantization> readQuantization(Node &n, ScaleUse use) {
  if (!checkScales(n, 1, use))
    return std::nullopt;
  Value scale = parameterOf(n, n[1]), point = parameterOf(n, n[2]);
  std::optional<int64_t> axis = scale && rankOf(scale) > 0 ? n.axis(rankOf(n[0])) : 0;
  return scale && axis ? std::optional(Quantization{scale, point, *axis, n.integer("block_size")}) : std::nullopt;
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

/// `x` rounded to a type of 16 bits, in f32. Halves that are taken for bits on the way are not computed with in f32 (`ingot-widen-halves`) instead.
Value roundToHalves(Node &n, Value x, Type half) {
  Value narrow = n.cast(x, half);
  if (!narrow)
    return {};
  Value bits = n.create<BitcastOp>(narrow, n.b.getI16Type());
  return n.cast(n.create<BitcastOp>(bits, half), n.b.getF32Type());
}

/// x / scale as `precision` wants it: both sides are rounded to the type of 16 bits, and the quotient once more. It is divided in f32, which has more
/// than twice the digits: its quotient, rounded, is that of a division in halves.
Value divideInHalves(Node &n, Quantization q, Type half) {
  q.scale = roundToHalves(n, q.scale, half);
  return roundToHalves(n, scaleFloats(n, roundToHalves(n, n[0], half), q, BinaryKind::Div), half);
}

void importQuantizeLinear(Node &n) {
  auto code = static_cast<int32_t>(n.integer("output_dtype"));
  if (n.has(2))
    code = n.narrowType(2) != 0 ? n.narrowType(2) : getOnnxElementType(elementOf(n[2]));
  else if (code == 0)
    code = onnx::TensorProto::UINT8;
  Type to = getElementType(n.b.getContext(), code);
  auto integer = dyn_cast_if_present<IntegerType>(to);
  if (!integer || integer.getWidth() > 16) {
    n.error() << "QuantizeLinear node '" << n.proto.name() << "' makes element type " << ingest::elementTypeName(code)
              << ", which is not supported; it must be an integer or float of 2 to 8 bits, or an integer of 16";
    return;
  }
  using onnx::TensorProto;
  auto precision = static_cast<int32_t>(n.integer("precision"));
  if (!llvm::is_contained({0, int(TensorProto::FLOAT), int(TensorProto::FLOAT16), int(TensorProto::BFLOAT16)}, precision)) {
    n.error() << "QuantizeLinear node '" << n.proto.name() << "' divides in " << ingest::elementTypeName(precision)
              << ", which is not supported; 'precision' must be float32, float16 or bfloat16";
    return;
  }
  std::optional<Quantization> q = readQuantization(n, ScaleUse::Divides);
  if (!q)
    return;
  // Quotients are computed in f32, those of scales that are halves, too, as ONNX Runtime does it, or in the type of wider scales; `precision` can ask
  // for those of halves.
  if (precision == TensorProto::FLOAT16 || precision == TensorProto::BFLOAT16) {
    Value quotient = divideInHalves(n, *q, getElementType(n.b.getContext(), precision));
    if (!quotient)
      return;
    if (isNarrowFloat(code))
      return n.yieldAs(code, encodeNarrow(n, quotient, code, {.saturate = n.integer("saturate", 1) != 0}));
    Value ones = n.full(getDims(typeOf(q->scale)), n.scalar(1.0, n.b.getF32Type()));
    Value y = n.create<QuantizeOp>(quotient, ones, q->point, q->axis, q->block, to);
    return n.yieldAs(code, y && isNarrow(code) ? clampNarrow(n, y, code) : y);
  }
  // Of i32 too, which is rounded as the scale's type holds it.
  Value x = isa<IntegerType>(elementOf(n[0])) ? n.cast(n[0], elementOf(q->scale)) : n[0];
  if (isNarrowFloat(code))
    return n.yieldAs(
        code, encodeNarrow(n, scaleFloats(n, n.cast(x, n.b.getF32Type()), *q, BinaryKind::Div), code, {.saturate = n.integer("saturate", 1) != 0}));
  Value y = n.create<QuantizeOp>(x, q->scale, q->point, q->axis, q->block, to);
  n.yieldAs(code, y && isNarrow(code) ? clampNarrow(n, y, code) : y);
}

void importDequantizeLinear(Node &n) {
  auto code = static_cast<int32_t>(n.integer("output_dtype"));
  Type to = code ? getElementType(n.b.getContext(), code) : elementOf(n[1]);
  if (!to || isNarrow(code)) {
    n.error() << "DequantizeLinear node '" << n.proto.name() << "' makes an element type that is not supported";
    return;
  }
  std::optional<Quantization> q = readQuantization(n, ScaleUse::Multiplies);
  if (!q)
    return;
  if (!isNarrowFloat(n.narrowType(0)))
    return n.yieldAs(code, n.create<DequantizeOp>(n[0], q->scale, q->point, q->axis, q->block, to));
  Type f32 = n.b.getF32Type();
  Value x = castNarrow(n, n[0], n.narrowType(0), onnx::TensorProto::FLOAT, f32, {});
  n.yieldAs(code, n.cast(scaleFloats(n, x, *q), to));
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

/// com.microsoft: the scale and zero point of the result, then three operands for each part.
void importQLinearConcat(Node &n) {
  if (n.size() < 5 || n.size() % 3 != 2) {
    n.error() << "QLinearConcat node '" << n.proto.name() << "' has " << n.size() << " inputs; it takes two, and three for each part";
    return;
  }
  auto scalarOf = [&](unsigned index) { return n.reshape(n[index], ArrayRef<int64_t>{}); };
  SmallVector<Value> parts;
  for (unsigned i = 2; i < n.size(); i += 3)
    parts.push_back(n.create<DequantizeOp>(n[i], scalarOf(i + 1), scalarOf(i + 2), int64_t(0), int64_t(0), n.b.getF32Type()));
  Value scale = scalarOf(0), point = scalarOf(1);
  std::optional<int64_t> axis = parts.front() ? n.axis(rankOf(parts.front())) : std::nullopt;
  if (axis && !llvm::is_contained(parts, Value()) && scale && point)
    n.yield(n.create<QuantizeOp>(n.concat(parts, *axis), scale, point, int64_t(0), int64_t(0), elementOf(point)));
}

constexpr OpRow kQuantizeOps[] = {
    {"DequantizeLinear", importDequantizeLinear},
    {"DynamicQuantizeLinear", importDynamicQuantizeLinear},
    {"GatherBlockQuantized", importGatherBlockQuantized, 1, kNewest, "com.microsoft"},
    {"MatMulNBits", importMatMulNBits, 1, kNewest, "com.microsoft"},
    {"QLinearConcat", importQLinearConcat, 1, kNewest, "com.microsoft"},
    {"QuantizeLinear", importQuantizeLinear},
};

} // namespace

ArrayRef<OpRow> quantizeOps() { return kQuantizeOps; }

} // namespace ingot::importer
