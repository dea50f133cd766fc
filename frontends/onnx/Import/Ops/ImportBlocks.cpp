// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Weights in blocks of 2, 4 and 8 bits: what is packed becomes `ingot.unpack_bits`, what is scaled `ingot.dequantize`.
#include "frontends/onnx/Import/BlockQuantization.h"
#include "frontends/onnx/Import/ElementTypes.h"
#include "frontends/onnx/Import/NarrowTypes.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;

namespace ingot::importer {
namespace {

constexpr int64_t kSmallestBlock = 16;

InFlightDiagnostic nodeError(Node &n) { return n.error() << n.proto.op_type() << " node '" << n.proto.name() << "' "; }

bool checkBits(Node &n, int64_t bits) {
  bool good = bits == 2 || bits == 4 || bits == 8;
  if (!good)
    nodeError(n) << "has weights of " << bits << " bits; supported are 2, 4 and 8";
  return good;
}

bool checkBlock(Node &n, int64_t block) {
  bool good = block >= kSmallestBlock && llvm::isPowerOf2_64(block);
  if (!good)
    nodeError(n) << "has blocks of " << block << " elements; they must be a power of two from " << kSmallestBlock << " on";
  return good;
}

/// An operand of as many elements in the wanted shape: old exports flatten scales and zero points. Reports one of another size.
Value inShape(Node &n, unsigned index, ArrayRef<int64_t> shape) {
  RankedTensorType type = typeOf(n[index]);
  if (type.hasStaticShape() && type.getNumElements() == ShapedType::getNumElements(shape))
    return n.reshape(n[index], shape);
  InFlightDiagnostic error = nodeError(n);
  error << "has " << type << " as '" << n.inputName(index) << "', its attributes ask for " << RankedTensorType::get(shape, type.getElementType());
  return {};
}

/// The first `size` elements of the last dim.
Value cut(Node &n, Value x, int64_t size) {
  if (!x || typeOf(x).getShape().back() == size)
    return x;
  auto number = [&](int64_t value) { return getAffineConstantExpr(value, n.b.getContext()); };
  return n.sliceAxis(x, rankOf(x) - 1, number(0), number(size));
}

/// Bytes whose last dim is packed, with `size` elements in that dim then.
Value unpack(Node &n, Value packed, int64_t bits, int64_t size) {
  if (size * bits % 8 == 0) // cut first: the bytes may be a constant, and what is unpacked of them is whole
    packed = cut(n, packed, size * bits / 8);
  return packed && bits != 8 ? cut(n, n.create<UnpackBitsOp>(packed, bits, elementOf(packed)), size) : packed;
}

Value splat(Node &n, Dims dims, int64_t value, Type element) { return n.full(dims, n.scalar(static_cast<double>(value), element)); }

/// The weights of a MatMulNBits node.
struct Blocks {
  int64_t rows, columns, bits, block, count; ///< `count` blocks along the columns
};

/// The float that each element of `x` [rows, columns] finds in `parameter` [rows, count].
Value spread(Node &n, Value parameter, Value x, const Blocks &w) {
  if (n.has(4)) // each column says which
    return n.create<GatherOp>(parameter, cut(n, n[4], w.columns), int64_t(1));
  Value ones = splat(n, getDims(typeOf(x)), 1, n.b.getI8Type());
  return n.create<DequantizeOp>(ones, parameter, Value(), int64_t(1), w.block, elementOf(parameter));
}

/// The weights as f32 [rows, columns].
Value dequantizeWeights(Node &n, const Blocks &w) {
  Type f32 = n.b.getF32Type();
  int64_t pointBytes = llvm::divideCeil(w.count * w.bits, 8);
  Value stored = inShape(n, 1, {w.rows, w.count * w.block * w.bits / 8}), scale = inShape(n, 2, {w.rows, w.count}), point;
  bool floatPoint = n.has(3) && isa<FloatType>(elementOf(n[3]));
  if (!n.has(3))
    point = splat(n, getDims(RankedTensorType::get({w.rows, w.count}, f32)), int64_t(1) << (w.bits - 1), elementOf(n[1]));
  else if (floatPoint)
    point = inShape(n, 3, {w.rows, w.count});
  else if (Value packed = inShape(n, 3, {w.rows, pointBytes}))
    point = unpack(n, packed, w.bits, w.count);
  if (!stored || !scale || !point || !checkScales(n, 2, ScaleUse::Multiplies) || (floatPoint && !checkScales(n, 3, ScaleUse::Multiplies)))
    return {};
  Value q = unpack(n, stored, w.bits, w.columns);
  if (!floatPoint && !n.has(4))
    return n.create<DequantizeOp>(q, scale, point, int64_t(1), w.block, f32);
  Value centered = n.sub(n.cast(q, f32), spread(n, n.cast(point, f32), q, w));
  return n.mul(centered, spread(n, n.cast(scale, f32), q, w));
}

std::optional<Blocks> readBlocks(Node &n) {
  Blocks w{n.integer("N"), n.integer("K"), n.integer("bits"), n.integer("block_size"), 0};
  if (!checkBits(n, w.bits) || !checkBlock(n, w.block))
    return std::nullopt;
  if (w.rows < 1 || w.columns < 1) {
    nodeError(n) << "has weights of " << w.rows << " x " << w.columns;
    return std::nullopt;
  }
  if (n.flag("weight_prepacked")) {
    nodeError(n) << "has weights that are packed for another engine (weight_prepacked); export the model without";
    return std::nullopt;
  }
  w.count = llvm::divideCeil(w.columns, w.block);
  if (n.has(4) && (rankOf(n[4]) != 1 || typeOf(n[4]).getDimSize(0) < w.columns)) {
    nodeError(n) << "has " << n[4].getType() << " as 'g_idx', which must name a group for each of " << w.columns << " columns";
    return std::nullopt;
  }
  return w;
}

/// Nothing where the indices insert nothing.
int64_t behindGather(int64_t axis, int64_t gathered, int64_t rank) { return axis < gathered ? axis : axis + rank - 1; }

/// What of an operand the indices name. Packed bytes are not unpacked as a whole for it.
Value gatherRows(Node &n, Value x, Value indices, int64_t axis) {
  if (auto unpacked = x ? x.getDefiningOp<UnpackBitsOp>() : UnpackBitsOp(); unpacked && axis + 1 < rankOf(x)) {
    Value rows = n.create<GatherOp>(unpacked.getX(), indices, axis);
    return n.create<UnpackBitsOp>(rows, unpacked.getBits(), unpacked.getTo());
  }
  return n.create<GatherOp>(x, indices, axis);
}

} // namespace

Value scaleFloats(TensorBuilder &t, Value x, const Quantization &q, BinaryKind kind) {
  if (!x || !q.scale)
    return {};
  if (rankOf(q.scale) == 0)
    return t.binary(kind, x, t.cast(q.scale, elementOf(x)));
  bool isVector = q.block == 0 && rankOf(q.scale) == 1 && !typeOf(q.scale).isDynamicDim(0);
  if (isVector && typeOf(q.scale).getDimSize(0) == typeOf(x).getDimSize(q.axis)) { // products can apply it to their results
    Ints dims(rankOf(x), 1);
    dims[q.axis] = typeOf(q.scale).getDimSize(0);
    return t.binary(kind, x, t.reshape(t.cast(q.scale, elementOf(x)), dims));
  }
  Value ones = t.full(getDims(typeOf(x)), t.scalar(1.0, t.b.getI8Type())); // dequantised: the scale of each element
  return t.binary(kind, x, t.create<DequantizeOp>(ones, q.scale, Value(), q.axis, q.block, elementOf(x)));
}

bool checkScales(Node &n, unsigned index, ScaleUse use) {
  std::optional<SmallVector<double>> scales = n.has(index) ? n.readFloats(n[index]) : std::nullopt;
  if (!scales)
    return true;
  double smallest = llvm::APFloat::getSmallestNormalized(cast<FloatType>(elementOf(n[index])).getFloatSemantics()).convertToDouble();
  for (auto [i, scale] : llvm::enumerate(*scales)) {
    StringRef problem = !std::isfinite(scale)                                    ? "is no finite number"
                        : use == ScaleUse::Divides && scale == 0.0               ? "divides by 0"
                        : use == ScaleUse::Divides && std::abs(scale) < smallest ? "is denormal, too small to divide by"
                                                                                 : "";
    if (!problem.empty()) {
      std::string number;
      llvm::raw_string_ostream(number) << llvm::format("%g", scale);
      nodeError(n) << "has " << number << " as element " << i << " of '" << n.inputName(index) << "', which " << problem;
      return false;
    }
  }
  return true;
}

void importMatMulNBits(Node &n) {
  std::optional<Blocks> w = readBlocks(n);
  Value weights = w ? dequantizeWeights(n, *w) : Value();
  if (!weights)
    return;
  Type f32 = n.b.getF32Type();
  Value y = n.matmul(n.cast(n[0], f32), weights, /*transposeLhs=*/false, /*transposeRhs=*/true);
  if (n.has(5))
    y = n.add(y, n.cast(n[5], f32));
  n.yield(n.cast(y, elementOf(n[0])));
}

void importGatherBlockQuantized(Node &n) {
  Value data = n[0], indices = n[1], scale = n[2], point = n[3];
  int64_t rank = rankOf(data), block = n.integer("block_size"), bits = n.integer("bits");
  std::optional<int64_t> gathered = n.axis(rank, "gather_axis"), axis = n.axis(rank, "quantize_axis");
  if (!gathered || !axis)
    return;
  Type f32 = n.b.getF32Type();
  bool isFloat = isNarrowFloat(n.narrowType(0)), isPacked = n.narrowType(0) == 0 && bits != 8;
  if (isFloat && point) {
    nodeError(n) << "has zero points, which floats do not";
    return;
  }
  if (isFloat && block == 0)
    block = typeOf(data).getDimSize(*axis);
  else if (!checkBlock(n, block) || (!isFloat && n.narrowType(0) == 0 && !checkBits(n, bits)))
    return;
  if (n.narrowType(0) == 0 && *gathered != 0) {
    nodeError(n) << "gathers bytes along dim " << *gathered << "; it must be dim 0";
    return;
  }
  if (isPacked && (rank < 2 || *gathered == *axis)) {
    nodeError(n) << "gathers packed elements along the dim of their blocks";
    return;
  }
  if (rankOf(scale) != rank) {
    nodeError(n) << "has " << scale.getType() << " as 'scales' for data of rank " << rank;
    return;
  }
  if (!checkScales(n, 2, ScaleUse::Multiplies))
    return;
  // With one dim for both only what is dequantised can be gathered; otherwise rows are gathered as they are stored.
  bool first = *gathered != *axis;
  auto rowsOf = [&](Value x) { return first && x ? gatherRows(n, x, indices, *gathered) : x; };
  Value q = rowsOf(data), scales = rowsOf(scale), points = rowsOf(point);
  int64_t dim = first ? behindGather(*axis, *gathered, rankOf(indices)) : *axis;
  if (isPacked) {
    std::optional<int64_t> bytes = n.fixedDim(q, rankOf(q) - 1), blocks = n.fixedDim(scales, rankOf(scales) - 1);
    if (!bytes || !blocks)
      return;
    q = unpack(n, q, bits, *bytes * 8 / bits);
    points = points ? unpack(n, points, bits, *blocks) : points;
  }
  if (!points && !isFloat && n.narrowType(0) == 0)
    points = splat(n, getDims(typeOf(scales)), int64_t(1) << (bits - 1), elementOf(q));
  Value y;
  if (isFloat) {
    Dims wanted = getDims(typeOf(q));
    wanted[dim] = getDims(typeOf(scales))[dim];
    Value x = castNarrow(n, q, n.narrowType(0), onnx::TensorProto::FLOAT, f32, {});
    y = n.cast(scaleFloats(n, x, {n.broadcast(scales, wanted), Value(), dim, block}), elementOf(scale));
  } else {
    y = n.create<DequantizeOp>(q, scales, points, dim, block, elementOf(scale));
  }
  n.yieldAs(getOnnxElementType(elementOf(scale)), first ? y : n.create<GatherOp>(y, indices, *gathered));
}

} // namespace ingot::importer
