// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Ingest/PayloadCutter.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "onnx/onnx_pb.h"
#include "llvm/ADT/ArrayRef.h"

#include <google/protobuf/descriptor.h>

namespace ingot::ingest {
namespace {

/// The note is an entry of TensorProto.external_data, so a tensor stays a self-contained message that can be copied.
constexpr llvm::StringLiteral kNoteKey = "ingot.payload-offset";

enum class Message { model, graph, node, attribute, function, sparse, tensor };

struct Child {
  Message parent;
  int field;
  Message child;
};

/// The fields on the way from a model to its tensors; all others are copied as they are.
constexpr Child kChildren[] = {
    {Message::model, onnx::ModelProto::kGraphFieldNumber, Message::graph},
    {Message::model, onnx::ModelProto::kFunctionsFieldNumber, Message::function},
    {Message::graph, onnx::GraphProto::kNodeFieldNumber, Message::node},
    {Message::graph, onnx::GraphProto::kInitializerFieldNumber, Message::tensor},
    {Message::graph, onnx::GraphProto::kSparseInitializerFieldNumber, Message::sparse},
    {Message::sparse, onnx::SparseTensorProto::kValuesFieldNumber, Message::tensor},
    {Message::sparse, onnx::SparseTensorProto::kIndicesFieldNumber, Message::tensor},
    {Message::function, onnx::FunctionProto::kNodeFieldNumber, Message::node},
    {Message::function, onnx::FunctionProto::kAttributeProtoFieldNumber, Message::attribute},
    {Message::node, onnx::NodeProto::kAttributeFieldNumber, Message::attribute},
    {Message::attribute, onnx::AttributeProto::kTFieldNumber, Message::tensor},
    {Message::attribute, onnx::AttributeProto::kTensorsFieldNumber, Message::tensor},
    {Message::attribute, onnx::AttributeProto::kGFieldNumber, Message::graph},
    {Message::attribute, onnx::AttributeProto::kGraphsFieldNumber, Message::graph},
    {Message::attribute, onnx::AttributeProto::kSparseTensorFieldNumber, Message::sparse},
    {Message::attribute, onnx::AttributeProto::kSparseTensorsFieldNumber, Message::sparse},
};

enum WireType { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

struct Field {
  int number;
  int wireType;
  llvm::StringRef whole; ///< tag and all
  llvm::StringRef value; ///< the content of a length-delimited field
};

bool readVarint(llvm::StringRef &rest, uint64_t &value) {
  value = 0;
  for (unsigned i = 0; i < rest.size() && i < 10; ++i) {
    value |= static_cast<uint64_t>(rest[i] & 0x7f) << (7 * i);
    if (!(rest[i] & 0x80)) {
      rest = rest.drop_front(i + 1);
      return true;
    }
  }
  return false;
}

void writeVarint(std::string &out, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void writeBytes(std::string &out, int field, llvm::StringRef value) {
  writeVarint(out, static_cast<uint64_t>(field) << 3 | kBytes);
  writeVarint(out, value.size());
  out.append(value.data(), value.size());
}

class Cutter {
public:
  Cutter(llvm::StringRef file, const IngestOptions &options) : file(file), options(options) {}

  absl::Status rewrite(Message message, llvm::StringRef bytes, std::string &out, int graphDepth) {
    if (message == Message::tensor)
      return rewriteTensor(bytes, out);
    if (message == Message::graph && ++graphDepth > options.maxGraphDepth)
      return absl::ResourceExhaustedError(absl::StrCat("graphs are nested deeper than the limit of ", options.maxGraphDepth));
    for (llvm::StringRef rest = bytes; !rest.empty();) {
      absl::StatusOr<Field> field = read(rest, message);
      if (!field.ok())
        return field.status();
      const Child *child = find(message, *field);
      if (!child) {
        if (absl::Status status = append(out, field->whole); !status.ok())
          return status;
        continue;
      }
      if (child->child == Message::node && ++nodes > options.maxNodes)
        return absl::ResourceExhaustedError(absl::StrCat("has more nodes than the limit of ", options.maxNodes));
      std::string rewritten;
      if (absl::Status status = rewrite(child->child, field->value, rewritten, graphDepth); !status.ok())
        return status;
      writeBytes(out, field->number, rewritten);
    }
    return absl::OkStatus();
  }

  std::map<uint64_t, CutPayload> payloads;

private:
  static const Child *find(Message parent, const Field &field) {
    if (field.wireType == kBytes)
      for (const Child &child : kChildren)
        if (child.parent == parent && child.field == field.number)
          return &child;
    return nullptr;
  }

  uint64_t offsetOf(llvm::StringRef part) const { return part.data() - file.data(); }

  absl::Status notAModel(uint64_t offset, llvm::StringRef why) const {
    if (file.starts_with("version https://git-lfs"))
      return absl::InvalidArgumentError("is a Git LFS pointer, not the model itself: run 'git lfs pull'");
    return absl::InvalidArgumentError(absl::StrCat("is not an ONNX model: no valid protobuf at byte ", offset, " (", why.str(), ")"));
  }

  /// Takes the next field from the front of `rest`.
  absl::StatusOr<Field> read(llvm::StringRef &rest, Message message) const {
    llvm::StringRef begin = rest;
    uint64_t tag = 0, number = 0, length = 0;
    if (!readVarint(rest, tag))
      return rest.size() < 10 && seenModelField ? truncated(begin, 0, rest.size()) : notAModel(offsetOf(begin), "bad field tag");
    number = tag >> 3;
    if (number == 0 || number > 0x1fffffff)
      return notAModel(offsetOf(begin), "bad field number");
    switch (tag & 7) {
    case kVarint:
      if (!readVarint(rest, length))
        return seenModelField ? truncated(begin, 1, 0) : notAModel(offsetOf(begin), "bad number");
      length = 0;
      break;
    case kFixed64:
      length = 8;
      break;
    case kFixed32:
      length = 4;
      break;
    case kBytes:
      if (!readVarint(rest, length))
        return seenModelField ? truncated(begin, 1, 0) : notAModel(offsetOf(begin), "bad length");
      break;
    default:
      return notAModel(offsetOf(begin), "bad wire type");
    }
    if (message == Message::model) { // other files give themselves away here; one that ends early after a good field was a model
      const auto *known = onnx::ModelProto::descriptor()->FindFieldByNumber(static_cast<int>(number));
      if (known && (known->type() == google::protobuf::FieldDescriptor::TYPE_INT64) != ((tag & 7) == kVarint))
        return notAModel(offsetOf(begin), absl::StrCat("field '", known->name(), "' has the wrong wire type"));
      seenModelField |= known != nullptr;
    }
    if (length > rest.size())
      return seenModelField ? truncated(begin, length, rest.size()) : notAModel(offsetOf(begin), "a field is longer than the file");
    llvm::StringRef value = rest.take_front(length);
    rest = rest.drop_front(length);
    return Field{static_cast<int>(number), static_cast<int>(tag & 7), begin.drop_back(rest.size()), value};
  }

  absl::Status truncated(llvm::StringRef at, uint64_t wanted, uint64_t left) const {
    return absl::DataLossError(absl::StrCat("is truncated or damaged: the field at byte ", offsetOf(at), " needs ", wanted, " bytes, ", left,
                                            " are left; the file has ", file.size(), " bytes"));
  }

  absl::Status append(std::string &out, llvm::StringRef bytes) {
    structureBytes += bytes.size();
    if (structureBytes > options.maxStructureBytes)
      return absl::ResourceExhaustedError(absl::StrCat("has more than ", options.maxStructureBytes, " bytes besides the payloads of its tensors"));
    out.append(bytes.data(), bytes.size());
    return absl::OkStatus();
  }

  absl::Status rewriteTensor(llvm::StringRef bytes, std::string &out) {
    std::optional<Field> payload;
    int payloadFields = 0;
    for (llvm::StringRef rest = bytes; !rest.empty();) {
      absl::StatusOr<Field> field = read(rest, Message::tensor);
      if (!field.ok())
        return field.status();
      switch (field->number) {
      case onnx::TensorProto::kRawDataFieldNumber:
      case onnx::TensorProto::kFloatDataFieldNumber:
      case onnx::TensorProto::kDoubleDataFieldNumber:
        if (field->wireType == kBytes)
          payload = *field;
        [[fallthrough]];
      case onnx::TensorProto::kInt32DataFieldNumber:
      case onnx::TensorProto::kInt64DataFieldNumber:
      case onnx::TensorProto::kUint64DataFieldNumber:
      case onnx::TensorProto::kStringDataFieldNumber:
        ++payloadFields;
        break;
      default:
        break;
      }
    }
    // Payloads in several pieces are legal and rare: protobuf puts them together.
    if (!payload || payloadFields != 1 || payload->value.size() <= options.maxInlinePayloadBytes)
      return append(out, bytes);
    uint64_t offset = offsetOf(payload->value);
    payloads[offset] = {offset, payload->value.size(), payload->number};
    std::string note;
    writeBytes(note, onnx::StringStringEntryProto::kKeyFieldNumber, kNoteKey);
    writeBytes(note, onnx::StringStringEntryProto::kValueFieldNumber, std::to_string(offset));
    if (absl::Status status = append(out, bytes.take_front(payload->whole.data() - bytes.data())); !status.ok())
      return status;
    if (absl::Status status = append(out, bytes.drop_front(payload->whole.end() - bytes.begin())); !status.ok())
      return status;
    writeBytes(out, onnx::TensorProto::kExternalDataFieldNumber, note);
    return absl::OkStatus();
  }

  llvm::StringRef file;
  const IngestOptions &options;
  uint64_t nodes = 0, structureBytes = 0;
  mutable bool seenModelField = false;
};

} // namespace

absl::StatusOr<CutModel> cutPayloads(llvm::StringRef file, const IngestOptions &options) {
  if (file.empty())
    return absl::InvalidArgumentError("is empty");
  Cutter cutter(file, options);
  CutModel model;
  if (absl::Status status = cutter.rewrite(Message::model, file, model.structure, 0); !status.ok())
    return status;
  model.payloads = std::move(cutter.payloads);
  return model;
}

std::optional<uint64_t> cutOffset(const onnx::TensorProto &tensor) {
  uint64_t offset = 0;
  for (const onnx::StringStringEntryProto &entry : tensor.external_data())
    if (kNoteKey == entry.key() && !llvm::StringRef(entry.value()).getAsInteger(10, offset))
      return offset;
  return std::nullopt;
}

} // namespace ingot::ingest
