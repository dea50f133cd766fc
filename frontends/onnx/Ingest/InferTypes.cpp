// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Ingest/InferTypes.h"

#include "absl/strings/str_cat.h"
#include "frontends/onnx/Ingest/CheckNode.h"
#include "frontends/onnx/Schema/Functions.h"
#include "onnx/shape_inference/implementation.h"

#include <deque>

namespace ingot::ingest {
namespace {

namespace inference = onnx::shape_inference;
using onnx::TensorProto;
using onnx::TypeProto;

/// Tensors up to this size may hold shapes, which inference reads; no larger one is worth copying for it.
constexpr size_t kReadableBytes = 4096;

TypeProto typeOf(const TensorProto &tensor) {
  TypeProto type;
  type.mutable_tensor_type()->set_elem_type(tensor.data_type());
  type.mutable_tensor_type()->mutable_shape();
  for (int64_t dim : tensor.dims())
    type.mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(dim);
  return type;
}

/// Prepares a copy of a graph for ONNX's inference, which expects all data in the protobuf: small tensors get theirs back, large ones become values
/// of which only the type is known.
class DataRestorer {
public:
  explicit DataRestorer(const Model &model) : model(model) {}

  void visit(onnx::GraphProto &graph) {
    google::protobuf::RepeatedPtrField<TensorProto> readable;
    for (TensorProto &tensor : *graph.mutable_initializer()) {
      if (restore(tensor))
        readable.Add()->Swap(&tensor);
      else
        declare(graph, tensor.name(), tensor);
    }
    graph.mutable_initializer()->Swap(&readable);
    google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes;
    nodes.Reserve(graph.node_size());
    for (onnx::NodeProto &node : *graph.mutable_node()) {
      bool keep = true;
      for (onnx::AttributeProto &attribute : *node.mutable_attribute()) {
        if (attribute.has_t() && !restore(*attribute.mutable_t()) && node.op_type() == "Constant" && node.output_size() == 1) {
          declare(graph, node.output(0), attribute.t());
          keep = false;
        }
        if (attribute.has_g())
          visit(*attribute.mutable_g());
        for (onnx::GraphProto &subgraph : *attribute.mutable_graphs())
          visit(subgraph);
      }
      if (keep)
        nodes.Add()->Swap(&node);
    }
    graph.mutable_node()->Swap(&nodes);
  }

private:
  /// True when the tensor has its data in itself afterwards.
  bool restore(TensorProto &tensor) const {
    if (!isExternal(tensor) && !cutOffset(tensor))
      return true;
    absl::StatusOr<Initializer> data = model.tensor(tensor);
    if (!data.ok() || data->bytes().size() > kReadableBytes)
      return false;
    tensor.clear_external_data();
    tensor.clear_data_location();
    tensor.set_raw_data(data->bytes().data(), data->bytes().size());
    return true;
  }

  static void declare(onnx::GraphProto &graph, const std::string &name, const TensorProto &tensor) {
    for (onnx::ValueInfoProto &value : *graph.mutable_value_info())
      if (value.name() == name)
        return;
    onnx::ValueInfoProto &value = *graph.add_value_info();
    value.set_name(name);
    *value.mutable_type() = typeOf(tensor);
  }

  const Model &model;
};

bool known(const TypeProto &type) { return type.value_case() != TypeProto::VALUE_NOT_SET; }

std::string printedType(const TypeProto &type) {
  if (type.value_case() != TypeProto::kTensorType)
    return type.ShortDebugString();
  std::string text = TensorProto::DataType_IsValid(type.tensor_type().elem_type())
                         ? TensorProto::DataType_Name(static_cast<TensorProto::DataType>(type.tensor_type().elem_type()))
                         : absl::StrCat("type ", type.tensor_type().elem_type());
  if (!type.tensor_type().has_shape())
    return absl::StrCat(text, "[unknown rank]");
  std::string dims;
  for (const auto &dim : type.tensor_type().shape().dim())
    absl::StrAppend(&dims, dims.empty() ? "" : ", ",
                    dim.has_dim_value()   ? absl::StrCat(dim.dim_value())
                    : dim.has_dim_param() ? dim.dim_param()
                                          : "?");
  return absl::StrCat(text, "[", dims, "]");
}

class Inference {
public:
  Inference(const Model &model, const llvm::StringSet<> &brokenValues, std::vector<Diagnostic> &problems)
      : model(model), brokenValues(brokenValues), problems(problems), graph(model.graph()), opsets(model.opsets().begin(), model.opsets().end()),
        options(/*check_type_val=*/true, /*strict_mode_val=*/1, /*data_prop_val=*/true) {
    for (const onnx::FunctionProto &function : model.proto().functions())
      functions.emplace(functionKey(function.domain(), function.name(), function.overload()), &function);
    DataRestorer(model).visit(graph);
  }

