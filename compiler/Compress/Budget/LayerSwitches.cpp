// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Budget/LayerSwitches.h"

#include "compiler/Compress/Edit/ModelEditor.h"
#include "compiler/Compress/Edit/ModelWriter.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"

#include <cstring>

namespace ingot::compress {
namespace {

bool isInput(const ModelEditor &editor, llvm::StringRef value) {
  return llvm::any_of(editor.model().graph().input(), [&](const onnx::ValueInfoProto &input) { return input.name() == value; });
}

bool hasValue(const ModelEditor &editor, llvm::StringRef value) { return editor.producerIndex(value) >= 0 || isInput(editor, value); }

/// Puts the original layers of a compressed model back beside their successors.
class Merge {
public:
  Merge(ModelEditor &editor, const ModelEditor &original) : editor(editor), original(original) {}

  /// Whether the layer differs; then it has a switch, the input `flag`.
  absl::StatusOr<bool> addSwitch(const Layer &layer, std::string &flag) {
    int index = editor.producerIndex(layer.value);
    const onnx::NodeProto &was = *original.producer(layer.value);
    absl::StatusOr<bool> same = index < 0 ? true : isSame(was, editor.node(index));
    if (!same.ok() || *same)
      return same.ok() ? absl::StatusOr<bool>(false) : same.status();
    onnx::NodeProto node = was;
    for (std::string &input : *node.mutable_input()) {
      if (input.empty())
        continue;
      if (!original.isConstant(input)) {
        if (!hasValue(editor, input))
          return false;
        continue;
      }
      absl::StatusOr<std::string> copied = copyConstant(input);
      if (!copied.ok())
        return copied.status();
      input = *copied;
    }
    flag = editor.newName(layer.node + "_is_compressed");
    onnx::GraphProto &graph = *editor.model().mutableProto().mutable_graph();
    onnx::ValueInfoProto &input = *graph.add_input();
    input.set_name(flag);
    input.mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::BOOL);
    input.mutable_type()->mutable_tensor_type()->mutable_shape();
    std::string compressed = editor.newName(layer.value + "_compressed"), exact = editor.newName(layer.value + "_original");
    for (std::string &output : *editor.node(index).mutable_output())
      if (output == layer.value)
        output = compressed;
    node.set_output(0, exact);
    node.set_name(editor.newName(exact + "_node"));
    *graph.add_node() = std::move(node);
    editor.addNode("Where", {flag, compressed, exact}, layer.value);
    products.insert(index);
    return true;
  }

  /// Lets all but the products read values as they are, not the bytes of them.
  void undoSharedBytes() {
    for (int i = 0; i < editor.nodeCount(); ++i) {
      const onnx::NodeProto &back = editor.node(i);
      const onnx::NodeProto *codes = back.op_type() == "DequantizeLinear" ? editor.producer(back.input(0)) : nullptr;
      if (!codes || codes->op_type() != "QuantizeLinear" || original.producerIndex(back.output(0)) >= 0)
        continue;
      for (const Use &use : editor.uses(back.output(0)))
        if (!products.contains(use.node))
          editor.setInput(use.node, use.input, codes->input(0));
    }
  }

private:
  absl::StatusOr<bool> isSame(const onnx::NodeProto &was, const onnx::NodeProto &is) const {
    if (was.SerializeAsString() != is.SerializeAsString())
      return false;
    for (const std::string &input : was.input()) {
      if (!original.isConstant(input))
        continue;
      if (!editor.isConstant(input))
        return false;
      absl::StatusOr<ingest::Initializer> before = original.model().tensor(*original.constant(input));
      absl::StatusOr<ingest::Initializer> after = editor.model().tensor(*editor.constant(input));
      if (!before.ok() || !after.ok())
        return before.ok() ? after.status() : before.status();
      if (llvm::ArrayRef<char>(before->bytes().data(), before->bytes().size()) != llvm::ArrayRef<char>(after->bytes().data(), after->bytes().size()))
        return false;
    }
    return true;
  }

