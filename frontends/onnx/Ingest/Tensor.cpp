// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Ingest/Tensor.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "frontends/onnx/Ingest/ElementType.h"

#include <bit>

namespace ingot::ingest {
namespace {

static_assert(std::endian::native == std::endian::little, "payloads are used as they lie in the file");

using onnx::TensorProto;

class TensorReader {
public:
  TensorReader(const TensorProto &tensor, const TensorFiles &files, const IngestOptions &options) : tensor(tensor), files(files), options(options) {}

  absl::StatusOr<Initializer> read() {
    result.name = tensor.name();
    result.elementType = tensor.data_type();
    result.dims.assign(tensor.dims().begin(), tensor.dims().end());
    if (absl::Status status = checkShape(); !status.ok())
      return status;
    if (absl::Status status = readPayload(); !status.ok())
      return status;
    return std::move(result);
  }

private:
  absl::Status checkShape() {
    std::optional<int> bits = elementBits(tensor.data_type());
    if (!bits)
      return absl::InvalidArgumentError(absl::StrCat("has an unknown element type (code ", tensor.data_type(), ")"));
    if (tensor.dims_size() > options.maxRank)
      return absl::InvalidArgumentError(absl::StrCat("has ", tensor.dims_size(), " dims, the limit is ", options.maxRank));
    for (int64_t dim : tensor.dims())
      if (dim < 0)
        return absl::InvalidArgumentError(absl::StrCat("has shape ", printedDims(result.dims), ": a dim cannot be negative"));
    std::optional<uint64_t> elements = elementCount(result.dims);
    if (!elements || payloadBytes(tensor.data_type(), *elements) > options.maxTensorBytes || *elements > options.maxTensorBytes)
      return absl::InvalidArgumentError(
          absl::StrCat("has shape ", printedDims(result.dims), ", which is more than the limit of ", options.maxTensorBytes, " bytes"));
    count = *elements;
    expected = payloadBytes(tensor.data_type(), count);
    return absl::OkStatus();
  }

  std::string shape() const { return absl::StrCat(elementTypeName(tensor.data_type()), printedDims(result.dims)); }

  absl::Status wrongSize(uint64_t actual) const {
    return absl::InvalidArgumentError(absl::StrCat("has ", actual, " bytes of data, its type ", shape(), " needs ", expected));
  }

  absl::Status readPayload() {
    std::optional<uint64_t> cut = cutOffset(tensor);
    if (isExternal(tensor))
      return cut || tensor.has_raw_data() ? absl::InvalidArgumentError("has its data both in the model and in an external file") : readExternal();
    if (tensor.data_type() == TensorProto::STRING) {
      result.strings.assign(tensor.string_data().begin(), tensor.string_data().end());
      if (cut || tensor.has_raw_data())
        return absl::InvalidArgumentError("is a string tensor with raw data");
      return result.strings.size() == count ? absl::OkStatus() : wrongCount(result.strings.size(), count);
    }
    if (cut)
      return readCut(*cut);
    if (tensor.has_raw_data()) {
      result.inlineBytes = tensor.raw_data();
      return result.inlineBytes.size() == expected ? absl::OkStatus() : wrongSize(result.inlineBytes.size());
    }
    return readTyped();
  }

  absl::Status readCut(uint64_t offset) {
    auto it = files.payloads.find(offset);
    if (it == files.payloads.end()) // the note is not ours: the file itself has such an entry
      return absl::InvalidArgumentError("refers to data that the model does not contain");
    const CutPayload &payload = it->second;
    if ((payload.field == TensorProto::kFloatDataFieldNumber && tensor.data_type() != TensorProto::FLOAT &&
         tensor.data_type() != TensorProto::COMPLEX64) ||
        (payload.field == TensorProto::kDoubleDataFieldNumber && tensor.data_type() != TensorProto::DOUBLE &&
         tensor.data_type() != TensorProto::COMPLEX128))
      return absl::InvalidArgumentError(
          absl::StrCat("has its data in a field that does not belong to its type ", elementTypeName(tensor.data_type())));
    if (payload.bytes != expected)
      return wrongSize(payload.bytes);
    result.source = TensorSource{files.model, payload.offset, payload.bytes};
    return absl::OkStatus();
  }

