// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Ingest/Model.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "frontends/onnx/Schema/Functions.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"

#include <google/protobuf/io/coded_stream.h>

namespace ingot::ingest {
namespace {

/// Maps the external data of every tensor in a model.
class ExternalLoader {
public:
  explicit ExternalLoader(ExternalFiles &files) : files(files) {}

  void visit(const onnx::GraphProto &graph) {
    for (const onnx::TensorProto &tensor : graph.initializer())
      visit(tensor);
    for (const onnx::SparseTensorProto &tensor : graph.sparse_initializer())
      visit(tensor);
    visitNodes(graph);
  }

  template <class Body> void visitNodes(const Body &body) {
    for (const onnx::NodeProto &node : body.node())
      for (const onnx::AttributeProto &attribute : node.attribute())
        visit(attribute);
  }

private:
  void visit(const onnx::TensorProto &tensor) {
    if (!isExternal(tensor))
      return;
    if (absl::StatusOr<ExternalLocation> where = externalLocation(tensor); where.ok())
      files.load(where->location); // what is wrong is reported when the tensor is read, with its name
  }

  void visit(const onnx::SparseTensorProto &tensor) {
    visit(tensor.values());
    visit(tensor.indices());
  }

  void visit(const onnx::AttributeProto &attribute) {
    if (attribute.has_t())
      visit(attribute.t());
    for (const onnx::TensorProto &tensor : attribute.tensors())
      visit(tensor);
    if (attribute.has_sparse_tensor())
      visit(attribute.sparse_tensor());
    for (const onnx::SparseTensorProto &tensor : attribute.sparse_tensors())
      visit(tensor);
    if (attribute.has_g())
      visit(attribute.g());
    for (const onnx::GraphProto &graph : attribute.graphs())
      visit(graph);
  }

  ExternalFiles &files;
};

absl::Status withPath(const std::string &path, const absl::Status &status) {
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

bool parse(const std::string &structure, int maxGraphDepth, onnx::ModelProto &model) {
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const uint8_t *>(structure.data()), static_cast<int>(structure.size()));
  input.SetRecursionLimit(3 * maxGraphDepth + 100); // a graph in a graph is three messages deeper; the rest is for nested types
  return model.ParseFromCodedStream(&input) && input.ConsumedEntireMessage();
}

std::string hashOf(const MappedFile &file) {
  llvm::SHA256 hash;
  hash.update(file.bytes());
  return llvm::toHex(hash.final(), /*LowerCase=*/true);
}

} // namespace

const Initializer *Model::initializer(llvm::StringRef name) const {
  auto it = initializers.find(name);
  return it == initializers.end() ? nullptr : &it->second;
}

absl::StatusOr<Initializer> Model::tensor(const onnx::TensorProto &proto, llvm::StringRef fallbackName) const {
  return readTensor(proto, files, limits, fallbackName);
}

const onnx::TypeProto *Model::valueType(llvm::StringRef name) const {
  auto it = types.find(name);
  return it == types.end() ? nullptr : &it->second;
}

std::map<std::string, std::string> Model::metadata() const {
  std::map<std::string, std::string> result;
  for (const onnx::StringStringEntryProto &entry : model.metadata_props())
    result[entry.key()] = entry.value();
  return result;
}

std::string Model::sha256() const { return hashOf(*files.model); }

std::vector<std::string> Model::externalLocations() const {
  std::vector<std::string> result;
  for (const auto &[location, file] : files.external.mapped())
    result.push_back(location);
  return result;
}

std::map<std::string, std::string> Model::externalSha256() const {
  std::map<std::string, std::string> result;
  for (const auto &[location, file] : files.external.mapped())
    result[location] = hashOf(*file);
  return result;
}

absl::StatusOr<std::unique_ptr<Model>> readModel(const std::string &path, const IngestOptions &options) {
  absl::StatusOr<std::shared_ptr<const MappedFile>> file = MappedFile::open(path, options.maxFileBytes);
  if (!file.ok())
    return file.status();
  absl::StatusOr<CutModel> cut = cutPayloads((*file)->bytes(), options);
  if (!cut.ok())
    return withPath(path, cut.status());

  llvm::StringRef folder = llvm::sys::path::parent_path(path);
  TensorFiles files{*file, std::move(cut->payloads), ExternalFiles(folder.empty() ? "." : folder.str(), options)};
  std::unique_ptr<Model> model(new Model(std::move(files), options));
  if (!parse(cut->structure, options.maxGraphDepth, model->model))
    return withPath(path, absl::InvalidArgumentError("is not an ONNX model: the protobuf is damaged"));
  if (!model->model.has_graph())
    return withPath(path, absl::InvalidArgumentError("is not an ONNX model: it has no graph"));
  model->imports = schema::opsetImports(model->model);
  ExternalLoader loader(model->files.external);
  loader.visit(model->model.graph());
  for (const onnx::FunctionProto &function : model->model.functions())
    loader.visitNodes(function);
  return model;
}

} // namespace ingot::ingest
