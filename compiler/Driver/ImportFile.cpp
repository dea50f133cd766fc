// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/ImportFile.h"

#include "compiler/Driver/Diagnostics.h"
#include "compiler/Driver/UsageError.h"
#include "frontends/onnx/Import/Import.h"
#include "frontends/onnx/Ingest/CheckNode.h"
#include "frontends/onnx/Ingest/Validate.h"

using namespace mlir;

namespace ingot {
namespace {

/// The dims of inputs that neither the model nor an option fixes, a line for each: fixing one may help where an open one cannot be compiled.
std::string openInputDims(const onnx::GraphProto &graph, const CompileOptions &options) {
  std::string text;
  for (const onnx::ValueInfoProto &input : graph.input()) {
    bool isWeight = llvm::any_of(graph.initializer(), [&](const onnx::TensorProto &tensor) { return tensor.name() == input.name(); });
    if (isWeight || options.inputShapes.count(input.name()))
      continue;
    for (auto [i, dim] : llvm::enumerate(input.type().tensor_type().shape().dim()))
      if (!dim.has_dim_value() && !options.dims.count(dim.dim_param()) && !options.ranges.count(dim.dim_param()))
        text += (text.empty() ? "dim " : "\ndim ") + std::to_string(i) + " of input '" + input.name() + "' is not fixed: give --input-shape " +
                input.name() + "=..." + (dim.dim_param().empty() ? "" : " or --dim " + dim.dim_param() + "=N");
  }
  return text;
}

} // namespace

void walkNodes(const onnx::GraphProto &graph, llvm::function_ref<void(const onnx::NodeProto &)> visit) {
  for (const onnx::NodeProto &node : graph.node()) {
    visit(node);
    for (const onnx::AttributeProto &attribute : node.attribute()) {
      if (attribute.has_g())
        walkNodes(attribute.g(), visit);
      for (const onnx::GraphProto &inner : attribute.graphs())
        walkNodes(inner, visit);
    }
  }
}

absl::StatusOr<ImportedModel> importFile(MLIRContext &context, const CompileOptions &options, DiagnosticCollector &diagnostics) {
  ImportedModel imported;
  absl::StatusOr<std::unique_ptr<ingest::Model>> loaded = ingest::readModel(options.input);
  if (!loaded.ok())
    return loaded.status();
  imported.model = std::move(*loaded);
  ingest::Model &model = *imported.model;
  if (std::vector<ingest::Diagnostic> problems = ingest::validate(model); !problems.empty()) {
    // The importer would stop here; what it could not have imported belongs to the same list.
    for (const onnx::NodeProto *node : importer::unsupportedNodes(model))
      if (llvm::none_of(problems, [&](const ingest::Diagnostic &problem) { return problem.node == node->name(); }))
        problems.push_back(ingest::problemOf(*node, model.opsets(), "the operator is not supported"));
    return absl::InvalidArgumentError(options.input + ":\n" + ingest::printed(problems));
  }
  walkNodes(model.graph(), [&](const onnx::NodeProto &node) {
    std::string description = ingest::problemOf(node, model.opsets(), "").str();
    diagnostics.describeNode(node.name(), llvm::StringRef(description).rtrim(": ").str());
  });
  importer::ImportOptions importOptions{
      .dims = options.dims, .ranges = options.ranges, .dynamic = true, .inputShapes = options.inputShapes, .boundInputs = {}};
  if (failed(importer::checkOptions(context, model, importOptions)))
    return usageError(diagnostics.status("the options do not fit the model").message());
  imported.module = importer::importModel(context, model, imported.weights, importOptions);
  if (!imported.module) {
    absl::Status status = diagnostics.status("import failed without a message");
    std::string open = openInputDims(model.graph(), options);
    return open.empty() ? status : usageError(open + "\nand with that dim left open: " + std::string(status.message()));
  }
  return imported;
}

} // namespace ingot
