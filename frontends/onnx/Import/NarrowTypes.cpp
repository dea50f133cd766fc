// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Import/NarrowTypes.h"

#include "frontends/onnx/Import/ElementTypes.h"
#include "frontends/onnx/Ingest/ElementType.h"
#include "onnx/onnx_pb.h"

#include <bit>
#include <cmath>

using namespace mlir;
using llvm::APFloat;
using onnx::TensorProto;

namespace ingot::importer {
namespace {

/// Elements up to here are unpacked while importing: parameters, which are read here and there.
constexpr int64_t kUnpackedAtOnce = 64;

int bitsOf(int32_t onnxType) { return ingest::elementBits(onnxType).value_or(0); }

const llvm::fltSemantics &semanticsOf(int32_t onnxType) {
  switch (onnxType) {
  case TensorProto::FLOAT8E4M3FN:
    return APFloat::Float8E4M3FN();
  case TensorProto::FLOAT8E4M3FNUZ:
    return APFloat::Float8E4M3FNUZ();
  case TensorProto::FLOAT8E5M2:
    return APFloat::Float8E5M2();
  case TensorProto::FLOAT8E5M2FNUZ:
    return APFloat::Float8E5M2FNUZ();
  case TensorProto::FLOAT8E8M0:
    return APFloat::Float8E8M0FNU();
  case TensorProto::FLOAT6E2M3:
    return APFloat::Float6E2M3FN();
  case TensorProto::FLOAT6E3M2:
    return APFloat::Float6E3M2FN();
  case TensorProto::FLOAT4E2M1:
    return APFloat::Float4E2M1FN();
  default:
    llvm_unreachable("no narrow float");
  }
}

/// Exponents of f32: NaN and infinity have none, a number below the smallest normal one becomes the smallest power.
uint8_t encodePowerOfTwo(float value, const NarrowCast &cast) {
  auto bits = std::bit_cast<uint32_t>(value);
  uint32_t exponent = bits >> 23 & 255, fraction = bits & 0x7fffff;
  constexpr uint32_t kHalf = 0x400000;
  if (exponent == 255)
    return 255;
  bool up = cast.rounding == NarrowRounding::Up
                ? fraction != 0
                : cast.rounding == NarrowRounding::Nearest && (fraction > kHalf || (fraction == kHalf && exponent != 0));
  if (exponent == 254 && cast.saturate)
    up = false;
  return static_cast<uint8_t>(exponent + up);
}

/// The bits of an f32, of which a float with 7 bits of fraction keeps all that rounding to fewer bits needs: the upper 16, the last of them set when
/// any below is.
constexpr int kRoundedBits = 16;

Value table(TensorBuilder &t, Type element, std::string bytes, int64_t size, StringRef name) {
  auto owner = std::make_shared<const std::string>(std::move(bytes));
  return t.constant(RankedTensorType::get({size}, element), {owner->data(), owner->size()}, name, owner);
}

Value lookUp(TensorBuilder &t, Value table, Value index) { return t.create<GatherOp>(table, index, int64_t(0)); }

/// The type of the dialect for floats of 8 bits that kernels widen themselves; null for the others, which are looked up in a table.
Type byteFloatOf(TensorBuilder &t, int32_t onnxType) {
  MLIRContext *context = t.b.getContext();
  if (onnxType == TensorProto::FLOAT8E4M3FN)
    return Float8E4M3FNType::get(context);
  return onnxType == TensorProto::FLOAT8E5M2 ? Type(Float8E5M2Type::get(context)) : Type();
}

Value decode(TensorBuilder &t, Value x, int32_t onnxType) {
  if (Type element = byteFloatOf(t, onnxType))
    return t.cast(t.create<BitcastOp>(x, TypeAttr::get(element)), t.b.getF32Type());
  int64_t count = int64_t(1) << bitsOf(onnxType);
  std::string bytes(count * sizeof(float), '\0');
  for (int64_t i = 0; i < count; ++i) {
    float value = decodeNarrow(onnxType, static_cast<uint8_t>(i));
    std::memcpy(bytes.data() + i * sizeof(float), &value, sizeof(float));
  }
  return lookUp(t, table(t, t.b.getF32Type(), std::move(bytes), count, ingest::elementTypeName(onnxType)), t.cast(x, t.b.getI32Type()));
}

/// Integers of any type to a narrow one: the higher bits are dropped.
Value wrap(TensorBuilder &t, Value x, int32_t onnxType) {
  int bits = bitsOf(onnxType);
  Type type = getElementType(t.b.getContext(), onnxType);
  Value low = t.binary(BinaryKind::And, t.cast(x, t.b.getI32Type()), std::ldexp(1.0, bits) - 1.0);
  if (!type.isUnsignedInteger()) { // ((x + half) mod 2 half) - half
    double half = std::ldexp(1.0, bits - 1);
    low = t.binary(BinaryKind::Sub, t.binary(BinaryKind::Xor, low, half), half);
  }
  return t.cast(low, type);
}

} // namespace

bool isNarrowInteger(int32_t onnxType) {
  return onnxType == TensorProto::INT4 || onnxType == TensorProto::UINT4 || onnxType == TensorProto::INT2 || onnxType == TensorProto::UINT2;
}

bool isNarrowFloat(int32_t onnxType) {
  constexpr int32_t kTypes[] = {TensorProto::FLOAT8E4M3FN, TensorProto::FLOAT8E4M3FNUZ, TensorProto::FLOAT8E5M2, TensorProto::FLOAT8E5M2FNUZ,
                                TensorProto::FLOAT8E8M0,   TensorProto::FLOAT6E2M3,     TensorProto::FLOAT6E3M2, TensorProto::FLOAT4E2M1};
  return llvm::is_contained(kTypes, onnxType);
}

bool isNarrow(int32_t onnxType) { return isNarrowInteger(onnxType) || isNarrowFloat(onnxType); }

float decodeNarrow(int32_t onnxType, uint8_t bits) {
  if (onnxType == TensorProto::FLOAT8E8M0) // 2^-127, which is the smallest, is no normal f32
    return bits == 255 ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(std::ldexp(1.0, bits - 127));
  APFloat value(semanticsOf(onnxType), llvm::APInt(bitsOf(onnxType), bits));
  bool inexact;
  value.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &inexact);
  return value.convertToFloat();
}

