// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Ingest/ElementType.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "onnx/onnx_pb.h"

namespace ingot::ingest {
namespace {

struct ElementType {
  int bits;
  const char *name;
};

/// Indexed by TensorProto::DataType.
constexpr ElementType kElementTypes[] = {
    {-1, "undefined"},     {32, "float32"},   {8, "uint8"},          {8, "int8"},         {16, "uint16"},    {16, "int16"},
    {32, "int32"},         {64, "int64"},     {0, "string"},         {8, "bool"},         {16, "float16"},   {64, "float64"},
    {32, "uint32"},        {64, "uint64"},    {64, "complex64"},     {128, "complex128"}, {16, "bfloat16"},  {8, "float8e4m3fn"},
    {8, "float8e4m3fnuz"}, {8, "float8e5m2"}, {8, "float8e5m2fnuz"}, {4, "uint4"},        {4, "int4"},       {4, "float4e2m1"},
    {8, "float8e8m0"},     {2, "uint2"},      {2, "int2"},           {6, "float6e2m3"},   {6, "float6e3m2"},
};
static_assert(std::size(kElementTypes) == onnx::TensorProto::DataType_ARRAYSIZE, "ONNX has a new element type");

} // namespace

std::optional<int> elementBits(int32_t elementType) {
  if (elementType <= 0 || elementType >= static_cast<int32_t>(std::size(kElementTypes)))
    return std::nullopt;
  return kElementTypes[elementType].bits;
}

std::string elementTypeName(int32_t elementType) {
  if (elementType < 0 || elementType >= static_cast<int32_t>(std::size(kElementTypes)))
    return absl::StrCat("type ", elementType);
  return kElementTypes[elementType].name;
}

std::optional<uint64_t> elementCount(llvm::ArrayRef<int64_t> dims) {
  uint64_t count = 1;
  bool empty = false;
  for (int64_t dim : dims) {
    if (dim < 0)
      return std::nullopt;
    if (dim == 0)
      empty = true; // the other dims must still be sane, but 0 x huge is no overflow
    else if (__builtin_mul_overflow(count, static_cast<uint64_t>(dim), &count) || count >> 62)
      return std::nullopt;
  }
  return empty ? 0 : count;
}

uint64_t payloadBytes(int32_t elementType, uint64_t count) {
  uint64_t bits = elementBits(elementType).value_or(0);
  return count / 8 * bits + (count % 8 * bits + 7) / 8; // without the overflow that count * bits could have
}

std::string printedDims(llvm::ArrayRef<int64_t> dims) { return absl::StrCat("[", absl::StrJoin(dims, ", "), "]"); }

} // namespace ingot::ingest