  llvm::StringMap<TypeProto> run() {
    inference::TraverseGraphsToAddExistingSymbols(graph, symbols);
    for (auto *values : {graph.mutable_value_info(), graph.mutable_input(), graph.mutable_output()})
      for (onnx::ValueInfoProto &value : *values)
        if (known(value.type()) && !brokenValues.contains(value.name()))
          types[value.name()] = value.mutable_type();
    for (const TensorProto &tensor : graph.initializer()) {
      data[tensor.name()] = &tensor;
      types[tensor.name()] = &storage.emplace_back(typeOf(tensor));
    }
    for (const onnx::SparseTensorProto &tensor : graph.sparse_initializer())
      addSparse(tensor);
    for (onnx::NodeProto &node : *graph.mutable_node())
      inferNode(node);
    llvm::StringMap<TypeProto> result;
    for (auto &[name, type] : types)
      result[name] = *type;
    return result;
  }

private:
  static std::string functionKey(const std::string &domain, const std::string &name, const std::string &overload) {
    return absl::StrCat(schema::normalDomain(domain).str(), ":", name, overload.empty() ? "" : ":", overload); // the form that ONNX looks up
  }

  void report(const onnx::NodeProto &node, std::string message) { problems.push_back(problemOf(node, model.opsets(), std::move(message))); }

  void addSparse(const onnx::SparseTensorProto &tensor) {
    TypeProto &type = storage.emplace_back();
    type.mutable_sparse_tensor_type()->set_elem_type(tensor.values().data_type());
    for (int64_t dim : tensor.dims())
      type.mutable_sparse_tensor_type()->mutable_shape()->add_dim()->set_dim_value(dim);
    types[tensor.values().name()] = &type;
    sparseData[tensor.values().name()] = &tensor;
  }

  bool inputsKnown(const onnx::NodeProto &node) const {
    for (const std::string &input : node.input())
      if (!input.empty() && !types.contains(input))
        return false;
    for (const std::string &output : node.output())
      if (brokenValues.contains(output))
        return false;
    return true;
  }

  void inferNode(onnx::NodeProto &node) {
    if (!inputsKnown(node)) {
      complete = false;
      return;
    }
    // A subgraph may use a value whose type is unknown; ONNX would blame the node that uses it.
    options.error_mode = complete ? 1 : 0;
    inference::GraphInferenceContext graphContext(types, opsets, &symbols, functions, &schema::registry(), &shapes, model.proto().ir_version());
    inference::InferenceContextImpl context(node, types, data, sparseData, options, &shapes, &graphContext);
    try {
      callInference(node, context);
    } catch (const std::exception &error) {
      report(node, error.what());
      complete = false;
      return;
    }
    for (int i = 0; i < node.output_size(); ++i)
      if (!node.output(i).empty())
        setType(node, node.output(i), *context.getOutputType(i));
    addConstant(node);
    propagateData(node);
  }

  const onnx::OpSchema *schemaOf(const onnx::NodeProto &node) const {
    auto import = opsets.find(node.domain());
    return import == opsets.end() ? nullptr : schema::findSchema(node.domain(), node.op_type(), import->second);
  }

  void callInference(const onnx::NodeProto &node, onnx::InferenceContext &context) {
    auto local = functions.find(functionKey(node.domain(), node.op_type(), node.overload()));
    if (local != functions.end())
      return callFunction(*local->second, context);
    const onnx::OpSchema *schema = schemaOf(node);
    if (!schema)
      return;
    if (schema->has_type_and_shape_inference_function()) {
      schema->GetTypeAndShapeInferenceFunction()(context);
    } else if (schema::hasFunctionBody(*schema)) {
      std::vector<TypeProto> inputs(node.input_size());
      for (int i = 0; i < node.input_size(); ++i)
        if (const TypeProto *type = context.getInputType(i))
          inputs[i] = *type;
      if (absl::StatusOr<onnx::FunctionProto> body = schema::functionBody(node, model.opsets(), inputs); body.ok())
        callFunction(*body, context);
    }
    schema->CheckInputOutputType(context);
  }

