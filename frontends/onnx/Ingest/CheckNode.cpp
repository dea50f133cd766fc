// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Ingest/CheckNode.h"

#include "absl/strings/str_cat.h"
#include "frontends/onnx/Schema/Functions.h"
#include "llvm/ADT/StringSet.h"

#include <limits>

namespace ingot::ingest {
namespace {

using onnx::AttributeProto;
using onnx::OpSchema;

std::string typeName(AttributeProto::AttributeType type) { return AttributeProto::AttributeType_Name(type); }

bool hasValue(const AttributeProto &attribute) {
  switch (attribute.type()) {
  case AttributeProto::TENSOR:
    return attribute.has_t();
  case AttributeProto::SPARSE_TENSOR:
    return attribute.has_sparse_tensor();
  case AttributeProto::GRAPH:
    return attribute.has_g();
  case AttributeProto::TYPE_PROTO:
    return attribute.has_tp();
  default:
    return true; // a number, string or list that is not written has its zero value
  }
}

class NodeChecker {
public:
  NodeChecker(const Model &model, const onnx::NodeProto &node, const NodeEnvironment &environment, std::vector<Diagnostic> &problems)
      : model(model), node(node), environment(environment), problems(problems) {}

  void check() {
    checkTensors();
    if (const onnx::FunctionProto *function = schema::findLocalFunction(model.proto(), node))
      return checkCall(*function);
    auto import = environment.opsets.find(node.domain());
    if (import == environment.opsets.end())
      return report(absl::StrCat("domain '", domain(), "' is not imported by the ", environment.function ? "function" : "model", knownDomainHint()));
    std::optional<schema::VersionRange> range = schema::supportedOpsets(node.domain());
    if (!range)
      return report(absl::StrCat("unknown domain '", domain(), "'", schema::didYouMean(node.domain(), schema::knownDomains())));
    if (import->second < range->first || import->second > range->last)
      return; // reported once, for the import
    if (const OpSchema *found = findOperator(import->second))
      checkAgainst(*found);
  }

private:
  void report(std::string message) { problems.push_back(problemOf(node, environment.opsets, std::move(message))); }

  std::string domain() const { return schema::printedDomain(node.domain()).str(); }

  std::string knownDomainHint() const {
    return schema::supportedOpsets(node.domain()) ? "" : absl::StrCat(" and unknown", schema::didYouMean(node.domain(), schema::knownDomains()));
  }

  const OpSchema *findOperator(int opset) {
    const OpSchema *found = schema::findSchema(node.domain(), node.op_type(), opset);
    if (found && !found->Deprecated())
      return found;
    if (found)
      report(absl::StrCat("operator '", node.op_type(), "' was removed in opset ", found->SinceVersion(), " of ", domain()));
    else if (std::optional<int> first = schema::firstVersion(node.domain(), node.op_type()))
      report(absl::StrCat("operator '", node.op_type(), "' exists since opset ", *first, " of ", domain(), ", the model imports opset ", opset));
    else
      report(absl::StrCat("unknown operator '", node.op_type(), "'", schema::didYouMean(node.op_type(), schema::opNames(node.domain()))));
    return nullptr;
  }

  void checkAgainst(const OpSchema &schema) {
    std::string complaint;
    try {
      schema.Verify(node);
    } catch (const std::exception &error) {
      complaint = error.what();
    }
    size_t before = problems.size();
    checkReferences();
    if (complaint.empty())
      return;
    checkArity("input", node.input(), schema.inputs(), schema.min_input(), schema.max_input());
    checkArity("output", node.output(), schema.outputs(), schema.min_output(), schema.max_output());
    checkAttributes(schema);
    if (problems.size() == before) // something that only ONNX's own check knows
      report(std::move(complaint));
  }

  void checkArity(const char *what, const google::protobuf::RepeatedPtrField<std::string> &names,
                  const std::vector<OpSchema::FormalParameter> &formals, int least, int most) {
    if (names.size() < least || names.size() > most) {
      std::string wanted = least == most                             ? absl::StrCat(least)
                           : most == std::numeric_limits<int>::max() ? absl::StrCat("at least ", least)
                                                                     : absl::StrCat(least, " to ", most);
      report(absl::StrCat("has ", names.size(), " ", what, names.size() == 1 ? "" : "s", ", operator '", node.op_type(), "' takes ", wanted));
    }
    for (int i = 0; i < names.size() && i < static_cast<int>(formals.size()); ++i)
      if (names[i].empty() && formals[i].GetOption() == OpSchema::Single)
        report(absl::StrCat(what, " ", i, " ('", formals[i].GetName(), "') is required but not connected"));
  }

