// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef FRONTENDS_ONNX_INGEST_EXTERNALDATA_H
#define FRONTENDS_ONNX_INGEST_EXTERNALDATA_H

#include "absl/status/statusor.h"
#include "frontends/onnx/Ingest/IngestOptions.h"
#include "frontends/onnx/Ingest/MappedFile.h"
#include "onnx/onnx_pb.h"

#include <map>
#include <optional>
#include <string>

namespace ingot::ingest {

/// Where a tensor says that its data lies.
struct ExternalLocation {
  std::string location; ///< relative to the model's folder
  uint64_t offset = 0;
  std::optional<uint64_t> length;
};

/// True when the tensor's data is in another file.
bool isExternal(const onnx::TensorProto &tensor);

/// Reads the entries of TensorProto.external_data; the error says which entry is wrong.
absl::StatusOr<ExternalLocation> externalLocation(const onnx::TensorProto &tensor);

/// The external data files of one model, each mapped once. No file outside the model's folder is ever opened.
class ExternalFiles {
public:
  ExternalFiles(std::string folder, const IngestOptions &options) : folder(std::move(folder)), maxBytes(options.maxExternalBytes) {}

  /// Maps the file unless that was tried before.
  void load(const std::string &location);

  /// The mapped file, or why there is none. Only for locations that were loaded.
  absl::StatusOr<std::shared_ptr<const MappedFile>> find(const std::string &location) const;

  /// The files that are mapped, by location.
  std::map<std::string, std::shared_ptr<const MappedFile>> mapped() const;

private:
  absl::StatusOr<std::shared_ptr<const MappedFile>> open(const std::string &location) const;

  std::string folder;
  uint64_t maxBytes;
  std::map<std::string, absl::StatusOr<std::shared_ptr<const MappedFile>>> files;
};

} // namespace ingot::ingest

#endif
