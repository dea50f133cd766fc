// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/tools/ConformanceCase.h"

#include "compiler/Driver/Diagnostics.h"
#include "compiler/Driver/JitModel.h"
#include "compiler/Driver/Machine.h"
#include "compiler/Init/Init.h"
#include "compiler/Target/TargetSpec.h"
#include "compiler/tools/TensorData.h"
#include "frontends/onnx/Import/Import.h"
#include "frontends/onnx/Ingest/Validate.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Target/TargetMachine.h"

#include <set>

using namespace mlir;

namespace ingot::conformance {
namespace {

using Names = std::set<std::string>;

std::string text(const absl::Status &status) { return std::string(status.message()); }

/// `<kind>_0.pb`, `<kind>_1.pb`, ... of a data set. Files that hold no tensor of a known type give empty entries: the importer says what is wrong
/// with them.
std::vector<TensorData> readDataSet(const std::string &folder, llvm::StringRef kind) {
  std::vector<TensorData> tensors;
  for (int i = 0;; ++i) {
    std::string path = llvm::formatv("{0}/{1}_{2}.pb", folder, kind, i);
    if (!llvm::sys::fs::exists(path))
      return tensors;
    absl::StatusOr<TensorData> tensor = readTensorFile(path);
    tensors.push_back(tensor.ok() ? std::move(*tensor) : TensorData());
  }
}

Tolerance readTolerance(const std::string &folder) {
  Tolerance tolerance;
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> file = llvm::MemoryBuffer::getFile(folder + "/data.json");
  if (!file)
    return tolerance;
  llvm::Expected<llvm::json::Value> value = llvm::json::parse((*file)->getBuffer());
  if (!value)
    llvm::consumeError(value.takeError());
  else if (const llvm::json::Object *object = value->getAsObject())
    tolerance = {object->getNumber("rtol").value_or(tolerance.relative), object->getNumber("atol").value_or(tolerance.absolute)};
  return tolerance;
}

/// One model with its data sets.
class Case {
public:
  Case(const std::string &folder, int level) : folder(folder), level(level), tolerance(readTolerance(folder)) {}

  Verdict run();

private:
  /// Which inputs may be bound, from few to all: what is bound must be constant by the nature of the operator, and tells less about its kernel.
  std::vector<Names> bindings() const;
  importer::ImportOptions importOptions(const std::vector<TensorData> &inputs, const Names &bound) const;
  Verdict runDataSet(const std::string &dataSet);
  Verdict runBound(const std::vector<TensorData> &inputs, const std::vector<TensorData> &expected, const Names &bound);

