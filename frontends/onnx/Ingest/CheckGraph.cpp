// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Ingest/CheckGraph.h"

#include "absl/strings/str_cat.h"
#include "frontends/onnx/Ingest/ElementType.h"
#include "frontends/onnx/Ingest/TopologicalOrder.h"
#include "frontends/onnx/Schema/Functions.h"
#include "llvm/ADT/StringMap.h"

#include <algorithm>

namespace ingot::ingest {
namespace {

constexpr size_t kShownCycleNodes = 20;

/// Only the first problems come with a suggestion: searching all names for each of many would take long.
constexpr size_t kSuggestions = 20;

/// The values that the nodes of one graph can use: its own and those of the graphs around it.
struct Scope {
  const Scope *outer;
  llvm::StringMap<std::string> definitions; ///< name -> what defines it

  bool contains(llvm::StringRef name) const {
    for (const Scope *scope = this; scope; scope = scope->outer)
      if (scope->definitions.contains(name))
        return true;
    return false;
  }

  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const Scope *scope = this; scope; scope = scope->outer)
      for (const auto &entry : scope->definitions)
        result.push_back(entry.getKey().str());
    std::sort(result.begin(), result.end());
    return result;
  }
};

class GraphChecker {
public:
  GraphChecker(const Model &model, const NodeEnvironment &environment, GraphFindings &findings)
      : model(model), environment(environment), findings(findings) {}

  void checkGraph(onnx::GraphProto &graph, const Scope *outer, const std::string &where) {
    Scope scope{outer, {}};
    for (const onnx::ValueInfoProto &input : graph.input())
      define(scope, input.name(), absl::StrCat("an input of ", where));
    defineInitializers(graph, scope, where);
    defineOutputs(graph, scope);
    checkNodes(graph, scope, /*main=*/!outer);
    llvm::StringSet<> outputs;
    for (const onnx::ValueInfoProto &output : graph.output()) {
      checkOutput(output.name(), scope, where);
      if (!outputs.insert(output.name()).second)
        fail(absl::StrCat("'", output.name(), "' is twice an output of ", where));
    }
    for (auto *values : {graph.mutable_input(), graph.mutable_output(), graph.mutable_value_info()})
      for (onnx::ValueInfoProto &value : *values)
        if (value.has_type())
          checkDeclared(value.name(), *value.mutable_type());
    sort(graph, where);
  }

  void checkFunction(onnx::FunctionProto &function, const std::string &where) {
    Scope scope{nullptr, {}};
    for (const std::string &input : function.input())
      define(scope, input, absl::StrCat("an input of ", where));
    defineOutputs(function, scope);
    checkNodes(function, scope, /*main=*/false);
    for (const std::string &output : function.output())
      checkOutput(output, scope, where);
    sort(function, where);
  }

private:
  std::string suggestion(llvm::StringRef name, const Scope &scope) const {
    return findings.problems.size() < kSuggestions ? schema::didYouMean(name, scope.names()) : "";
  }

  void report(std::string message) { findings.problems.push_back({"", "", "", 0, std::move(message)}); }

  /// Reports a problem that leaves values missing or ambiguous.
  void fail(std::string message) {
    findings.typesMakeSense = false;
    report(std::move(message));
  }

  void define(Scope &scope, const std::string &name, std::string what) {
    if (name.empty())
      return fail(absl::StrCat(what, " has no name"));
    auto [it, inserted] = scope.definitions.try_emplace(name, what);
    if (!inserted)
      fail(absl::StrCat("value '", name, "' is defined twice: as ", it->second, " and as ", what));
  }

  void defineInitializers(const onnx::GraphProto &graph, Scope &scope, const std::string &where) {
    llvm::StringSet<> seen;
    auto add = [&](const std::string &name) {
      if (name.empty())
        return fail(absl::StrCat("an initialiser of ", where, " has no name"));
      if (!seen.insert(name).second)
        return fail(absl::StrCat("initialiser '", name, "' of ", where, " is defined twice"));
      scope.definitions.try_emplace(name, absl::StrCat("an initialiser of ", where)); // an input of that name has it as its default value
    };
    for (const onnx::TensorProto &tensor : graph.initializer()) {
      add(tensor.name());
      checkTensor(tensor, "an initialiser");
    }
    for (const onnx::SparseTensorProto &tensor : graph.sparse_initializer()) {
      add(tensor.values().name());
      checkTensor(tensor.values(), "a sparse initialiser");
      checkTensor(tensor.indices(), "the indices of a sparse initialiser");
    }
  }

