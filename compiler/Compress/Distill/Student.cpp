// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Distill/Student.h"

#include "compiler/Compress/Edit/ModelWriter.h"
#include "llvm/ADT/STLExtras.h"

namespace ingot::compress {
namespace {

std::string addInput(ModelEditor &editor, const std::string &base, llvm::ArrayRef<int64_t> dims) {
  std::string name = editor.newName(base);
  onnx::ValueInfoProto &added = *editor.model().mutableProto().mutable_graph()->add_input();
  added.set_name(name);
  onnx::TypeProto::Tensor &type = *added.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::FLOAT);
  for (int64_t dim : dims)
    type.mutable_shape()->add_dim()->set_dim_value(dim);
  return name;
}

} // namespace

absl::StatusOr<std::unique_ptr<Student>> Student::open(const std::string &compressed, llvm::ArrayRef<FitTarget> targets, const WorkFolder &folder) {
  std::string path = folder.file("student.onnx");
  absl::StatusOr<std::unique_ptr<ModelEditor>> editor = ModelEditor::open(compressed, path);
  if (!editor.ok())
    return editor.status();
  std::unique_ptr<Student> student(new Student());
  std::vector<std::string> values;
  values.reserve(2 * targets.size());
  for (const FitTarget &target : targets)
    values.push_back(student->addInputs(**editor, target));
  for (auto [layer, target] : llvm::zip_equal(student->layers, targets))
    if (target.weights) {
      const std::string &activation = target.weights->activation();
      layer.inputPlace = llvm::find(values, activation) - values.begin();
      if (layer.inputPlace == values.size())
        values.push_back(activation);
    }
  (*editor)->finish();
  if (absl::Status status = writeModel(**editor, path, /*externalData=*/false); !status.ok())
    return status;
  absl::StatusOr<std::unique_ptr<CalibrationModel>> model = CalibrationModel::open(path, std::move(values));
  if (!model.ok())
    return model.status();
  student->model = std::move(*model);
  return student;
}

absl::StatusOr<std::vector<JitModel::Output>> Student::run(const Sample &sample) {
  Sample all = sample;
  for (const Layer &layer : layers) {
    all[layer.scaleName] = {layer.dims, bytesOf(layer.scales)};
    all[layer.shiftName] = {layer.dims, bytesOf(layer.shifts)};
    if (!layer.weightName.empty())
      all[layer.weightName] = {layer.weightDims, bytesOf(layer.weights)};
  }
  return model->values(all);
}

std::string Student::addInputs(ModelEditor &editor, const FitTarget &target) {
  const LayerFold &fold = target.fold;
  const std::string &value = fold.layer.value;
  Layer &layer = layers.emplace_back();
  layer.dims = {fold.channels()};
  layer.dims.resize(1 + fold.layer.spatialDims, 1);
  layer.scales.assign(fold.channels(), 1);
  layer.shifts.assign(fold.channels(), 0);
  layer.scaleName = addInput(editor, value + "_fit_scale", layer.dims);
  layer.shiftName = addInput(editor, value + "_fit_shift", layer.dims);
  if (target.weights) {
    layer.weightDims = target.weights->layout.dims;
    layer.weights = target.weights->values;
    layer.weightName = addInput(editor, value + "_fit_weights", layer.weightDims);
    onnx::NodeProto &product = editor.node(target.weights->product);
    if (product.op_type() == "MatMulNBits") {
      product.set_op_type("MatMul");
      product.clear_domain();
      product.clear_attribute();
      while (product.input_size() > 2)
        product.mutable_input()->RemoveLast();
    }
    product.set_input(1, layer.weightName);
  }
  std::string result = editor.newName(value + "_unfitted");
  for (std::string &output : *editor.node(fold.product).mutable_output())
    if (output == value)
      output = result;
  std::string scaled = editor.addNode("Mul", {result, layer.scaleName}, editor.newName(value + "_scaled"));
  editor.addNode("Add", {scaled, layer.shiftName}, value);
  return result;
}

} // namespace ingot::compress
