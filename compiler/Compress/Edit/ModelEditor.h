// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPILER_COMPRESS_EDIT_MODELEDITOR_H
#define COMPILER_COMPRESS_EDIT_MODELEDITOR_H

#include "compiler/Compress/Edit/TensorSpool.h"
#include "frontends/onnx/Ingest/Model.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringSet.h"

#include <memory>

namespace ingot::compress {

/// A reader of a value: input `input` of node `node`.
struct Use {
  int node, input;
};

/// The main graph of a model that is being changed. Constants are initialisers, also those that were Constant nodes; their data stays in the mapped
/// files, that of new ones goes to the spool. Nodes keep their numbers until `finish`.
class ModelEditor {
public:
  /// Reads and validates the model at `input`; new constants wait beside `output`.
  static absl::StatusOr<std::unique_ptr<ModelEditor>> open(const std::string &input, const std::string &output);
  /// For questions alone: it can take no new constants.
  static absl::StatusOr<std::unique_ptr<ModelEditor>> openToRead(const std::string &input);

  const ingest::Model &model() const { return *source; }
  ingest::Model &model() { return *source; }
  TensorSpool &spool() { return *newData; }
  int nodeCount() const { return source->graph().node_size(); }
  const onnx::NodeProto &node(int index) const { return source->graph().node(index); }
  onnx::NodeProto &node(int index) { return *graph().mutable_node(index); }
  int opset(llvm::StringRef domain = "") const;

  /// Null for what no node of the main graph makes.
  const onnx::NodeProto *producer(llvm::StringRef value) const;
  int producerIndex(llvm::StringRef value) const;
  /// By nodes of the main graph; values that a subgraph or the caller reads have more.
  llvm::ArrayRef<Use> uses(llvm::StringRef value) const;
  bool isReadElsewhere(llvm::StringRef value) const { return elsewhere.contains(value); }
  bool isOutput(llvm::StringRef value) const { return outputs.contains(value); }

  /// Null for what is no constant.
  const onnx::TensorProto *constant(llvm::StringRef value) const;
  bool isConstant(llvm::StringRef value) const { return constant(value) != nullptr; }
  /// The type of the elements of a value, 0 when it is unknown; its dims, with -1 for those that are not fixed.
  int32_t elementType(llvm::StringRef value) const;
  std::optional<std::vector<int64_t>> dims(llvm::StringRef value) const;

  /// A name that nothing in the model has, `base` if possible.
  std::string newName(const std::string &base);
  void addConstant(const std::string &name, int32_t type, llvm::ArrayRef<int64_t> dims, llvm::ArrayRef<char> bytes, absl::Status &status);
  /// A node with one output of a new name, which is returned.
  std::string addNode(const std::string &op, std::vector<std::string> inputs, const std::string &output, llvm::StringRef domain = "");
  /// The node that was added last, for its attributes.
  onnx::NodeProto &lastNode() { return *graph().mutable_node(nodeCount() - 1); }
  void setInput(int node, int input, const std::string &value) { this->node(node).set_input(input, value); }
  /// A new value has the type of another one.
  void setTypeLike(const std::string &value, const std::string &other) { alike[value] = other; }
  /// Makes new nodes known to the questions above.
  void reindex();
  void remove(int node) { removed.insert(node); }
  void importDomain(const std::string &domain, int version);

  /// Removes what was marked and what nobody reads any more, and puts nodes after those whose values they use.
  void finish();

private:
  ModelEditor() = default;
  onnx::GraphProto &graph() { return *source->mutableProto().mutable_graph(); }
  void hoistConstants();
  void index();
  void collectNames(const onnx::GraphProto &graph);

  std::unique_ptr<ingest::Model> source;
  std::unique_ptr<TensorSpool> newData;
  llvm::StringMap<int> producers, constants;
  llvm::StringMap<llvm::SmallVector<Use, 2>> readers;
  llvm::StringMap<std::string> alike;
  llvm::StringSet<> elsewhere, outputs, names;
  llvm::DenseSet<int> removed;
};

/// Bytes of all constants.
uint64_t constantBytes(const ModelEditor &editor);

void setAttribute(onnx::NodeProto &node, const std::string &name, int64_t value);
/// An attribute of a node, or `otherwise`.
int64_t integerAttribute(const onnx::NodeProto &node, llvm::StringRef name, int64_t otherwise);
float floatAttribute(const onnx::NodeProto &node, llvm::StringRef name, float otherwise);
llvm::StringRef stringAttribute(const onnx::NodeProto &node, llvm::StringRef name, llvm::StringRef otherwise);

template <typename T> llvm::ArrayRef<char> bytesOf(llvm::ArrayRef<T> values) {
  return {reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T)};
}
template <typename T> llvm::ArrayRef<char> bytesOf(const std::vector<T> &values) { return bytesOf(llvm::ArrayRef<T>(values)); }

} // namespace ingot::compress

#endif
