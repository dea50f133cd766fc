// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An ONNX model whose weights stay in the mapped file. readModel() refuses what is no model at all; validate() in Validate.h finds everything
// that is wrong with one and brings it into a normal form.
#ifndef FRONTENDS_ONNX_INGEST_MODEL_H
#define FRONTENDS_ONNX_INGEST_MODEL_H

#include "absl/status/statusor.h"
#include "frontends/onnx/Ingest/IngestOptions.h"
#include "frontends/onnx/Ingest/Tensor.h"
#include "frontends/onnx/Schema/Schema.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ingot::ingest {

class Model {
public:
  const std::string &path() const { return files.model->path(); }
  const IngestOptions &options() const { return limits; }

  /// The model without the payloads of large tensors: ask tensor() for the data of any TensorProto in it.
  const onnx::ModelProto &proto() const { return model; }
  const onnx::GraphProto &graph() const { return model.graph(); }
  onnx::ModelProto &mutableProto() { return model; }

  /// Versions by domain; ONNX's own domain is "".
  const schema::OpsetImports &opsets() const { return imports; }

  /// An initialiser of the main graph, nullptr when there is none of that name. Valid after a validation without problems.
  const Initializer *initializer(llvm::StringRef name) const;

  /// The data of any tensor of the model: initialisers of subgraphs, attributes, also in copies of nodes.
  absl::StatusOr<Initializer> tensor(const onnx::TensorProto &proto, llvm::StringRef fallbackName = "") const;

  /// The type of a value of the main graph, declared or inferred; nullptr when unknown. Filled by validate().
  const onnx::TypeProto *valueType(llvm::StringRef name) const;

  /// ModelProto.metadata_props.
  std::map<std::string, std::string> metadata() const;

  /// SHA-256 of the file in hexadecimal. Reads the whole file at every call.
  std::string sha256() const;

  /// The files of external data, as tensors give their locations.
  std::vector<std::string> externalLocations() const;

  /// The same of each file of external data, by the location that tensors give.
  std::map<std::string, std::string> externalSha256() const;

private:
  friend absl::StatusOr<std::unique_ptr<Model>> readModel(const std::string &path, const IngestOptions &options);
  friend class Validator;

  Model(TensorFiles files, const IngestOptions &options) : files(std::move(files)), limits(options) {}

  TensorFiles files;
  IngestOptions limits;
  onnx::ModelProto model;
  schema::OpsetImports imports;
  llvm::StringMap<Initializer> initializers;
  llvm::StringMap<onnx::TypeProto> types;
};

/// Maps and parses the model at `path` and maps its external data. The message of an error begins with the path.
absl::StatusOr<std::unique_ptr<Model>> readModel(const std::string &path, const IngestOptions &options = {});

} // namespace ingot::ingest

#endif