uint8_t encodeNarrow(int32_t onnxType, float value, const NarrowCast &cast) {
  if (onnxType == TensorProto::FLOAT8E8M0)
    return encodePowerOfTwo(value, cast);
  const llvm::fltSemantics &semantics = semanticsOf(onnxType);
  bool finiteOnly = bitsOf(onnxType) < 8, negative = std::signbit(value);
  if (std::isnan(value))
    return finiteOnly ? (negative ? 0 : 1 << (bitsOf(onnxType) - 1)) // as ml_dtypes, which ONNX's reference uses: a zero
                      : static_cast<uint8_t>(APFloat::getNaN(semantics, negative).bitcastToAPInt().getZExtValue());
  APFloat largest = APFloat::getLargest(semantics, negative);
  if ((cast.saturate || finiteOnly) && std::abs(value) >= std::abs(largest.convertToFloat()))
    return static_cast<uint8_t>(largest.bitcastToAPInt().getZExtValue());
  APFloat rounded(value);
  bool inexact;
  rounded.convert(semantics, APFloat::rmNearestTiesToEven, &inexact);
  return static_cast<uint8_t>(rounded.bitcastToAPInt().getZExtValue());
}

std::string unpackNarrow(int32_t onnxType, ArrayRef<char> packed, int64_t count) {
  int bits = bitsOf(onnxType);
  bool isSigned = onnxType == TensorProto::INT4 || onnxType == TensorProto::INT2;
  std::string bytes(count, '\0');
  for (int64_t i = 0; i < count; ++i) {
    int64_t at = i * bits;
    auto low = static_cast<uint8_t>(packed[at / 8]);
    // Elements of 6 bits may cross into the next byte.
    unsigned next = at % 8 + bits > 8 ? static_cast<uint8_t>(packed[at / 8 + 1]) : 0;
    unsigned element = (low | next << 8) >> at % 8 & ((1u << bits) - 1);
    bytes[i] = static_cast<char>(isSigned ? llvm::SignExtend32(element, bits) : static_cast<int32_t>(element));
  }
  return bytes;
}

