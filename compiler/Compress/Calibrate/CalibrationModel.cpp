// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Calibrate/CalibrationModel.h"

#include "compiler/Driver/Diagnostics.h"
#include "compiler/Driver/ImportFile.h"
#include "compiler/Driver/JitModel.h"
#include "compiler/Driver/Machine.h"
#include "compiler/Init/Init.h"
#include "frontends/onnx/Import/Import.h"
#include "frontends/onnx/Ingest/ElementType.h"
#include "frontends/onnx/Ingest/Validate.h"
#include "onnx/onnx_pb.h"
#include "llvm/ADT/STLExtras.h"

#include <deque>
#include <numeric>
#include <random>

using namespace mlir;

namespace ingot::compress {
namespace {

/// Compiled models that are kept, each with its weights: so many, while all but the last one used take no more bytes than that.
constexpr size_t kKept = 4;
constexpr uint64_t kKeptBytes = uint64_t(512) << 20;
constexpr int kRandomSamples = 8;
constexpr int64_t kRandomDim = 64;

std::vector<SampleInput> describeInputs(const onnx::GraphProto &graph) {
  std::vector<SampleInput> inputs;
  for (const onnx::ValueInfoProto &input : graph.input()) {
    SampleInput &described = inputs.emplace_back();
    described.name = input.name();
    described.elementType = input.type().tensor_type().elem_type();
    for (const auto &dim : input.type().tensor_type().shape().dim())
      described.dims.push_back(dim.has_dim_value() ? dim.dim_value() : -1);
    if (!described.dims.empty() && described.dims[0] < 0)
      described.firstDim = input.type().tensor_type().shape().dim(0).dim_param();
  }
  return inputs;
}

} // namespace

struct CalibrationModel::Compiled {
  std::map<std::string, std::vector<int64_t>> shapes;
  std::unique_ptr<JitModel> model;
};

struct CalibrationModel::State {
  std::string path;
  std::vector<std::string> values;
  std::vector<SampleInput> inputs;
  DialectRegistry registry;
  StageOptions stages;
  std::deque<Compiled> compiled; ///< the last one used is the first