  void callFunction(const onnx::FunctionProto &function, onnx::InferenceContext &context) {
    onnx::FunctionProto called = function;
    while (called.output_size() > static_cast<int>(context.getNumOutputs())) // ONNX's inference would write types of outputs that the node leaves out
      called.mutable_output()->RemoveLast();
    inference::InferShapeForFunctionNode(called, &schema::registry(), context, options, functions, &symbols, &shapes);
  }

  void setType(const onnx::NodeProto &node, const std::string &name, TypeProto &inferred) {
    if (!known(inferred))
      return;
    auto it = types.find(name);
    try {
      inference::MaterializeSymbolicShape(&inferred, symbols);
      if (it != types.end())
        inference::mergeShapesAndTypes(inferred, it->second);
      else
        types[name] = &storage.emplace_back(std::move(inferred));
    } catch (const std::exception &) {
      report(node, absl::StrCat("value '", name, "' is declared as ", printedType(*it->second), ", but its operator makes ", printedType(inferred)));
    }
  }

  /// Values of constants improve the inference of nodes that take shapes, axes and the like.
  void addConstant(const onnx::NodeProto &node) {
    if (node.op_type() != "Constant" || !node.domain().empty() || node.output_size() != 1)
      return;
    for (const onnx::AttributeProto &attribute : node.attribute()) {
      TensorProto tensor;
      switch (attribute.type()) {
      case onnx::AttributeProto::TENSOR:
        data[node.output(0)] = &attribute.t();
        continue;
      case onnx::AttributeProto::SPARSE_TENSOR:
        sparseData[node.output(0)] = &attribute.sparse_tensor();
        continue;
      case onnx::AttributeProto::INT:
        tensor = onnx::ToTensor(attribute.i());
        break;
      case onnx::AttributeProto::FLOAT:
        tensor = onnx::ToTensor(attribute.f());
        break;
      case onnx::AttributeProto::INTS:
        tensor = onnx::ToTensor(std::vector<int64_t>(attribute.ints().begin(), attribute.ints().end()));
        tensor.add_dims(attribute.ints_size());
        break;
      case onnx::AttributeProto::FLOATS:
        tensor = onnx::ToTensor(std::vector<float>(attribute.floats().begin(), attribute.floats().end()));
        tensor.add_dims(attribute.floats_size());
        break;
      default:
        continue;
      }
      data[node.output(0)] = &constants.emplace_back(std::move(tensor));
    }
  }

  void propagateData(onnx::NodeProto &node) {
    const onnx::OpSchema *schema = schemaOf(node);
    if (!schema || !schema->has_data_propagation_function())
      return;
    inference::DataPropagationContextImpl context(node, types, data, shapes);
    try {
      schema->GetDataPropagationFunction()(context);
    } catch (const std::exception &error) {
      report(node, error.what());
    }
  }

  const Model &model;
  const llvm::StringSet<> &brokenValues;
  std::vector<Diagnostic> &problems;
  onnx::GraphProto graph;
  std::unordered_map<std::string, int> opsets;
  onnx::ShapeInferenceOptions options;
  inference::ModelLocalFunctionsMap functions;
  inference::SymbolTableImpl symbols;
  inference::DataValueMap shapes;
  std::unordered_map<std::string, TypeProto *> types;
  std::unordered_map<std::string, const TensorProto *> data;
  std::unordered_map<std::string, const onnx::SparseTensorProto *> sparseData;
  std::deque<TypeProto> storage;
  std::deque<TensorProto> constants;
  bool complete = true; ///< false as soon as the type of a value is unknown
};

} // namespace

llvm::StringMap<TypeProto> inferTypes(const Model &model, const llvm::StringSet<> &brokenValues, std::vector<Diagnostic> &problems) {
  try {
    return Inference(model, brokenValues, problems).run();
  } catch (const std::exception &error) { // nothing is known to get here, but no exception may leave this library
    problems.push_back({"", "", "", 0, absl::StrCat("types cannot be inferred: ", error.what())});
    return {};
  }
}

} // namespace ingot::ingest