Value narrowConstant(TensorBuilder &t, int32_t onnxType, ArrayRef<int64_t> dims, ArrayRef<char> packed, StringRef name,
                     std::shared_ptr<const void> keepAlive) {
  int64_t bits = bitsOf(onnxType), count = ingest::elementCount(dims).value_or(0);
  Type element = getElementType(t.b.getContext(), onnxType);
  auto type = RankedTensorType::get(dims, element);
  if (bits == 8)
    return t.constant(type, packed, name, std::move(keepAlive));
  if (count <= kUnpackedAtOnce || bits == 6) {
    auto owner = std::make_shared<const std::string>(unpackNarrow(onnxType, packed, count));
    return t.constant(type, {owner->data(), owner->size()}, name, owner);
  }
  // Row by row where rows are whole bytes, otherwise as one row whose end is cut.
  int64_t each = 8 / bits;
  auto byte = getElementType(t.b.getContext(), TensorProto::UINT8);
  Ints rows(dims);
  bool wholeRows = dims.back() % each == 0;
  if (wholeRows)
    rows.back() /= each;
  else
    rows = {static_cast<int64_t>(packed.size())};
  Value stored = t.constant(RankedTensorType::get(rows, byte), packed, name, std::move(keepAlive));
  Value unpacked = t.create<UnpackBitsOp>(stored, bits, element);
  return wholeRows ? unpacked : t.reshape(t.sliceAxis(unpacked, 0, 0, count), dims);
}

Value encodeNarrow(TensorBuilder &t, Value x, int32_t onnxType, const NarrowCast &cast) {
  MLIRContext *context = t.b.getContext();
  Type ui32 = getElementType(context, TensorProto::UINT32);
  Value bits = t.create<BitcastOp>(t.cast(x, t.b.getF32Type()), TypeAttr::get(ui32));
  Value low = t.binary(BinaryKind::And, bits, 65535.0), high = t.binary(BinaryKind::Shr, bits, static_cast<double>(kRoundedBits));
  Value sticky = t.cast(t.cast(low, t.b.getI1Type()), ui32);
  Value index = t.cast(t.binary(BinaryKind::Or, high, sticky), t.b.getI32Type());
  std::string bytes(1 << kRoundedBits, '\0');
  for (uint32_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>(encodeNarrow(onnxType, std::bit_cast<float>(i << kRoundedBits), cast));
  return lookUp(t, table(t, getElementType(context, onnxType), std::move(bytes), 1 << kRoundedBits, ingest::elementTypeName(onnxType)), index);
}

Value castNarrow(TensorBuilder &t, Value x, int32_t fromType, int32_t toType, Type to, const NarrowCast &cast) {
  if (fromType == toType)
    return x;
  if (isNarrowFloat(fromType))
    x = decode(t, x, fromType);
  if (isNarrowFloat(toType))
    return encodeNarrow(t, x, toType, cast);
  return isNarrowInteger(toType) ? wrap(t, x, toType) : t.cast(x, to);
}

Value clampNarrow(TensorBuilder &t, Value x, int32_t onnxType) {
  int bits = bitsOf(onnxType);
  bool isUnsigned = elementOf(x).isUnsignedInteger();
  double high = std::ldexp(1.0, bits - !isUnsigned) - 1.0;
  x = t.binary(BinaryKind::Min, x, high);
  return isUnsigned ? x : t.binary(BinaryKind::Max, x, -high - 1.0);
}

} // namespace ingot::importer
