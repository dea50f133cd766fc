// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef FRONTENDS_ONNX_IMPORT_NODE_H
#define FRONTENDS_ONNX_IMPORT_NODE_H

#include "frontends/onnx/Import/TensorBuilder.h"
#include "frontends/onnx/Schema/Schema.h"
#include "onnx/onnx_pb.h"

namespace ingot::importer {

class GraphImporter;

/// One node while it is imported: its operands, attributes (with the schema's defaults) and results, and the builder of its operations.
class Node : public TensorBuilder {
public:
  Node(GraphImporter &graph, mlir::OpBuilder &b, mlir::Location loc, WeightStore &weights, const onnx::NodeProto &proto, const onnx::OpSchema &schema,
       llvm::ArrayRef<mlir::Value> inputs);

  GraphImporter &graph;
  const onnx::NodeProto &proto;
  const onnx::OpSchema &schema;

  int since() const { return schema.SinceVersion(); }

  //===-- Operands -----------------------------------------------------------------------------------------------------------------------===//

  unsigned size() const { return inputs.size(); }
  bool has(unsigned index) const { return index < inputs.size() && inputs[index]; }
  /// The operand, null when the node leaves it out.
  mlir::Value operator[](unsigned index) const { return has(index) ? inputs[index] : mlir::Value(); }
  std::string inputName(unsigned index) const;
  /// What ONNX calls the operand's elements where that is a narrow type, otherwise 0.
  int32_t narrowType(unsigned index) const;

  using TensorBuilder::ints;
  /// The integers of a constant operand; an operand that is not constant is reported.
  std::optional<Ints> ints(unsigned index);
  std::optional<int64_t> integer(unsigned index);
  std::optional<llvm::SmallVector<double>> floats(unsigned index);
  /// Sizes, which may be symbolic; those that a run computes become symbols, with memory that grows.
  std::optional<Dims> dims(unsigned index);
  /// The elements of a vector that a run computes, as symbols.
  std::optional<Dims> bindDims(mlir::Value tensor, llvm::StringRef what);

  /// The shape of a value, all of whose dims must be fixed here; a symbolic one is reported by name.
  std::optional<Ints> fixedShape(mlir::Value value);
  std::optional<int64_t> fixedDim(mlir::Value value, int64_t axis);

  //===-- Attributes ---------------------------------------------------------------------------------------------------------------------===//

  const onnx::AttributeProto *attribute(llvm::StringRef name) const;
  bool hasAttribute(llvm::StringRef name) const { return attribute(name) != nullptr; }
  /// 0, "" and the empty list when neither the node nor the schema gives a value.
  int64_t integer(llvm::StringRef name, int64_t otherwise = 0) const;
  double real(llvm::StringRef name, double otherwise = 0.0) const;
  llvm::StringRef string(llvm::StringRef name) const;
  Ints integers(llvm::StringRef name) const;
  llvm::SmallVector<double> reals(llvm::StringRef name) const;
  bool flag(llvm::StringRef name) const { return integer(name) != 0; }

  /// `axis` counted from the front; one outside of [-rank, rank) is reported.
  std::optional<int64_t> normalize(int64_t axis, int64_t rank);
  std::optional<Ints> normalize(Ints axes, int64_t rank);
  std::optional<int64_t> axis(int64_t rank, llvm::StringRef name = "axis") { return normalize(integer(name), rank); }
  /// The list that is an attribute in old versions and operand `index` in new ones; empty when neither is there.
  std::optional<Ints> listOf(llvm::StringRef attributeName, unsigned index);

  //===-- Results ------------------------------------------------------------------------------------------------------------------------===//

  unsigned numOutputs() const { return outputs.size(); }
  bool wants(unsigned output) const { return output < outputs.size() && !proto.output(output).empty(); }
  void yield(unsigned output, mlir::Value value) {
    if (output < outputs.size())
      outputs[output] = value;
  }
  void yield(mlir::Value value) { yield(0, value); }
  mlir::Value result(unsigned output) const { return outputs[output]; }
  /// A result of the TensorProto::DataType. Others have the type of the operand that the schema names, which matters for narrow ones alone.
  void yieldAs(int32_t onnxType, mlir::Value value);
  /// What `yieldAs` said: a narrow type or 0.
  std::optional<int32_t> resultType(unsigned output) const { return output == 0 ? firstType : std::nullopt; }

  /// The dims of a result as the model declares or ONNX infers them, when they are known.
  std::optional<Dims> declaredDims(unsigned output);

private:
  llvm::ArrayRef<mlir::Value> inputs;
  llvm::SmallVector<mlir::Value, 2> outputs;
  std::optional<int32_t> firstType;
};

} // namespace ingot::importer

#endif