  std::string folder;
  int level;
  Tolerance tolerance;
  std::unique_ptr<ingest::Model> model;
};

std::vector<Names> Case::bindings() const {
  Names vectors, integers, parameters, everything;
  for (const auto &[i, input] : llvm::enumerate(model->graph().input())) {
    const onnx::TypeProto_Tensor &type = input.type().tensor_type();
    bool isVector = type.has_shape() && type.shape().dim_size() <= 1;
    bool isInteger =
        type.elem_type() == onnx::TensorProto::INT64 || type.elem_type() == onnx::TensorProto::INT32 || type.elem_type() == onnx::TensorProto::BOOL;
    everything.insert(input.name());
    if (isInteger)
      integers.insert(input.name());
    if (i > 0 && isVector)
      parameters.insert(input.name());
    if (i > 0 && isVector && isInteger)
      vectors.insert(input.name());
  }
  std::vector<Names> result = {{}};
  for (const Names &names : {vectors, parameters, integers, everything})
    if (!llvm::is_contained(result, names))
      result.push_back(names);
  return result;
}

importer::ImportOptions Case::importOptions(const std::vector<TensorData> &inputs, const Names &bound) const {
  importer::ImportOptions options;
  for (const auto &[input, data] : llvm::zip(model->graph().input(), inputs)) {
    if (!data.bytes)
      continue;
    options.inputShapes[input.name()] = data.dims;
    if (bound.count(input.name()))
      options.boundInputs[input.name()] = {data.elementType, data.dims, {data.bytes->data(), data.bytes->size()}, data.bytes};
  }
  return options;
}

Verdict Case::runBound(const std::vector<TensorData> &inputs, const std::vector<TensorData> &expected, const Names &bound) {
  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  DiagnosticCollector diagnostics(context);
  WeightStore weights;
  OwningOpRef<ModuleOp> module = importer::importModel(context, *model, weights, importOptions(inputs, bound));
  if (!module)
    return {"unsupported", text(diagnostics.status("import failed without a message"))};
  StageOptions options = StageOptions::ofLevel(level);
  if (absl::StatusOr<TargetSpec> target = nativeTarget(); target.ok())
    options.machine = machineOf(*target);
  absl::StatusOr<std::unique_ptr<JitModel>> compiled = JitModel::compile(*module, weights, options, diagnostics);
  if (!compiled.ok())
    return {"fail", text(compiled.status())};
  if ((*compiled)->outputs().size() != expected.size())
    return {"fail", llvm::formatv("the model has {0} outputs, expected {1}", (*compiled)->outputs().size(), expected.size())};

  std::vector<const void *> inputPointers;
  for (const TensorInterface &input : (*compiled)->inputs()) {
    auto found = llvm::find_if(llvm::zip(model->graph().input(), inputs), [&](const auto &pair) { return std::get<0>(pair).name() == input.name; });
    const TensorData &data = std::get<1>(*found);
    if (!data.bytes || data.bytes->size() != input.bytes)
      return {"fail", "the data set has no fitting value for input '" + input.name + "'"};
    inputPointers.push_back(data.bytes->data());
  }
  absl::StatusOr<std::vector<JitModel::Output>> outputs = (*compiled)->run(inputPointers);
  if (!outputs.ok())
    return {"fail", text(outputs.status())};
  for (const auto &[output, value] : llvm::zip_equal(*outputs, expected)) {
    if (!value.bytes)
      return {"unsupported", "output '" + output.tensor.name + "' is expected to be no tensor of a known type"};
    if (std::string wrong = difference(output.tensor, output.data.data(), value, tolerance); !wrong.empty())
      return {"fail", wrong};
  }
  std::string note;
  for (const std::string &name : bound)
    note += (note.empty() ? "constant inputs: " : ", ") + name;
  return {"pass", note};
}

Verdict Case::runDataSet(const std::string &dataSet) {
  std::vector<TensorData> inputs = readDataSet(dataSet, "input"), expected = readDataSet(dataSet, "output");
  if (inputs.size() != static_cast<size_t>(model->graph().input_size()))
    return {"fail", llvm::formatv("the data set has {0} inputs, the model {1}", inputs.size(), model->graph().input_size())};
  Verdict first;
  for (const Names &bound : bindings()) {
    Verdict verdict = runBound(inputs, expected, bound);
    if (verdict.status != "unsupported")
      return verdict;
    if (bound.empty())
      first = verdict;
  }
  return first;
}

Verdict Case::run() {
  absl::StatusOr<std::unique_ptr<ingest::Model>> loaded = ingest::loadModel(folder + "/model.onnx");
  if (!loaded.ok())
    return {"unsupported", text(loaded.status())};
  model = std::move(*loaded);
  Verdict verdict{"fail", "the case has no data set"};
  for (int i = 0;; ++i) {
    std::string dataSet = llvm::formatv("{0}/test_data_set_{1}", folder, i);
    if (!llvm::sys::fs::is_directory(dataSet))
      return verdict;
    verdict = runDataSet(dataSet);
    if (verdict.status != "pass")
      return verdict;
  }
}

} // namespace

Verdict runCase(const std::string &folder, int level) { return Case(folder, level).run(); }

void warmUp() {
  (void)schema::findSchema("", "Add", 14);
  if (absl::StatusOr<TargetSpec> target = nativeTarget(); target.ok())
    (void)createTargetMachine(*target, OptLevel::O2);
}

} // namespace ingot::conformance