  absl::StatusOr<std::unique_ptr<JitModel>> compile(const std::map<std::string, std::vector<int64_t>> &shapes) const;
};

CalibrationModel::CalibrationModel() : state(std::make_unique<State>()) {}
CalibrationModel::~CalibrationModel() = default;

uint64_t CalibrationModel::weightBytes() const { return state->compiled.empty() ? 0 : state->compiled.front().model->weightBytes(); }

const std::vector<SampleInput> &CalibrationModel::inputs() const { return state->inputs; }

absl::StatusOr<std::unique_ptr<CalibrationModel>> CalibrationModel::open(const std::string &path, std::vector<std::string> values,
                                                                         const StageOptions &stages) {
  absl::StatusOr<TargetSpec> target = nativeTarget();
  if (!target.ok())
    return target.status();
  absl::StatusOr<std::unique_ptr<ingest::Model>> loaded = ingest::loadModel(path);
  if (!loaded.ok())
    return loaded.status();
  std::unique_ptr<CalibrationModel> model(new CalibrationModel());
  model->state->path = path;
  model->state->values = std::move(values);
  model->state->inputs = describeInputs((*loaded)->graph());
  model->state->stages = stages;
  model->state->stages.machine = machineOf(*target);
  registerDialects(model->state->registry);
  return model;
}

absl::StatusOr<std::unique_ptr<JitModel>> CalibrationModel::State::compile(const std::map<std::string, std::vector<int64_t>> &shapes) const {
  absl::StatusOr<std::unique_ptr<ingest::Model>> loaded = ingest::loadModel(path);
  if (!loaded.ok())
    return loaded.status();
  ingest::Model &source = **loaded;
  onnx::GraphProto &graph = *source.mutableProto().mutable_graph();
  graph.clear_output();
  for (const std::string &value : values) {
    onnx::ValueInfoProto &output = *graph.add_output();
    output.set_name(value);
    if (const onnx::TypeProto *type = source.valueType(value))
      *output.mutable_type() = *type;
  }
  MLIRContext context(registry);
  DiagnosticCollector diagnostics(context);
  walkNodes(source.graph(), [&](const onnx::NodeProto &node) { diagnostics.describeNode(node.name(), "node '" + node.name() + "'"); });
  WeightStore weights;
  OwningOpRef<ModuleOp> module = importer::importModel(context, source, weights, {.dynamic = true, .inputShapes = shapes});
  if (!module)
    return diagnostics.status("import failed without a message");
  return JitModel::compile(*module, weights, stages, diagnostics);
}

absl::StatusOr<CalibrationModel::Compiled *> CalibrationModel::compiledFor(const Sample &sample) {
  std::map<std::string, std::vector<int64_t>> shapes;
  for (const auto &[name, tensor] : sample)
    shapes[name] = tensor.dims;
  std::deque<Compiled> &all = state->compiled;
  auto found = llvm::find_if(all, [&](const Compiled &one) { return one.shapes == shapes; });
  if (found == all.end()) {
    absl::StatusOr<std::unique_ptr<JitModel>> model = state->compile(shapes);
    if (!model.ok())
      return model.status();
    all.push_front({shapes, std::move(*model)});
    auto bytesOfOthers = [&] {
      return std::accumulate(all.begin() + 1, all.end(), uint64_t(0),
                             [](uint64_t sum, const Compiled &one) { return sum + one.model->weightBytes(); });
    };
    while (all.size() > kKept || (all.size() > 1 && bytesOfOthers() > kKeptBytes))
      all.pop_back();
  } else {
    std::rotate(all.begin(), found, found + 1);
  }
  return &all.front();
}

absl::StatusOr<std::vector<JitModel::Output>> CalibrationModel::values(const Sample &sample) {
  absl::StatusOr<Compiled *> compiled = compiledFor(sample);
  if (!compiled.ok())
    return compiled.status();
  const JitModel &model = *(*compiled)->model;
  std::vector<const void *> places;
  std::vector<std::unique_ptr<std::byte[]>> aligned;
  for (const TensorInterface &input : model.inputs()) {
    auto it = sample.find(input.name);
    if (it == sample.end())
      return absl::InternalError("input '" + input.name + "' is not in the sample");
    if (it->second.bytes.size() != input.bytes)
      return absl::InternalError("input '" + input.name + "' has " + std::to_string(it->second.bytes.size()) + " bytes, not " +
                                 std::to_string(input.bytes));
    std::memcpy(aligned.emplace_back(new std::byte[input.bytes + 1]).get(), it->second.bytes.data(), input.bytes);
    places.push_back(aligned.back().get());
  }
  return model.run(places);
}

absl::Status CalibrationModel::run(const Sample &sample, llvm::function_ref<absl::Status(size_t value, llvm::ArrayRef<float> data)> take) {
  absl::StatusOr<std::vector<JitModel::Output>> outputs = values(sample);
  if (!outputs.ok())
    return outputs.status();
  for (auto [i, output] : llvm::enumerate(*outputs))
    if (absl::Status status = take(i, {reinterpret_cast<const float *>(output.data.data()), output.tensor.bytes / sizeof(float)}); !status.ok())
      return status;
  return absl::OkStatus();
}

namespace {

/// Bytes of a random tensor: standard normal floats; zeros and ones, which are indices of whatever is looked up.
absl::StatusOr<std::string> randomBytes(const SampleInput &input, int64_t count, std::mt19937 &generator) {
  std::string bytes(ingest::payloadBytes(input.elementType, count), '\0');
  size_t size = count == 0 ? 1 : bytes.size() / count;
  for (int64_t i = 0; i < count; ++i) {
    if (input.elementType == onnx::TensorProto::FLOAT) {
      // The sum of twelve uniform numbers is close to normal, and the same with every standard library.
      float sum = -6;
      for (int k = 0; k < 12; ++k)
        sum += static_cast<float>(generator() >> 8) / (1 << 24);
      std::memcpy(&bytes[i * size], &sum, sizeof(sum));
    } else if (input.elementType == onnx::TensorProto::FLOAT16 || input.elementType == onnx::TensorProto::DOUBLE ||
               input.elementType == onnx::TensorProto::BFLOAT16) {
      return absl::UnimplementedError("--random-calibration makes no numbers of type " + ingest::elementTypeName(input.elementType) + " for input '" +
                                      input.name + "': give --calibration");
    } else {
      bytes[i * size] = static_cast<char>(generator() >> 31);
    }
  }
  return bytes;
}

} // namespace

absl::StatusOr<int64_t> forEachSample(llvm::ArrayRef<SampleInput> inputs, const SampleFiles &files,
                                      llvm::function_ref<absl::Status(const Sample &)> visit) {
  int64_t samples = 0;
  auto runOne = [&](const Sample &sample) {
    ++samples;
    return visit(sample);
  };
  if (absl::Status status = files.visit(inputs, runOne); !status.ok())
    return status;
  std::mt19937 generator(1);
  for (int i = 0; files.empty() && i < kRandomSamples; ++i) {
    Sample sample;
    std::vector<std::string> data;
    data.reserve(inputs.size());
    for (const SampleInput &input : inputs) {
      std::vector<int64_t> dims = input.dims;
      for (size_t dim = 0; dim < dims.size(); ++dim)
        dims[dim] = dims[dim] >= 0 ? dims[dim] : dim == 0 ? 1 : kRandomDim;
      absl::StatusOr<std::string> bytes = randomBytes(input, std::accumulate(dims.begin(), dims.end(), int64_t(1), std::multiplies<>()), generator);
      if (!bytes.ok())
        return bytes.status();
      data.push_back(std::move(*bytes));
      sample[input.name] = {dims, {data.back().data(), data.back().size()}};
    }
    if (absl::Status status = runOne(sample); !status.ok())
      return status;
  }
  return samples;
}

absl::StatusOr<int64_t> runSamples(CalibrationModel &model, const SampleFiles &files,
                                   llvm::function_ref<absl::Status(size_t value, llvm::ArrayRef<float> data)> take) {
  return forEachSample(model.inputs(), files, [&](const Sample &sample) { return model.run(sample, take); });
}

} // namespace ingot::compress