  void checkAttributes(const OpSchema &schema) {
    llvm::StringSet<> present;
    std::vector<std::string> known;
    for (const auto &[name, attribute] : schema.attributes())
      known.push_back(name);
    for (const AttributeProto &attribute : node.attribute()) {
      if (!present.insert(attribute.name()).second)
        report(absl::StrCat("attribute '", attribute.name(), "' is given twice"));
      auto it = schema.attributes().find(attribute.name());
      if (it == schema.attributes().end()) {
        if (!llvm::StringRef(attribute.name()).starts_with("__")) // exporters' private notes
          report(
              absl::StrCat("operator '", node.op_type(), "' has no attribute '", attribute.name(), "'", schema::didYouMean(attribute.name(), known)));
      } else if (attribute.type() != it->second.type) {
        report(absl::StrCat("attribute '", attribute.name(), "' is of type ", typeName(attribute.type()), ", must be ", typeName(it->second.type)));
      } else if (attribute.ref_attr_name().empty() && !hasValue(attribute)) {
        report(absl::StrCat("attribute '", attribute.name(), "' has no value"));
      }
    }
    for (const std::string &name : known)
      if (schema.attributes().at(name).required && !present.contains(name))
        report(absl::StrCat("attribute '", name, "' is required but missing"));
  }

  /// Attributes of a function may be referred to in its body and nowhere else.
  void checkReferences() {
    for (const AttributeProto &attribute : node.attribute()) {
      const std::string &target = attribute.ref_attr_name();
      if (target.empty())
        continue;
      std::vector<std::string> known;
      if (environment.function) {
        known.assign(environment.function->attribute().begin(), environment.function->attribute().end());
        for (const AttributeProto &defaulted : environment.function->attribute_proto())
          known.push_back(defaulted.name());
      }
      if (std::find(known.begin(), known.end(), target) == known.end())
        report(absl::StrCat("attribute '", attribute.name(), "' refers to '", target, "', which is no attribute of an enclosing function",
                            schema::didYouMean(target, known)));
    }
  }

  void checkCall(const onnx::FunctionProto &function) {
    checkReferences();
    if (node.input_size() > function.input_size())
      report(absl::StrCat("has ", node.input_size(), " inputs, function '", function.name(), "' takes at most ", function.input_size()));
    if (node.output_size() > function.output_size())
      report(absl::StrCat("has ", node.output_size(), " outputs, function '", function.name(), "' gives at most ", function.output_size()));
    for (const std::string &name : function.attribute())
      if (std::none_of(node.attribute().begin(), node.attribute().end(), [&](const AttributeProto &attribute) { return attribute.name() == name; }))
        report(absl::StrCat("attribute '", name, "' is required by function '", function.name(), "' but missing"));
  }

  void checkTensor(const onnx::TensorProto &tensor, const std::string &attribute) {
    absl::StatusOr<Initializer> result = model.tensor(tensor, attribute);
    if (!result.ok())
      report(std::string(result.status().message()));
  }

  void checkTensors() {
    for (const AttributeProto &attribute : node.attribute()) {
      if (attribute.has_t())
        checkTensor(attribute.t(), attribute.name());
      for (const onnx::TensorProto &tensor : attribute.tensors())
        checkTensor(tensor, attribute.name());
      if (attribute.has_sparse_tensor()) {
        checkTensor(attribute.sparse_tensor().values(), attribute.name());
        checkTensor(attribute.sparse_tensor().indices(), attribute.name());
      }
    }
  }

  const Model &model;
  const onnx::NodeProto &node;
  const NodeEnvironment &environment;
  std::vector<Diagnostic> &problems;
};

} // namespace

std::string Diagnostic::str() const {
  if (op.empty())
    return message;
  std::string version = opset ? absl::StrCat(" opset ", opset) : "";
  return absl::StrCat("node '", node, "' (", op, ", ", schema::printedDomain(domain).str(), version, "): ", message);
}

Diagnostic problemOf(const onnx::NodeProto &node, const schema::OpsetImports &opsets, std::string message) {
  auto import = opsets.find(node.domain());
  return {node.name(), node.op_type(), node.domain(), import == opsets.end() ? 0 : import->second, std::move(message)};
}

void checkNode(const Model &model, const onnx::NodeProto &node, const NodeEnvironment &environment, std::vector<Diagnostic> &problems) {
  NodeChecker(model, node, environment, problems).check();
}

} // namespace ingot::ingest
