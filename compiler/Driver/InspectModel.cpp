// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Codegen/ModelInterface.h"
#include "compiler/Driver/Diagnostics.h"
#include "compiler/Driver/ImportFile.h"
#include "compiler/Driver/Inspect.h"
#include "compiler/Driver/Interface.h"
#include "compiler/Driver/UsageError.h"
#include "compiler/Init/Init.h"
#include "frontends/onnx/Ingest/ElementType.h"
#include "runtime/include/ingot/model.h"

using namespace mlir;

namespace ingot {
namespace {

/// Counts the initialisers of a graph and of the graphs inside of it.
void countWeights(const onnx::GraphProto &graph, std::map<std::string, std::pair<int64_t, int64_t>> &byType) {
  for (const onnx::TensorProto &tensor : graph.initializer()) {
    auto &[count, bytes] = byType[ingest::elementTypeName(tensor.data_type())];
    std::vector<int64_t> dims(tensor.dims().begin(), tensor.dims().end());
    ++count;
    bytes += ingest::payloadBytes(tensor.data_type(), ingest::elementCount(dims).value_or(0));
  }
  walkNodes(graph, [&](const onnx::NodeProto &node) {
    for (const onnx::AttributeProto &attribute : node.attribute())
      if (attribute.has_g() && attribute.g().initializer_size() > 0) {
        onnx::GraphProto initializers;
        *initializers.mutable_initializer() = attribute.g().initializer();
        countWeights(initializers, byType);
      }
  });
}

llvm::json::Object describeWeights(const onnx::GraphProto &graph) {
  std::map<std::string, std::pair<int64_t, int64_t>> byType;
  countWeights(graph, byType);
  llvm::json::Object types;
  int64_t allCount = 0, allBytes = 0;
  for (const auto &[name, sum] : byType) {
    types[name] = llvm::json::Object{{"count", sum.first}, {"bytes", sum.second}};
    allCount += sum.first;
    allBytes += sum.second;
  }
  return llvm::json::Object{{"count", allCount}, {"bytes", allBytes}, {"types", std::move(types)}};
}

/// The ports as the file declares them, for a model that cannot be imported.
ModelInterface declaredInterface(const onnx::GraphProto &graph) {
  ModelInterface interface;
  auto symbolOf = [&](llvm::StringRef name) -> int64_t {
    for (auto [i, symbol] : llvm::enumerate(interface.symbols))
      if (symbol.name == name)
        return -1 - static_cast<int64_t>(i);
    interface.symbols.push_back({name.str(), 0, 0, INGOT_SYMBOL_RESULT}); // without a range
    return -static_cast<int64_t>(interface.symbols.size());
  };
  auto tensorOf = [&](const onnx::ValueInfoProto &value) {
    TensorInterface tensor;
    tensor.name = value.name();
    tensor.elementType = value.type().tensor_type().elem_type();
    for (const auto &dim : value.type().tensor_type().shape().dim())
      tensor.dims.push_back(dim.has_dim_value() && dim.dim_value() >= 0 ? dim.dim_value() : symbolOf(dim.has_dim_param() ? dim.dim_param() : "?"));
    return tensor;
  };
  for (const onnx::ValueInfoProto &input : graph.input())
    if (llvm::none_of(graph.initializer(), [&](const onnx::TensorProto &tensor) { return tensor.name() == input.name(); }))
      interface.inputs.push_back(tensorOf(input));
  for (const onnx::ValueInfoProto &output : graph.output())
    interface.outputs.push_back(tensorOf(output));
  return interface;
}

llvm::json::Array lines(const absl::Status &status) {
  llvm::SmallVector<llvm::StringRef> parts;
  llvm::StringRef(status.message().data(), status.message().size()).split(parts, '\n', -1, false);
  llvm::json::Array list;
  for (llvm::StringRef part : parts)
    list.push_back(part.str());
  return list;
}

} // namespace

absl::StatusOr<llvm::json::Object> inspectModel(const CompileOptions &options) {
  absl::StatusOr<std::unique_ptr<ingest::Model>> model = ingest::readModel(options.input);
  if (!model.ok())
    return model.status();
  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry);
  DiagnosticCollector diagnostics(context);
  ModelInterface interface = declaredInterface((*model)->graph());
  absl::StatusOr<ImportedModel> imported = importFile(context, options, diagnostics);
  if (imported.ok()) {
    interface = {};
    describeInterface(*imported->module->getOps<func::FuncOp>().begin(), diagnostics, interface);
  } else if (isUsageError(imported.status()) && !(options.dims.empty() && options.ranges.empty() && options.inputShapes.empty())) {
    return imported.status();
  }
  llvm::json::Object object = describePorts(interface);
  std::map<std::string, int64_t> counts;
  walkNodes((*model)->graph(), [&](const onnx::NodeProto &node) {
    bool isOwn = node.domain().empty() || node.domain() == "ai.onnx";
    ++counts[(isOwn ? "" : node.domain() + ".") + node.op_type()];
  });
  llvm::json::Object operators, opsets;
  for (const auto &[name, count] : counts)
    operators[name] = count;
  for (const onnx::OperatorSetIdProto &opset : (*model)->proto().opset_import())
    opsets[opset.domain().empty() ? "ai.onnx" : opset.domain()] = opset.version();
  object["kind"] = "model";
  object["operators"] = std::move(operators);
  object["opsets"] = std::move(opsets);
  object["weights"] = describeWeights((*model)->graph());
  object["ir_version"] = (*model)->proto().ir_version();
  object["producer"] = (*model)->proto().producer_name();
  object["model_sha256"] = (*model)->sha256();
  llvm::json::Object external;
  for (const auto &[name, hash] : (*model)->externalSha256())
    external[name] = hash;
  object["external_sha256"] = std::move(external);
  object["problems"] = imported.ok() ? llvm::json::Array() : lines(imported.status());
  return object;
}

} // namespace ingot
