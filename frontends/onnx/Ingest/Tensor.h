// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef FRONTENDS_ONNX_INGEST_TENSOR_H
#define FRONTENDS_ONNX_INGEST_TENSOR_H

#include "absl/status/statusor.h"
#include "frontends/onnx/Ingest/ExternalData.h"
#include "frontends/onnx/Ingest/MappedFile.h"
#include "frontends/onnx/Ingest/PayloadCutter.h"
#include "onnx/onnx_pb.h"
#include "llvm/ADT/ArrayRef.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ingot::ingest {

/// A range of bytes in a mapped file. It keeps the mapping alive.
struct TensorSource {
  std::shared_ptr<const MappedFile> file;
  uint64_t offset = 0;
  uint64_t bytes = 0;
};

/// A constant tensor: a handle to its bytes, which are copied only when they are few or stored in a form of their own.
struct Initializer {
  std::string name;
  int32_t elementType = 0; ///< TensorProto::DataType
  std::vector<int64_t> dims;
  std::optional<TensorSource> source; ///< where the bytes lie, nullopt when they are in `inlineBytes`
  std::string inlineBytes;            ///< in the form of raw_data
  std::vector<std::string> strings;   ///< the elements when elementType is STRING; there are no bytes then

  /// The elements as in raw_data: row-major, little-endian, elements of less than a byte packed from the lowest bit. Not aligned.
  llvm::ArrayRef<char> bytes() const;
};

/// What a TensorProto of a model refers to.
struct TensorFiles {
  std::shared_ptr<const MappedFile> model;
  std::map<uint64_t, CutPayload> payloads;
  ExternalFiles external;
};

/// The handle for `tensor`, checked: dims sane, payload exactly as long as dims and type say, inside its file. Messages begin with the tensor's
/// name, else with `fallbackName`.
absl::StatusOr<Initializer> readTensor(const onnx::TensorProto &tensor, const TensorFiles &files, const IngestOptions &options,
                                       llvm::StringRef fallbackName = "");

} // namespace ingot::ingest

#endif
