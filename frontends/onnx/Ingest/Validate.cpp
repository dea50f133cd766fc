// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Ingest/Validate.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "frontends/onnx/Ingest/CheckCalls.h"
#include "frontends/onnx/Ingest/CheckGraph.h"
#include "frontends/onnx/Ingest/InferTypes.h"
#include "frontends/onnx/Schema/Functions.h"
#include "llvm/ADT/StringSet.h"

namespace ingot::ingest {
namespace {

/// The first version that has opset imports.
constexpr int64_t kOldestIrVersion = 3;

/// Gives every node a name and writes ONNX's domain in one way.
class NodeNamer {
public:
  void visit(onnx::ModelProto &model) {
    collect(model.graph());
    for (const onnx::FunctionProto &function : model.functions())
      collect(function);
    name(*model.mutable_graph(), "");
    for (onnx::FunctionProto &function : *model.mutable_functions()) {
      setNormal(function);
      for (onnx::OperatorSetIdProto &import : *function.mutable_opset_import())
        setNormal(import);
      name(function, function.name() + "/");
    }
    for (onnx::OperatorSetIdProto &import : *model.mutable_opset_import())
      setNormal(import);
  }

private:
  template <class Proto> static void setNormal(Proto &proto) {
    if (proto.domain() == "ai.onnx")
      proto.clear_domain();
  }

  template <class Body> void collect(const Body &body) {
    for (const onnx::NodeProto &node : body.node()) {
      used.insert(node.name());
      for (const onnx::AttributeProto &attribute : node.attribute()) {
        if (attribute.has_g())
          collect(attribute.g());
        for (const onnx::GraphProto &graph : attribute.graphs())
          collect(graph);
      }
    }
  }

  template <class Body> void name(Body &body, const std::string &prefix) {
    for (int i = 0; i < body.node_size(); ++i) {
      onnx::NodeProto &node = *body.mutable_node(i);
      setNormal(node);
      if (node.name().empty()) {
        std::string name = absl::StrCat(prefix, node.op_type(), "_", i);
        while (!used.insert(name).second)
          name += "_";
        node.set_name(name);
      }
      for (onnx::AttributeProto &attribute : *node.mutable_attribute()) {
        if (attribute.has_g())
          this->name(*attribute.mutable_g(), node.name() + "/");
        for (onnx::GraphProto &graph : *attribute.mutable_graphs())
          this->name(graph, node.name() + "/");
      }
    }
  }

  llvm::StringSet<> used;
};

} // namespace

class Validator {
public:
  explicit Validator(Model &model) : model(model) {}

  std::vector<Diagnostic> run() {
    checkHeader();
    NodeNamer().visit(model.model);
    checkFunctions();
    checkMainGraph(model, *model.model.mutable_graph(), findings);
    fillInitializers();
    if (findings.typesMakeSense)
      model.types = inferTypes(model, findings.brokenValues, findings.problems);
    return std::move(findings.problems);
  }

private:
  void report(std::string message) { findings.problems.push_back({"", "", "", 0, std::move(message)}); }

  void checkHeader() {
    int64_t version = model.model.ir_version();
    if (version < kOldestIrVersion || version > onnx::Version::IR_VERSION)
      report(absl::StrCat("the model has IR version ", version, ", supported are ", kOldestIrVersion, " to ",
                          static_cast<int>(onnx::Version::IR_VERSION)));
    if (model.model.opset_import().empty())
      report("the model imports no operator set");
    checkImports(model.model, "the model");
  }

  template <class Proto> void checkImports(const Proto &proto, const std::string &who) {
    std::map<std::string, int64_t> versions;
    for (const onnx::OperatorSetIdProto &import : proto.opset_import()) {
      std::string domain = schema::normalDomain(import.domain()).str();
      auto [it, inserted] = versions.emplace(domain, import.version());
      if (!inserted && it->second != import.version())
        report(absl::StrCat(who, " imports two versions of domain '", schema::printedDomain(domain).str(), "': ", it->second, " and ",
                            import.version()));
      // An unknown domain is a problem of the nodes that use it: exporters list domains that they do not use.
      std::optional<schema::VersionRange> range = schema::supportedOpsets(domain);
      if (range && (import.version() < range->first || import.version() > range->last)) {
        report(absl::StrCat(who, " imports opset ", import.version(), " of domain '", schema::printedDomain(domain).str(), "', supported are ",
                            range->first, " to ", range->last));
        findings.typesMakeSense = false;
      }
    }
  }

  void checkFunctions() {
    llvm::StringSet<> seen;
    for (onnx::FunctionProto &function : *model.model.mutable_functions()) {
      std::string name = absl::StrCat(function.domain(), ".", function.name(), function.overload().empty() ? "" : ".", function.overload());
      if (!seen.insert(name).second) {
        report(absl::StrCat("function '", name, "' is defined twice"));
        findings.typesMakeSense = false;
      }
      checkImports(function, absl::StrCat("function '", name, "'"));
      checkFunction(model, function, findings);
    }
    if (std::optional<std::string> problem = checkCalls(model.model, model.limits)) {
      report(std::move(*problem));
      findings.typesMakeSense = false;
    }
  }

  void fillInitializers() {
    model.initializers.clear();
    for (const onnx::TensorProto &tensor : model.graph().initializer())
      if (absl::StatusOr<Initializer> initializer = model.tensor(tensor); initializer.ok())
        model.initializers[tensor.name()] = std::move(*initializer);
  }

  Model &model;
  GraphFindings findings;
};

std::vector<Diagnostic> validate(Model &model) { return Validator(model).run(); }

std::string printed(llvm::ArrayRef<Diagnostic> problems) {
  return absl::StrJoin(problems, "\n", [](std::string *out, const Diagnostic &problem) { *out += problem.str(); });
}

absl::StatusOr<std::unique_ptr<Model>> loadModel(const std::string &path, const IngestOptions &options) {
  absl::StatusOr<std::unique_ptr<Model>> model = readModel(path, options);
  if (!model.ok())
    return model;
  std::vector<Diagnostic> problems = validate(**model);
  if (!problems.empty())
    return absl::InvalidArgumentError(absl::StrCat(path, ":\n", printed(problems)));
  return model;
}

} // namespace ingot::ingest
