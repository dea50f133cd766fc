// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Compress/Edit/OpsetUpgrade.h"

#include "llvm/ADT/Twine.h"
#include "llvm/Support/ErrorHandling.h"

#include <vector>

namespace ingot::compress {
namespace {

constexpr int kOldest = 11;

/// The version in which types of 4 bits and blocks came, as a version of the file format.
constexpr int64_t kFormatOfOpset21 = 10;
constexpr int kBlockedOpset = 21;

/// What became of an operator.
enum class Change {
  InputFromAxes,  ///< the attribute `axes` is an input
  InputFromSplit, ///< the attribute `split` is an input
  CountOutputs,   ///< without sizes, the number of outputs must be said
  OneAxis,        ///< took all dims from `axis` on as one; now that one alone
  Refused
};

struct OperatorChange {
  int version; ///< that brought it
  llvm::StringLiteral op;
  Change change;
};

/// Every change of meaning between the versions 11 and 21; all others of these versions added types, attributes or optional inputs.
constexpr OperatorChange kChanges[] = {
    {13, "Squeeze", Change::InputFromAxes},
    {13, "Unsqueeze", Change::InputFromAxes},
    {13, "ReduceSum", Change::InputFromAxes},
    {13, "Split", Change::InputFromSplit},
    {13, "Softmax", Change::OneAxis},
    {13, "LogSoftmax", Change::OneAxis},
    {13, "Hardmax", Change::OneAxis},
    {18, "ReduceMax", Change::InputFromAxes},
    {18, "ReduceMin", Change::InputFromAxes},
    {18, "ReduceMean", Change::InputFromAxes},
    {18, "ReduceProd", Change::InputFromAxes},
    {18, "ReduceL1", Change::InputFromAxes},
    {18, "ReduceL2", Change::InputFromAxes},
    {18, "ReduceLogSum", Change::InputFromAxes},
    {18, "ReduceLogSumExp", Change::InputFromAxes},
    {18, "ReduceSumSquare", Change::InputFromAxes},
    {18, "Split", Change::CountOutputs},
    {20, "GridSample", Change::Refused},
    {20, "DFT", Change::Refused},
    {21, "GroupNormalization", Change::Refused},
};

class Upgrade {
public:
  Upgrade(ModelEditor &editor, int from, int to) : editor(editor), from(from), to(to) {}

  absl::Status visit(onnx::GraphProto &graph, bool isMain) {
    for (int i = 0, count = graph.node_size(); i < count; ++i) { // new nodes come behind
      onnx::NodeProto &node = *graph.mutable_node(i);
      for (onnx::AttributeProto &attribute : *node.mutable_attribute()) {
        if (attribute.has_g())
          problem.Update(visit(*attribute.mutable_g(), /*isMain=*/false));
        for (onnx::GraphProto &inner : *attribute.mutable_graphs())
          problem.Update(visit(inner, /*isMain=*/false));
      }
      if (node.domain().empty())
        for (const OperatorChange &row : kChanges)
          if (row.op == node.op_type() && row.version > from && row.version <= to)
            problem.Update(apply(row, node, isMain));
    }
    return problem;
  }

private:
  absl::Status refuse(const onnx::NodeProto &node, const OperatorChange &row) const {
    return absl::InvalidArgumentError(("node '" + node.name() + "' (" + node.op_type() + ", ai.onnx opset " + llvm::Twine(from) +
                                       "): what it does changed in opset " + llvm::Twine(row.version) + ", and this way of quantising needs opset " +
                                       llvm::Twine(to) + "; export the model with that opset")
                                          .str());
  }

  absl::Status apply(const OperatorChange &row, onnx::NodeProto &node, bool isMain) {
    switch (row.change) {
    case Change::InputFromAxes:
      moveToInput(node, "axes");
      return absl::OkStatus();
    case Change::InputFromSplit:
      moveToInput(node, "split");
      return absl::OkStatus();
    case Change::CountOutputs:
      if (node.input_size() < 2 || node.input(1).empty())
        setAttribute(node, "num_outputs", node.output_size());
      return absl::OkStatus();
    case Change::OneAxis: {
      std::optional<std::vector<int64_t>> dims = isMain ? editor.dims(node.input(0)) : std::nullopt;
      int64_t axis = integerAttribute(node, "axis", 1);
      if (axis != -1 && !(dims && axis == static_cast<int64_t>(dims->size()) - 1)) {
        if (!isMain)
          return refuse(node, row);
        flattenAround(node, axis);
      }
      for (onnx::AttributeProto &attribute : *node.mutable_attribute())
        if (attribute.name() == "axis")
          attribute.set_i(-1); // the new default, too
      return absl::OkStatus();
    }
    case Change::Refused:
      return refuse(node, row);
    }
    llvm_unreachable("all kinds of changes are handled");
  }

  /// The node gets a matrix whose rows are the dims from `axis` on, and its result their shape.
  void flattenAround(onnx::NodeProto &node, int64_t axis) {
    std::string input = node.input(0), result = node.output(0), base = result;
    node.set_input(0, editor.addNode("Flatten", {input}, editor.newName(base + "_rows")));
    setAttribute(editor.lastNode(), "axis", axis);
    node.set_output(0, editor.newName(base + "_of_rows"));
    std::string shape = editor.addNode("Shape", {input}, editor.newName(base + "_shape"));
    editor.addNode("Reshape", {node.output(0), shape}, result);
  }

  /// An attribute that lists integers becomes the second input.
  void moveToInput(onnx::NodeProto &node, llvm::StringRef name) {
    auto &attributes = *node.mutable_attribute();
    for (int i = 0; i < attributes.size(); ++i) {
      if (attributes[i].name() != name)
        continue;
      std::vector<int64_t> values(attributes[i].ints().begin(), attributes[i].ints().end());
      std::string constant = editor.newName(node.output(0) + "_" + name.str());
      editor.addConstant(constant, onnx::TensorProto::INT64, {static_cast<int64_t>(values.size())}, bytesOf(values), problem);
      node.add_input(constant);
      attributes.SwapElements(i, attributes.size() - 1);
      attributes.RemoveLast();
      return;
    }
  }

  ModelEditor &editor;
  int from, to;
  absl::Status problem;
};

} // namespace

absl::Status raiseOpset(ModelEditor &editor, int version) {
  onnx::ModelProto &model = editor.model().mutableProto();
  if (version >= kBlockedOpset)
    model.set_ir_version(std::max(model.ir_version(), kFormatOfOpset21));
  int from = 0;
  for (const onnx::OperatorSetIdProto &import : model.opset_import())
    if (import.domain().empty())
      from = static_cast<int>(import.version());
  if (from >= version)
    return absl::OkStatus();
  if (from < kOldest)
    return absl::InvalidArgumentError("the model imports opset " + std::to_string(from) + " of ONNX, and this way of quantising needs opset " +
                                      std::to_string(version) + "; models are raised to it from opset " + std::to_string(kOldest) +
                                      " on: export the model again");
  absl::Status status = Upgrade(editor, from, version).visit(*model.mutable_graph(), /*isMain=*/true);
  editor.importDomain("", version);
  editor.reindex();
  return status;
}

} // namespace ingot::compress