  absl::Status readExternal() {
    absl::StatusOr<ExternalLocation> where = externalLocation(tensor);
    if (!where.ok())
      return where.status();
    if (tensor.data_type() == TensorProto::STRING)
      return absl::InvalidArgumentError("is a string tensor with external data");
    absl::StatusOr<std::shared_ptr<const MappedFile>> file = files.external.find(where->location);
    if (!file.ok())
      return file.status();
    uint64_t size = (*file)->size();
    if (where->length && *where->length != expected)
      return absl::InvalidArgumentError(
          absl::StrCat("has ", *where->length, " bytes of external data in '", where->location, "', its type ", shape(), " needs ", expected));
    if (where->offset > size || expected > size - where->offset)
      return absl::OutOfRangeError(absl::StrCat("needs ", expected, " bytes at offset ", where->offset, " of external data file '", where->location,
                                                "', which has only ", size, " bytes"));
    result.source = TensorSource{*file, where->offset, expected};
    return absl::OkStatus();
  }

  absl::Status wrongCount(uint64_t actual, uint64_t wanted) const {
    return absl::InvalidArgumentError(absl::StrCat("has ", actual, " values, its type ", shape(), " needs ", wanted));
  }

  /// Narrows or copies the entries of a typed field to `Stored`.
  template <class Stored, class Values> absl::Status copy(const Values &values, uint64_t wanted) {
    if (static_cast<uint64_t>(values.size()) != wanted)
      return wrongCount(values.size(), wanted);
    result.inlineBytes.resize(wanted * sizeof(Stored));
    char *out = result.inlineBytes.data();
    for (auto value : values) {
      auto stored = static_cast<Stored>(value);
      memcpy(out, &stored, sizeof stored);
      out += sizeof stored;
    }
    return absl::OkStatus();
  }

  /// Six-bit elements have one entry each, raw_data packs four into three bytes.
  absl::Status packSixBits() {
    if (static_cast<uint64_t>(tensor.int32_data_size()) != count)
      return wrongCount(tensor.int32_data_size(), count);
    result.inlineBytes.assign(expected, 0);
    for (uint64_t i = 0; i < count; ++i)
      for (unsigned bit = 0; bit < 6; ++bit)
        if (tensor.int32_data(static_cast<int>(i)) >> bit & 1)
          result.inlineBytes[(6 * i + bit) / 8] |= static_cast<char>(1 << (6 * i + bit) % 8);
    return absl::OkStatus();
  }

  absl::Status readTyped() {
    switch (tensor.data_type()) {
    case TensorProto::FLOAT:
      return copy<float>(tensor.float_data(), count);
    case TensorProto::COMPLEX64:
      return copy<float>(tensor.float_data(), 2 * count);
    case TensorProto::DOUBLE:
      return copy<double>(tensor.double_data(), count);
    case TensorProto::COMPLEX128:
      return copy<double>(tensor.double_data(), 2 * count);
    case TensorProto::INT64:
      return copy<int64_t>(tensor.int64_data(), count);
    case TensorProto::UINT32:
      return copy<uint32_t>(tensor.uint64_data(), count);
    case TensorProto::UINT64:
      return copy<uint64_t>(tensor.uint64_data(), count);
    case TensorProto::FLOAT6E2M3:
    case TensorProto::FLOAT6E3M2:
      return packSixBits();
    default:
      break;
    }
    switch (*elementBits(tensor.data_type())) { // all others are in int32_data, elements of less than a byte packed as in raw_data
    case 32:
      return copy<int32_t>(tensor.int32_data(), count);
    case 16:
      return copy<uint16_t>(tensor.int32_data(), count);
    default:
      return copy<uint8_t>(tensor.int32_data(), expected);
    }
  }

  const TensorProto &tensor;
  const TensorFiles &files;
  const IngestOptions &options;
  Initializer result;
  uint64_t count = 0, expected = 0;
};

} // namespace

llvm::ArrayRef<char> Initializer::bytes() const {
  if (!source)
    return {inlineBytes.data(), inlineBytes.size()};
  return {source->file->bytes().data() + source->offset, static_cast<size_t>(source->bytes)};
}

absl::StatusOr<Initializer> readTensor(const TensorProto &tensor, const TensorFiles &files, const IngestOptions &options,
                                       llvm::StringRef fallbackName) {
  absl::StatusOr<Initializer> result = TensorReader(tensor, files, options).read();
  if (result.ok())
    return result;
  return absl::Status(result.status().code(),
                      absl::StrCat("tensor '", tensor.name().empty() ? fallbackName.str() : tensor.name(), "' ", result.status().message()));
}

} // namespace ingot::ingest
