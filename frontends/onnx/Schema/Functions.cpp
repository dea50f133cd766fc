// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Schema/Functions.h"

#include "absl/strings/str_cat.h"
#include "onnx/common/visitor.h"
#include "onnx/shape_inference/attribute_binder.h"
#include "llvm/ADT/StringSet.h"

#include <algorithm>
#include <map>

namespace ingot::schema {
namespace {

template <class Proto> OpsetImports importsOf(const Proto &proto) {
  OpsetImports imports;
  for (const onnx::OperatorSetIdProto &import : proto.opset_import())
    imports[normalDomain(import.domain()).str()] = static_cast<int>(import.version());
  return imports;
}

std::string described(const onnx::NodeProto &node) {
  return absl::StrCat("node '", node.name(), "' (", printedDomain(node.domain()).str(), ".", node.op_type(), ")");
}

/// Moves the attributes that have a default in the schema from `attribute` (names) to `attribute_proto` (values).
void addDefaults(const onnx::OpSchema &schema, onnx::FunctionProto &body) {
  google::protobuf::RepeatedPtrField<std::string> without;
  llvm::StringSet<> present;
  for (const onnx::AttributeProto &attribute : body.attribute_proto())
    present.insert(attribute.name());
  for (const std::string &name : body.attribute()) {
    const onnx::AttributeProto *value = attributeDefault(schema, name);
    if (!value)
      *without.Add() = name;
    else if (present.insert(name).second)
      *body.add_attribute_proto() = *value;
  }
  body.mutable_attribute()->Swap(&without);
}

/// Gives the values and nodes of a body names that are unique in the caller. Subgraphs open scopes of their own.
class Renamer final : public onnx::internal::MutableVisitor {
public:
  explicit Renamer(llvm::StringRef prefix) : prefix(prefix.str() + "/"), scopes(1) {}

  void bind(const std::string &formal, const std::string &actual) { scopes.back()[formal] = actual; }
  std::string define(const std::string &name) { return scopes.back()[name] = prefix + name; }

  void VisitNode(onnx::NodeProto &node) override {
    node.set_name(prefix + (node.name().empty() ? absl::StrCat(node.op_type(), "_", count) : node.name()));
    ++count;
    for (std::string &input : *node.mutable_input())
      rename(input, /*define=*/false);
    for (onnx::AttributeProto &attribute : *node.mutable_attribute())
      VisitAttribute(attribute); // before the outputs: a subgraph does not see them
    for (std::string &output : *node.mutable_output())
      rename(output, /*define=*/true);
  }

  void VisitGraph(onnx::GraphProto &graph) override {
    scopes.emplace_back();
    for (onnx::ValueInfoProto &input : *graph.mutable_input())
      input.set_name(define(input.name()));
    for (onnx::TensorProto &tensor : *graph.mutable_initializer())
      tensor.set_name(define(tensor.name()));
    for (onnx::SparseTensorProto &tensor : *graph.mutable_sparse_initializer())
      tensor.mutable_values()->set_name(define(tensor.values().name()));
    for (onnx::NodeProto &node : *graph.mutable_node())
      for (const std::string &output : node.output())
        if (!output.empty())
          define(output);
    for (onnx::NodeProto &node : *graph.mutable_node())
      VisitNode(node);
    for (onnx::ValueInfoProto &value : *graph.mutable_output())
      rename(*value.mutable_name(), /*define=*/false);
    for (onnx::ValueInfoProto &value : *graph.mutable_value_info())
      rename(*value.mutable_name(), /*define=*/false);
    scopes.pop_back();
  }

private:
  void rename(std::string &name, bool define) {
    if (name.empty())
      return;
    for (auto scope = scopes.rbegin(); scope != scopes.rend(); ++scope)
      if (auto it = scope->find(name); it != scope->end()) {
        name = it->second;
        return;
      }
    if (define)
      name = this->define(name);
  }

