// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/TensorData.h"

#include "frontends/onnx/Import/NarrowTypes.h"
#include "frontends/onnx/Ingest/ElementType.h"
#include "frontends/onnx/Ingest/Tensor.h"
#include "runtime/include/ingot/ingot.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>
#include <fstream>

namespace ingot::conformance {
namespace {

template <typename T> T load(const char *data, size_t index) {
  T value;
  std::memcpy(&value, data + index * sizeof(T), sizeof(T));
  return value;
}

double half(const llvm::fltSemantics &semantics, uint16_t bits) {
  llvm::APFloat value(semantics, llvm::APInt(16, bits));
  bool inexact;
  value.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &inexact);
  return value.convertToDouble();
}

double element(int32_t type, const char *data, size_t index) {
  if (importer::isNarrowFloat(type))
    return importer::decodeNarrow(type, load<uint8_t>(data, index));
  switch (type) {
  case INGOT_F32:
    return load<float>(data, index);
  case INGOT_F64:
    return load<double>(data, index);
  case INGOT_F16:
    return half(llvm::APFloat::IEEEhalf(), load<uint16_t>(data, index));
  case INGOT_BF16:
    return half(llvm::APFloat::BFloat(), load<uint16_t>(data, index));
  case INGOT_U8:
  case INGOT_BOOL:
    return load<uint8_t>(data, index);
  case INGOT_I8:
    return load<int8_t>(data, index);
  case INGOT_U16:
    return load<uint16_t>(data, index);
  case INGOT_I16:
    return load<int16_t>(data, index);
  case INGOT_U32:
    return load<uint32_t>(data, index);
  case INGOT_I32:
    return load<int32_t>(data, index);
  case INGOT_U64:
    return static_cast<double>(load<uint64_t>(data, index));
  case INGOT_I4:
  case INGOT_I2:
    return load<int8_t>(data, index);
  case INGOT_U4:
  case INGOT_U2:
    return load<uint8_t>(data, index);
  default:
    return static_cast<double>(load<int64_t>(data, index));
  }
}

bool isClose(double actual, double expected, const Tolerance &tolerance) {
  if (std::isnan(expected) || std::isnan(actual))
    return std::isnan(expected) && std::isnan(actual);
  if (std::isinf(expected) || std::isinf(actual))
    return actual == expected;
  return std::abs(actual - expected) <= tolerance.absolute + tolerance.relative * std::abs(expected);
}

std::string printedType(int32_t type, llvm::ArrayRef<int64_t> dims) {
  return ingest::elementTypeName(type) + " [" + llvm::join(llvm::map_range(dims, [](int64_t dim) { return std::to_string(dim); }), ", ") + "]";
}

} // namespace

absl::StatusOr<TensorData> readTensorFile(const std::string &path) {
  std::ifstream stream(path, std::ios::binary);
  onnx::TensorProto proto;
  if (!stream || !proto.ParseFromIstream(&stream))
    return absl::InvalidArgumentError(path + ": no tensor");
  absl::StatusOr<ingest::Initializer> tensor = ingest::readTensor(proto, {nullptr, {}, ingest::ExternalFiles("", {})}, {}, "tensor");
  if (!tensor.ok())
    return tensor.status();
  llvm::ArrayRef<char> bytes = tensor->bytes();
  std::string elements(bytes.begin(), bytes.end());
  if (ingest::elementBits(tensor->elementType).value_or(8) % 8 != 0) // packed
    elements = importer::unpackNarrow(tensor->elementType, bytes, static_cast<int64_t>(*ingest::elementCount(tensor->dims)));
  return TensorData{proto.name(), tensor->elementType, tensor->dims, std::make_shared<const std::string>(std::move(elements))};
}

std::string difference(const TensorInterface &output, const void *actual, const TensorData &expected, const Tolerance &tolerance) {
  if (output.elementType != expected.elementType || output.dims != expected.dims)
    return llvm::formatv("output '{0}' is {1}, expected {2}", output.name, printedType(output.elementType, output.dims),
                         printedType(expected.elementType, expected.dims));
  if (output.bytes != expected.bytes->size())
    return llvm::formatv("output '{0}' has {1} bytes, expected {2}", output.name, output.bytes, expected.bytes->size());
  size_t count = 1, wrong = 0, first = 0;
  for (int64_t dim : output.dims)
    count *= dim;
  const char *a = static_cast<const char *>(actual), *e = expected.bytes->data();
  if (std::memcmp(a, e, output.bytes) == 0)
    return "";
  for (size_t i = count; i-- > 0;)
    if (!isClose(element(output.elementType, a, i), element(output.elementType, e, i), tolerance)) {
      ++wrong;
      first = i;
    }
  if (wrong == 0)
    return "";
  return llvm::formatv("{0} of {1} elements of output '{2}' are wrong: element {3} is {4}, expected {5}", wrong, count, output.name, first,
                       element(output.elementType, a, first), element(output.elementType, e, first));
}

} // namespace ingot::conformance