  void checkTensor(const onnx::TensorProto &tensor, llvm::StringRef fallbackName) {
    absl::StatusOr<Initializer> result = model.tensor(tensor, fallbackName);
    if (!result.ok())
      report(std::string(result.status().message()));
  }

  template <class Body> void defineOutputs(const Body &body, Scope &scope) {
    for (const onnx::NodeProto &node : body.node())
      for (const std::string &output : node.output())
        if (!output.empty())
          define(scope, output, absl::StrCat("an output of node '", node.name(), "'"));
  }

  template <class Body> void checkNodes(Body &body, const Scope &scope, bool main) {
    for (onnx::NodeProto &node : *body.mutable_node()) {
      size_t before = findings.problems.size();
      checkNode(model, node, environment, findings.problems);
      for (const std::string &input : node.input())
        if (!input.empty() && !scope.contains(input)) {
          findings.typesMakeSense = false;
          findings.problems.push_back(
              problemOf(node, environment.opsets, absl::StrCat("uses value '", input, "', which nothing produces", suggestion(input, scope))));
        }
      for (onnx::AttributeProto &attribute : *node.mutable_attribute())
        checkSubgraphs(node, attribute, scope);
      if (main && findings.problems.size() != before)
        for (const std::string &output : node.output())
          findings.brokenValues.insert(output);
    }
  }

  void checkSubgraphs(const onnx::NodeProto &node, onnx::AttributeProto &attribute, const Scope &scope) {
    std::string where = absl::StrCat("subgraph '", attribute.name(), "' of node '", node.name(), "'");
    if (attribute.has_g())
      checkGraph(*attribute.mutable_g(), &scope, where);
    for (onnx::GraphProto &graph : *attribute.mutable_graphs())
      checkGraph(graph, &scope, where);
  }

  void checkOutput(const std::string &name, const Scope &scope, const std::string &where) {
    if (name.empty())
      fail(absl::StrCat("an output of ", where, " has no name"));
    else if (!scope.contains(name))
      fail(absl::StrCat("output '", name, "' of ", where, " is produced by no node", suggestion(name, scope)));
  }

  void checkDeclared(const std::string &name, onnx::TypeProto &type) {
    switch (type.value_case()) {
    case onnx::TypeProto::kTensorType:
      return checkDeclaredTensor(name, *type.mutable_tensor_type());
    case onnx::TypeProto::kSparseTensorType:
      return checkDeclaredTensor(name, *type.mutable_sparse_tensor_type());
    case onnx::TypeProto::kSequenceType:
      return checkDeclared(name, *type.mutable_sequence_type()->mutable_elem_type());
    case onnx::TypeProto::kOptionalType:
      return checkDeclared(name, *type.mutable_optional_type()->mutable_elem_type());
    case onnx::TypeProto::kMapType:
      return checkDeclared(name, *type.mutable_map_type()->mutable_value_type());
    default:
      return;
    }
  }

