// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Compare/ModelError.h"

#include "compiler/Compress/Edit/Products.h"
#include "frontends/onnx/Ingest/ElementType.h"
#include "frontends/onnx/Ingest/Validate.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"

#include <numeric>

namespace ingot::compress {
namespace {

/// The values that nodes of a graph make.
llvm::StringSet<> madeValues(const onnx::GraphProto &graph) {
  llvm::StringSet<> values;
  for (const onnx::NodeProto &node : graph.node())
    values.insert(node.output().begin(), node.output().end());
  return values;
}

} // namespace

llvm::ArrayRef<float> floatsOf(const JitModel::Output &output) {
  return {reinterpret_cast<const float *>(output.data.data()), output.tensor.bytes / sizeof(float)};
}

ValueError ModelError::atOutputs() const {
  return std::accumulate(outputs.begin(), outputs.end(), ValueError(),
                         [](const ValueError &sum, const NamedError &one) { return worstOf(sum, one.error); });
}

absl::StatusOr<std::unique_ptr<ErrorReference>> ErrorReference::open(const std::string &original, SampleFiles files) {
  std::unique_ptr<ErrorReference> reference(new ErrorReference());
  reference->original = original;
  reference->samples = std::move(files);
  absl::StatusOr<std::unique_ptr<ModelEditor>> opened = ModelEditor::openToRead(original);
  if (!opened.ok())
    return opened.status();
  const ModelEditor &editor = **opened;
  for (const onnx::ValueInfoProto &output : editor.model().graph().output()) {
    int32_t type = output.type().tensor_type().elem_type();
    if (type == onnx::TensorProto::FLOAT)
      reference->outputNames.push_back(output.name());
    else
      reference->notes.push_back("output '" + output.name() + "' is " + ingest::elementTypeName(type) + ": its error is not measured");
  }
  if (reference->outputNames.empty())
    return absl::FailedPreconditionError(original + ": no output is float32, so errors cannot be measured");
  absl::StatusOr<NodeSelection> everything = NodeSelection::make(editor.model().graph(), {}, {});
  if (!everything.ok())
    return everything.status();
  constexpr llvm::StringRef kinds[] = {"MatMul", "Gemm", "Conv"};
  std::vector<LeftAlone> leftAlone;
  for (const Product &product : findProducts(editor, *everything, kinds, leftAlone)) {
    const onnx::NodeProto &node = editor.node(product.node);
    int64_t spatialDims = node.op_type() == "Conv" ? static_cast<int64_t>(product.weights.dims.size()) - 2 : 0;
    reference->products.push_back(
        {node.name(), node.op_type(), node.output(0), product.weights.channels * product.weights.depth, product.weights.depth, spatialDims});
  }
  absl::StatusOr<std::unique_ptr<CalibrationModel>> model = CalibrationModel::open(original, reference->outputNames);
  if (!model.ok())
    return model.status();
  reference->model = std::move(*model);
  return reference;
}

absl::StatusOr<ModelError> ErrorReference::measure(const std::string &compressed, bool withLayers) {
  absl::StatusOr<std::unique_ptr<ingest::Model>> loaded = ingest::loadModel(compressed);
  if (!loaded.ok())
    return loaded.status();
  llvm::StringSet<> made = madeValues((*loaded)->graph());
  loaded->reset();
  std::vector<std::string> values = outputNames;
  std::vector<std::pair<size_t, const Layer *>> present; // where its result is among the values
  for (const Layer &layer : products)
    if (withLayers && made.contains(layer.value)) {
      auto at = static_cast<size_t>(llvm::find(values, layer.value) - values.begin());
      present.emplace_back(at, &layer);
      if (at == values.size())
        values.push_back(layer.value);
    }
  CalibrationModel *reference = model.get();
  if (withLayers) {
    absl::StatusOr<std::unique_ptr<CalibrationModel>> opened = CalibrationModel::open(original, values);
    if (!opened.ok())
      return opened.status();
    modelWithLayers = std::move(*opened);
    reference = modelWithLayers.get();
  }
  absl::StatusOr<std::unique_ptr<CalibrationModel>> other = CalibrationModel::open(compressed, values);
  if (!other.ok())
    return other.status();
  std::vector<ErrorMeter> meters(values.size());
  std::vector<bool> hasOtherShape(values.size());
  absl::StatusOr<int64_t> visited = forEachSample(model->inputs(), samples, [&](const Sample &sample) {
    absl::StatusOr<std::vector<JitModel::Output>> wanted = reference->values(sample);
    if (!wanted.ok())
      return wanted.status();
    absl::StatusOr<std::vector<JitModel::Output>> got = (*other)->values(sample);
    if (!got.ok())
      return got.status();
    for (auto [i, want, have] : llvm::enumerate(*wanted, *got)) {
      if (want.tensor.dims != have.tensor.dims) { // of a layer without some of its channels
        hasOtherShape[i] = true;
        continue;
      }
      meters[i].add(floatsOf(want), floatsOf(have), want.tensor.dims.empty() ? 1 : want.tensor.dims.back());
    }
    return absl::OkStatus();
  });
  if (!visited.ok())
    return visited.status();
  for (auto [i, name] : llvm::enumerate(outputNames))
    if (hasOtherShape[i])
      return absl::FailedPreconditionError(compressed + ": output '" + name + "' has another shape than in " + original);
  ModelError result;
  result.samples = *visited;
  result.notes = notes;
  for (auto [i, name] : llvm::enumerate(outputNames))
    result.outputs.push_back({name, meters[i].error()});
  for (auto [at, layer] : present)
    if (!hasOtherShape[at])
      result.layers.push_back({layer->node, meters[at].error()});
  return result;
}

} // namespace ingot::compress