  absl::StatusOr<std::string> copyConstant(const std::string &name) {
    std::string &copy = copies[name];
    if (!copy.empty())
      return copy;
    const onnx::TensorProto &tensor = *original.constant(name);
    absl::StatusOr<ingest::Initializer> data = original.model().tensor(tensor);
    if (!data.ok())
      return data.status();
    copy = editor.newName(name + "_original");
    absl::Status status;
    editor.addConstant(copy, tensor.data_type(), *original.dims(name), {data->bytes().data(), data->bytes().size()}, status);
    return status.ok() ? absl::StatusOr<std::string>(copy) : status;
  }

  ModelEditor &editor;
  const ModelEditor &original;
  llvm::StringMap<std::string> copies;
  llvm::DenseSet<int> products; ///< nodes that make the results of compressed layers
};

} // namespace

absl::StatusOr<std::unique_ptr<LayerSwitches>> LayerSwitches::open(const ErrorReference &reference, const std::string &compressed,
                                                                   const WorkFolder &folder, size_t most) {
  std::string path = folder.file("switches.onnx");
  absl::StatusOr<std::unique_ptr<ModelEditor>> editor = ModelEditor::open(compressed, path);
  if (!editor.ok())
    return editor.status();
  absl::StatusOr<std::unique_ptr<ModelEditor>> original = ModelEditor::openToRead(reference.path());
  if (!original.ok())
    return original.status();
  std::unique_ptr<LayerSwitches> result(new LayerSwitches());
  Merge merge(**editor, **original);
  for (const Layer &layer : reference.layers()) {
    std::string flag;
    absl::StatusOr<bool> differs = merge.addSwitch(layer, flag);
    if (!differs.ok())
      return differs.status();
    if (*differs) {
      result->switched.push_back(layer);
      result->flags.push_back(flag);
    }
  }
  merge.undoSharedBytes();
  (*editor)->finish();
  if (absl::Status status = writeModel(**editor, path, /*externalData=*/false); !status.ok())
    return status;
  absl::StatusOr<SampleSet> samples = SampleSet::read(reference.inputs(), reference.files(), most);
  if (!samples.ok())
    return samples.status();
  result->samples = std::move(*samples);
  absl::StatusOr<std::unique_ptr<CalibrationModel>> model = CalibrationModel::open(path, reference.outputs());
  if (!model.ok())
    return model.status();
  result->model = std::move(*model);
  for (const Sample &sample : result->samples.samples()) {
    absl::StatusOr<std::vector<JitModel::Output>> outputs = result->run(sample, llvm::BitVector(result->switched.size()));
    if (!outputs.ok())
      return outputs.status();
    result->wanted.push_back(std::move(*outputs));
  }
  return result;
}

absl::StatusOr<std::vector<JitModel::Output>> LayerSwitches::run(const Sample &sample, const llvm::BitVector &chosen) {
  static constexpr char kOff = 0, kOn = 1;
  Sample all = sample;
  for (auto [i, flag] : llvm::enumerate(flags))
    all[flag] = {{}, llvm::ArrayRef(chosen[i] ? kOn : kOff)};
  return model->values(all);
}

absl::StatusOr<ValueError> LayerSwitches::measure(const llvm::BitVector &chosen) {
  std::vector<ErrorMeter> meters;
  for (auto [sample, wants] : llvm::zip_equal(samples.samples(), wanted)) {
    absl::StatusOr<std::vector<JitModel::Output>> outputs = run(sample, chosen);
    if (!outputs.ok())
      return outputs.status();
    meters.resize(outputs->size());
    for (auto [meter, want, have] : llvm::zip_equal(meters, wants, *outputs))
      meter.add(floatsOf(want), floatsOf(have), want.tensor.dims.empty() ? 1 : want.tensor.dims.back());
  }
  ValueError worst;
  for (const ErrorMeter &meter : meters)
    worst = worstOf(worst, meter.error());
  return worst;
}

} // namespace ingot::compress