  std::string prefix;
  std::vector<std::map<std::string, std::string>> scopes;
  int count = 0;
};

/// The opset to take a schema's body for. Some were written for a later opset than the operator is from; since the operator did not change in
/// between they define it for the earlier opsets as well.
int bodyOpset(const std::vector<int> &versions, int opset) { return std::max(opset, *std::min_element(versions.begin(), versions.end())); }

/// The values of a function's attributes in one call: the node's, else the function's defaults.
onnx::internal::AttributeMap attributeValues(const onnx::NodeProto &node, const onnx::FunctionProto &body) {
  onnx::internal::AttributeMap values;
  for (const onnx::AttributeProto &attribute : body.attribute_proto())
    values[attribute.name()] = &attribute;
  for (const onnx::AttributeProto &attribute : node.attribute())
    values[attribute.name()] = &attribute;
  return values;
}

} // namespace

OpsetImports opsetImports(const onnx::ModelProto &model) { return importsOf(model); }
OpsetImports opsetImports(const onnx::FunctionProto &function) { return importsOf(function); }

const onnx::FunctionProto *findLocalFunction(const onnx::ModelProto &model, const onnx::NodeProto &node) {
  for (const onnx::FunctionProto &function : model.functions())
    if (function.name() == node.op_type() && normalDomain(function.domain()) == normalDomain(node.domain()) && function.overload() == node.overload())
      return &function;
  return nullptr;
}

bool hasFunctionBody(const onnx::OpSchema &schema) { return schema.HasFunction() || schema.HasContextDependentFunction(); }

absl::StatusOr<onnx::FunctionProto> functionBody(const onnx::NodeProto &node, const OpsetImports &opsets,
                                                 llvm::ArrayRef<onnx::TypeProto> inputTypes) {
  auto import = opsets.find(normalDomain(node.domain()).str());
  if (import == opsets.end())
    return absl::NotFoundError(absl::StrCat(described(node), ": domain '", printedDomain(node.domain()).str(), "' is not imported"));
  const onnx::OpSchema *schema = findSchema(node.domain(), node.op_type(), import->second);
  if (!schema || !hasFunctionBody(*schema))
    return absl::NotFoundError(absl::StrCat(described(node), " has no function body"));
  try {
    onnx::FunctionProto body;
    if (schema->HasFunction()) {
      int opset = bodyOpset(schema->function_opset_versions(), import->second);
      body = *schema->GetFunction(opset);
      // A body is valid from its own version up to the requested one: its operators mean what they mean in that opset.
      for (onnx::OperatorSetIdProto &imported : *body.mutable_opset_import())
        if (normalDomain(imported.domain()) == normalDomain(node.domain()))
          imported.set_version(opset);
    } else {
      onnx::FunctionBodyBuildContextImpl context(node, inputTypes.vec());
      int opset = bodyOpset(schema->context_dependent_function_opset_versions(), import->second);
      if (!schema->BuildContextDependentFunction(context, body, opset))
        return absl::FailedPreconditionError(
            absl::StrCat(described(node), ": its function body cannot be made for these input types and attributes"));
    }
    // Bodies of other domains name only their own: ONNX's operators mean what they mean to the caller.
    if (!importsOf(body).count(""))
      if (auto onnxImport = opsets.find(""); onnxImport != opsets.end() || supportedOpsets("")) {
        onnx::OperatorSetIdProto &imported = *body.add_opset_import();
        imported.set_version(onnxImport != opsets.end() ? onnxImport->second : supportedOpsets("")->last);
      }
    addDefaults(*schema, body);
    return body;
  } catch (const std::exception &error) {
    return absl::FailedPreconditionError(absl::StrCat(described(node), ": its function body cannot be made: ", error.what()));
  }
}

absl::StatusOr<ExpandedFunction> expandFunction(const onnx::NodeProto &node, const onnx::FunctionProto &body, llvm::StringRef prefix) {
  if (node.input_size() > body.input_size() || node.output_size() > body.output_size())
    return absl::InvalidArgumentError(absl::StrCat(described(node), " has ", node.input_size(), " inputs and ", node.output_size(),
                                                   " outputs, the function has ", body.input_size(), " and ", body.output_size()));
  Renamer renamer(prefix);
  for (int i = 0; i < body.input_size(); ++i)
    renamer.bind(body.input(i), i < node.input_size() ? node.input(i) : "");
  llvm::StringSet<> inputs, bound;
  for (const std::string &input : body.input())
    inputs.insert(input);

  ExpandedFunction result{{}, opsetImports(body)};
  std::vector<onnx::NodeProto> copies; // of outputs that no node of the body makes under the caller's name
  for (int i = 0; i < node.output_size(); ++i) {
    if (node.output(i).empty())
      continue;
    if (!inputs.contains(body.output(i)) && bound.insert(body.output(i)).second) {
      renamer.bind(body.output(i), node.output(i));
      continue;
    }
    onnx::NodeProto &copy = copies.emplace_back();
    copy.set_op_type("Identity");
    copy.set_name(absl::StrCat("copy_", i));
    copy.add_input(body.output(i));
    copy.add_output(absl::StrCat("copy_", i));
    renamer.bind(copy.output(0), node.output(i));
  }

  onnx::internal::AttributeMap values = attributeValues(node, body);
  onnx::internal::AttributeBinder binder(values);
  result.nodes.assign(body.node().begin(), body.node().end());
  result.nodes.insert(result.nodes.end(), copies.begin(), copies.end());
  for (onnx::NodeProto &inlined : result.nodes) {
    binder.VisitNode(inlined);
    renamer.VisitNode(inlined);
    inlined.set_domain(normalDomain(inlined.domain()).str());
  }
  if (!copies.empty())
    result.opsets.try_emplace("", supportedOpsets("")->last);
  return result;
}

absl::StatusOr<ExpandedFunction> expandFunction(const onnx::NodeProto &node, const OpsetImports &opsets, llvm::ArrayRef<onnx::TypeProto> inputTypes,
                                                llvm::StringRef prefix, const onnx::ModelProto *model) {
  if (model)
    if (const onnx::FunctionProto *function = findLocalFunction(*model, node))
      return expandFunction(node, *function, prefix);
  absl::StatusOr<onnx::FunctionProto> body = functionBody(node, opsets, inputTypes);
  if (!body.ok())
    return body.status();
  return expandFunction(node, *body, prefix);
}

} // namespace ingot::schema