  template <class TensorType> void checkDeclaredTensor(const std::string &name, TensorType &type) {
    if (type.elem_type() != onnx::TensorProto::UNDEFINED && !elementBits(type.elem_type()))
      return fail(absl::StrCat("value '", name, "' is declared with an unknown element type (code ", type.elem_type(), ")"));
    if (!type.has_shape())
      return;
    if (type.shape().dim_size() > model.options().maxRank)
      return fail(absl::StrCat("value '", name, "' is declared with ", type.shape().dim_size(), " dims, the limit is ", model.options().maxRank));
    std::vector<int64_t> dims; // the known ones: the product of all is at least theirs unless an unknown one is 0
    for (auto &dim : *type.mutable_shape()->mutable_dim()) {
      if (dim.has_dim_value() && dim.dim_value() == -1)
        dim.clear_value(); // how several exporters write a dim that is not known
      if (!dim.has_dim_value())
        continue;
      dims.push_back(dim.dim_value());
      if (dim.dim_value() < 0)
        return fail(absl::StrCat("value '", name, "' is declared with a dim of ", dim.dim_value()));
    }
    std::optional<uint64_t> count = elementCount(dims);
    if (!count || *count > model.options().maxTensorBytes || payloadBytes(type.elem_type(), *count) > model.options().maxTensorBytes)
      fail(absl::StrCat("value '", name, "' is declared with dims ", printedDims(dims), ", which is more than the limit of ",
                        model.options().maxTensorBytes, " bytes"));
  }

  template <class Body> void sort(Body &body, const std::string &where) {
    std::vector<int> cycle = sortTopologically(*body.mutable_node());
    if (cycle.empty())
      return;
    std::string path;
    for (size_t i = 0; i < std::min(cycle.size(), kShownCycleNodes); ++i)
      absl::StrAppend(&path, "'", body.node(cycle[i]).name(), "' -> ");
    if (cycle.size() > kShownCycleNodes)
      absl::StrAppend(&path, "... -> ");
    fail(absl::StrCat(where, " has a cycle of ", cycle.size(), cycle.size() == 1 ? " node: " : " nodes: ", path, "'", body.node(cycle[0]).name(),
                      "'"));
  }

  const Model &model;
  const NodeEnvironment &environment;
  GraphFindings &findings;
};

/// The border of the main graph: inputs need a type, and one with an initialiser is a constant.
void checkInputs(onnx::GraphProto &graph, GraphFindings &findings) {
  llvm::StringMap<const onnx::TensorProto *> constants;
  for (const onnx::TensorProto &tensor : graph.initializer())
    constants[tensor.name()] = &tensor;
  google::protobuf::RepeatedPtrField<onnx::ValueInfoProto> inputs;
  for (onnx::ValueInfoProto &input : *graph.mutable_input()) {
    auto constant = constants.find(input.name());
    if (constant == constants.end()) {
      if (input.type().value_case() == onnx::TypeProto::VALUE_NOT_SET ||
          (input.type().has_tensor_type() && input.type().tensor_type().elem_type() == 0))
        findings.problems.push_back({"", "", "", 0, absl::StrCat("input '", input.name(), "' of the graph has no type")});
      inputs.Add()->Swap(&input);
      continue;
    }
    const onnx::TypeProto::Tensor &declared = input.type().tensor_type();
    const onnx::TensorProto &tensor = *constant->second;
    std::vector<int64_t> dims(tensor.dims().begin(), tensor.dims().end());
    bool same = !input.has_type() || declared.elem_type() == tensor.data_type();
    if (declared.has_shape() && same) {
      same = declared.shape().dim_size() == tensor.dims_size();
      for (int i = 0; same && i < tensor.dims_size(); ++i)
        same = !declared.shape().dim(i).has_dim_value() || declared.shape().dim(i).dim_value() == tensor.dims(i);
    }
    if (!same)
      findings.problems.push_back({"", "", "", 0,
                                   absl::StrCat("input '", input.name(), "' is declared with another type than its initialiser, which is ",
                                                elementTypeName(tensor.data_type()), printedDims(dims))});
  }
  graph.mutable_input()->Swap(&inputs);
}

} // namespace

void checkMainGraph(const Model &model, onnx::GraphProto &graph, GraphFindings &findings) {
  NodeEnvironment environment{model.opsets()};
  GraphChecker(model, environment, findings).checkGraph(graph, nullptr, "the graph");
  checkInputs(graph, findings);
}

void checkFunction(const Model &model, onnx::FunctionProto &function, GraphFindings &findings) {
  schema::OpsetImports opsets = schema::opsetImports(function);
  NodeEnvironment environment{opsets, &function};
  GraphChecker(model, environment, findings).checkFunction(function, absl::StrCat("function '", function.name(), "'"));
}

} // namespace ingot::ingest
