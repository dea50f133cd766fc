// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Edit/ModelEditor.h"

#include "frontends/onnx/Ingest/ElementType.h"
#include "frontends/onnx/Ingest/TopologicalOrder.h"
#include "frontends/onnx/Ingest/Validate.h"

#include <vector>

namespace ingot::compress {
namespace {

/// Constants of this size stay in the model's structure.
constexpr size_t kSmallBytes = 1024;
/// Before it an initialiser had to be an input too.
constexpr int64_t kFirstFreeInitializers = 4;

/// The names that the graphs inside of a node read; those that they define themselves too, which does no harm.
void addSubgraphReads(const onnx::NodeProto &node, llvm::StringSet<> &reads) {
  auto visit = [&](const onnx::GraphProto &graph) {
    for (const onnx::NodeProto &inner : graph.node()) {
      for (const std::string &input : inner.input())
        reads.insert(input);
      addSubgraphReads(inner, reads);
    }
    for (const onnx::ValueInfoProto &output : graph.output())
      reads.insert(output.name());
  };
  for (const onnx::AttributeProto &attribute : node.attribute()) {
    if (attribute.has_g())
      visit(attribute.g());
    for (const onnx::GraphProto &graph : attribute.graphs())
      visit(graph);
  }
}

/// What a Constant node holds; nothing for strings and sparse tensors.
std::optional<onnx::TensorProto> constantOf(const onnx::NodeProto &node) {
  if (node.op_type() != "Constant" || !node.domain().empty() || node.attribute_size() != 1 || node.output_size() != 1)
    return std::nullopt;
  const onnx::AttributeProto &attribute = node.attribute(0);
  onnx::TensorProto tensor;
  if (attribute.has_t())
    tensor = attribute.t();
  else if (attribute.type() == onnx::AttributeProto::FLOAT || attribute.type() == onnx::AttributeProto::FLOATS) {
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    if (attribute.type() == onnx::AttributeProto::FLOAT)
      tensor.add_float_data(attribute.f());
    else
      *tensor.mutable_float_data() = attribute.floats();
    if (attribute.type() == onnx::AttributeProto::FLOATS)
      tensor.add_dims(attribute.floats_size());
  } else if (attribute.type() == onnx::AttributeProto::INT || attribute.type() == onnx::AttributeProto::INTS) {
    tensor.set_data_type(onnx::TensorProto::INT64);
    if (attribute.type() == onnx::AttributeProto::INT)
      tensor.add_int64_data(attribute.i());
    else
      *tensor.mutable_int64_data() = attribute.ints();
    if (attribute.type() == onnx::AttributeProto::INTS)
      tensor.add_dims(attribute.ints_size());
  } else {
    return std::nullopt;
  }
  tensor.set_name(node.output(0));
  return tensor;
}

} // namespace

absl::StatusOr<std::unique_ptr<ModelEditor>> ModelEditor::open(const std::string &input, const std::string &output) {
  absl::StatusOr<std::unique_ptr<ModelEditor>> editor = openToRead(input);
  if (!editor.ok())
    return editor;
  absl::StatusOr<std::unique_ptr<TensorSpool>> spool = TensorSpool::create(output);
  if (!spool.ok())
    return spool.status();
  (*editor)->newData = std::move(*spool);
  return editor;
}

absl::StatusOr<std::unique_ptr<ModelEditor>> ModelEditor::openToRead(const std::string &input) {
  absl::StatusOr<std::unique_ptr<ingest::Model>> model = ingest::loadModel(input);
  if (!model.ok())
    return model.status();
  std::unique_ptr<ModelEditor> editor(new ModelEditor());
  editor->source = std::move(*model);
  onnx::ModelProto &proto = editor->source->mutableProto();
  proto.set_ir_version(std::max<int64_t>(proto.ir_version(), kFirstFreeInitializers));
  editor->hoistConstants();
  editor->index();
  return editor;
}

void ModelEditor::hoistConstants() {
  auto &nodes = *graph().mutable_node();
  int kept = 0;
  for (int i = 0; i < nodes.size(); ++i)
    if (std::optional<onnx::TensorProto> tensor = constantOf(nodes[i]))
      *graph().add_initializer() = std::move(*tensor);
    else
      nodes.SwapElements(kept++, i);
  while (nodes.size() > kept)
    nodes.RemoveLast();
}

void ModelEditor::collectNames(const onnx::GraphProto &from) {
  for (const onnx::ValueInfoProto &input : from.input())
    names.insert(input.name());
  for (const onnx::TensorProto &tensor : from.initializer())
    names.insert(tensor.name());
  for (const onnx::SparseTensorProto &tensor : from.sparse_initializer())
    names.insert(tensor.values().name());
  for (const onnx::NodeProto &node : from.node()) {
    names.insert(node.name());
    for (const std::string &output : node.output())
      names.insert(output);
    for (const onnx::AttributeProto &attribute : node.attribute()) {
      if (attribute.has_g())
        collectNames(attribute.g());
      for (const onnx::GraphProto &inner : attribute.graphs())
        collectNames(inner);
    }
  }
}

void ModelEditor::index() {
  for (int i = 0; i < nodeCount(); ++i) {
    for (const std::string &output : node(i).output())
      if (!output.empty())
        producers[output] = i;
    for (int input = 0; input < node(i).input_size(); ++input)
      readers[node(i).input(input)].push_back({i, input});
    addSubgraphReads(node(i), elsewhere);
  }
  for (int i = 0; i < graph().initializer_size(); ++i)
    constants[graph().initializer(i).name()] = i;
  for (const onnx::ValueInfoProto &output : graph().output()) {
    outputs.insert(output.name());
    elsewhere.insert(output.name());
  }
  collectNames(graph());
}

void ModelEditor::reindex() {
  producers.clear();
  readers.clear();
  index();
}

int ModelEditor::opset(llvm::StringRef domain) const {
  auto it = source->opsets().find(domain.str());
  return it == source->opsets().end() ? 0 : it->second;
}

int ModelEditor::producerIndex(llvm::StringRef value) const {
  auto it = producers.find(value);
  return it == producers.end() ? -1 : it->second;
}

const onnx::NodeProto *ModelEditor::producer(llvm::StringRef value) const {
  int index = producerIndex(value);
  return index < 0 ? nullptr : &node(index);
}

llvm::ArrayRef<Use> ModelEditor::uses(llvm::StringRef value) const {
  auto it = readers.find(value);
  return it == readers.end() ? llvm::ArrayRef<Use>() : llvm::ArrayRef<Use>(it->second);
}

const onnx::TensorProto *ModelEditor::constant(llvm::StringRef value) const {
  auto it = constants.find(value);
  return it == constants.end() ? nullptr : &source->graph().initializer(it->second);
}

int32_t ModelEditor::elementType(llvm::StringRef value) const {
  if (const onnx::TensorProto *tensor = constant(value))
    return tensor->data_type();
  if (auto it = alike.find(value); it != alike.end())
    return elementType(it->second);
  const onnx::TypeProto *type = source->valueType(value);
  return type && type->has_tensor_type() ? type->tensor_type().elem_type() : 0;
}

std::optional<std::vector<int64_t>> ModelEditor::dims(llvm::StringRef value) const {
  if (const onnx::TensorProto *tensor = constant(value))
    return std::vector<int64_t>(tensor->dims().begin(), tensor->dims().end());
  if (auto it = alike.find(value); it != alike.end())
    return dims(it->second);
  const onnx::TypeProto *type = source->valueType(value);
  if (!type || !type->has_tensor_type() || !type->tensor_type().has_shape())
    return std::nullopt;
  std::vector<int64_t> result;
  for (const auto &dim : type->tensor_type().shape().dim())
    result.push_back(dim.has_dim_value() ? dim.dim_value() : -1);
  return result;
}

std::string ModelEditor::newName(const std::string &base) {
  std::string name = base;
  for (int i = 1; !names.insert(name).second; ++i)
    name = base + "_" + std::to_string(i);
  return name;
}

void ModelEditor::addConstant(const std::string &name, int32_t type, llvm::ArrayRef<int64_t> dims, llvm::ArrayRef<char> bytes, absl::Status &status) {
  onnx::TensorProto &tensor = *graph().add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(type);
  for (int64_t dim : dims)
    tensor.add_dims(dim);
  constants[name] = graph().initializer_size() - 1;
  if (bytes.size() <= kSmallBytes)
    tensor.set_raw_data(bytes.data(), bytes.size());
  else
    status.Update(newData->add(name, bytes));
}

std::string ModelEditor::addNode(const std::string &op, std::vector<std::string> inputs, const std::string &output, llvm::StringRef domain) {
  onnx::NodeProto &node = *graph().add_node();
  node.set_op_type(op);
  node.set_domain(domain.str());
  for (std::string &input : inputs)
    node.add_input(std::move(input));
  node.add_output(output);
  node.set_name(newName(output + "_" + op));
  return output;
}

void ModelEditor::importDomain(const std::string &domain, int version) {
  for (onnx::OperatorSetIdProto &import : *source->mutableProto().mutable_opset_import())
    if (import.domain() == domain) {
      import.set_version(std::max<int64_t>(import.version(), version));
      return;
    }
  onnx::OperatorSetIdProto &import = *source->mutableProto().add_opset_import();
  import.set_domain(domain);
  import.set_version(version);
}

void ModelEditor::finish() {
  auto &nodes = *graph().mutable_node();
  int kept = 0;
  for (int i = 0; i < nodes.size(); ++i)
    if (!removed.contains(i))
      nodes.SwapElements(kept++, i);
  while (nodes.size() > kept)
    nodes.RemoveLast();
  removed.clear();
  ingest::sortTopologically(nodes);

  llvm::StringSet<> read, made;
  for (const onnx::NodeProto &node : nodes) {
    read.insert(node.input().begin(), node.input().end());
    made.insert(node.output().begin(), node.output().end());
    addSubgraphReads(node, read);
  }
  for (const onnx::ValueInfoProto &output : graph().output())
    read.insert(output.name());
  auto keepOnly = [](auto &entries, const llvm::StringSet<> &names) {
    int left = 0;
    for (int i = 0; i < entries.size(); ++i)
      if (names.contains(entries[i].name()))
        entries.SwapElements(left++, i);
    while (entries.size() > left)
      entries.RemoveLast();
  };
  keepOnly(*graph().mutable_initializer(), read);
  keepOnly(*graph().mutable_value_info(), made);
}

uint64_t constantBytes(const ModelEditor &editor) {
  uint64_t bytes = 0;
  for (const onnx::TensorProto &tensor : editor.model().graph().initializer()) {
    std::vector<int64_t> dims(tensor.dims().begin(), tensor.dims().end());
    bytes += ingest::payloadBytes(tensor.data_type(), ingest::elementCount(dims).value_or(0));
  }
  return bytes;
}

void setAttribute(onnx::NodeProto &node, const std::string &name, int64_t value) {
  onnx::AttributeProto &attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::INT);
  attribute.set_i(value);
}

int64_t integerAttribute(const onnx::NodeProto &node, llvm::StringRef name, int64_t otherwise) {
  for (const onnx::AttributeProto &attribute : node.attribute())
    if (attribute.name() == name)
      return attribute.i();
  return otherwise;
}

float floatAttribute(const onnx::NodeProto &node, llvm::StringRef name, float otherwise) {
  for (const onnx::AttributeProto &attribute : node.attribute())
    if (attribute.name() == name)
      return attribute.f();
  return otherwise;
}

llvm::StringRef stringAttribute(const onnx::NodeProto &node, llvm::StringRef name, llvm::StringRef otherwise) {
  for (const onnx::AttributeProto &attribute : node.attribute())
    if (attribute.name() == name)
      return attribute.s();
  return otherwise;
}

} // namespace ingot::compress
