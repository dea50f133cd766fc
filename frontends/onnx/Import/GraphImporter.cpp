// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Import/GraphImporter.h"

#include "frontends/onnx/Import/ElementTypes.h"
#include "frontends/onnx/Import/NarrowTypes.h"
#include "frontends/onnx/Import/Node.h"
#include "frontends/onnx/Import/Registry.h"
#include "frontends/onnx/Ingest/ElementType.h"
#include "frontends/onnx/Schema/Functions.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/ScopeExit.h"

using namespace mlir;

namespace ingot::importer {
namespace {

/// Bodies call operators that have bodies; ONNX's own nest three deep.
constexpr int kMaxFunctionDepth = 32;

/// Whether operand `index` may be a sequence or an optional value. Validation has compared the types; this keeps importers of tensors safe.
bool takesSequences(const onnx::OpSchema &schema, size_t index) {
  if (schema.inputs().empty())
    return false;
  const auto &formal = schema.inputs()[std::min(index, schema.inputs().size() - 1)];
  return llvm::any_of(formal.GetTypes(), [](const std::string *type) { return StringRef(*type).contains("seq("); });
}

int32_t declaredNarrowType(const onnx::ValueInfoProto &value) {
  int32_t type = value.type().tensor_type().elem_type();
  return isNarrow(type) ? type : 0;
}

/// The narrow type of a result that the importer of the node does not name: that of an operand which the schema gives the same type, or of the value
/// that a graph of the node has in its place.
int32_t inheritedNarrowType(const Node &n, unsigned output) {
  for (const onnx::AttributeProto &attribute : n.proto.attribute())
    if (attribute.type() == onnx::AttributeProto::GRAPH) {
      int inner = static_cast<int>(output) + (n.proto.op_type() == "Loop"); // whose first one is the condition
      return inner < attribute.g().output_size() ? declaredNarrowType(attribute.g().output(inner)) : 0;
    }
  if (output >= n.schema.outputs().size())
    return 0;
  const std::string &type = n.schema.outputs()[output].GetTypeStr();
  for (size_t i = 0; i < n.schema.inputs().size() && i < n.size(); ++i)
    if (n.has(i) && n.narrowType(i) != 0 && n.schema.inputs()[i].GetTypeStr() == type)
      return n.narrowType(i);
  return 0;
}

} // namespace

void setValueName(Value value, StringRef name) {
  Operation *op = value.getDefiningOp();
  if (!op || isa<ConstantOp>(op) || getPlaceholderDims(value))
    return;
  auto old = op->getAttrOfType<ArrayAttr>("ingot.values");
  SmallVector<Attribute> names(op->getNumResults(), StringAttr::get(op->getContext()));
  if (old)
    names.assign(old.begin(), old.end());
  Attribute &own = names[cast<OpResult>(value).getResultNumber()];
  if (!cast<StringAttr>(own).empty())
    return; // another name of the same tensor
  own = StringAttr::get(op->getContext(), name);
  op->setAttr("ingot.values", ArrayAttr::get(op->getContext(), names));
}

std::optional<Value> GraphImporter::lookup(StringRef name) {
  for (auto scope = scopes.rbegin(); scope != scopes.rend(); ++scope)
    if (auto it = scope->find(name); it != scope->end())
      return it->second.value;
  const ingest::Initializer *initializer = model.initializer(name);
  if (!initializer)
    return std::nullopt;
  OpBuilder::InsertionGuard guard(b);
  if (auto function = b.getInsertionBlock()->getParentOp()->getParentOfType<func::FuncOp>()) // inside of a body: all that follows may use it
    b.setInsertionPointToStart(&function.getBody().front());
  Value value = importConstant(*initializer, NameLoc::get(b.getStringAttr(name)));
  scopes.front()[name] = {value, isNarrow(initializer->elementType) ? initializer->elementType : 0};
  return value;
}

int32_t GraphImporter::narrowType(StringRef name) const {
  for (auto scope = scopes.rbegin(); scope != scopes.rend(); ++scope)
    if (auto it = scope->find(name); it != scope->end())
      return it->second.narrowType;
  return 0;
}

Value GraphImporter::importConstant(const ingest::Initializer &tensor, Location loc) {
  Type element = getElementType(b.getContext(), tensor.elementType);
  if (!element) {
    emitError(loc) << "tensor '" << tensor.name << "' has element type " << ingest::elementTypeName(tensor.elementType) << ", which is not supported";
    fail();
    return {};
  }
  auto type = RankedTensorType::get(tensor.dims, element);
  std::shared_ptr<const void> keepAlive;
  ArrayRef<char> bytes = tensor.bytes();
  if (tensor.source) {
    keepAlive = tensor.source->file;
  } else {
    auto owner = std::make_shared<const std::string>(tensor.inlineBytes);
    bytes = {owner->data(), owner->size()};
    keepAlive = owner;
  }
  TensorBuilder builder(b, loc, weights);
  return isNarrow(tensor.elementType) ? narrowConstant(builder, tensor.elementType, tensor.dims, bytes, tensor.name, std::move(keepAlive))
                                      : builder.constant(type, bytes, tensor.name, std::move(keepAlive));
}

Value GraphImporter::importTensor(const onnx::TensorProto &proto, StringRef name, Location loc) {
  absl::StatusOr<ingest::Initializer> tensor = model.tensor(proto, name);
  if (!tensor.ok()) {
    emitError(loc) << std::string(tensor.status().message());
    fail();
    return {};
  }
  if (tensor->name.empty())
    tensor->name = name.str();
  return importConstant(*tensor, loc);
}

std::optional<Dims> GraphImporter::declaredDims(StringRef value) const {
  const onnx::TypeProto *type = model.valueType(value);
  return type ? symbols.dimsOf(*type) : std::nullopt;
}

void GraphImporter::defineOutputs(const onnx::NodeProto &node, ArrayRef<Value> results, ArrayRef<int32_t> narrowTypes) {
  for (auto [i, name] : llvm::enumerate(node.output())) {
    if (name.empty())
      continue;
    Value value = i < results.size() ? results[i] : Value();
    define(name, value, i < narrowTypes.size() ? narrowTypes[i] : 0);
    if (value)
      setValueName(value, name);
    else
      fail();
  }
}

void GraphImporter::importNode(const onnx::NodeProto &node, const schema::OpsetImports &nodeOpsets) {
  const schema::OpsetImports *outer = std::exchange(opsets, &nodeOpsets);
  llvm::scope_exit restore([&] { opsets = outer; });
  Location loc = NameLoc::get(b.getStringAttr(node.name()));
  SmallVector<Value> inputs;
  for (const std::string &name : node.input()) {
    std::optional<Value> value = name.empty() ? Value() : lookup(name);
    if (!value)
      emitError(loc) << "value '" << name << "' is not defined";
    if (!value || (!name.empty() && !*value)) // the reason has been reported where the value should have come from
      return defineOutputs(node, {});
    inputs.push_back(*value);
  }
  auto version = nodeOpsets.find(schema::normalDomain(node.domain()).str());
  const onnx::OpSchema *schema = version == nodeOpsets.end() ? nullptr : schema::findSchema(node.domain(), node.op_type(), version->second);
  if (schema::findLocalFunction(model.proto(), node))
    return importFunction(node, inputs, loc, nullptr);
  if (schema)
    if (ImportFn import = findImporter(schema::normalDomain(node.domain()), node.op_type(), schema->SinceVersion())) {
      for (auto [i, input] : llvm::enumerate(inputs))
        if (input && !isa<RankedTensorType>(input.getType()) && !takesSequences(*schema, i)) {
          emitError(loc) << "value '" << node.input(i) << "' is a sequence, node '" << node.name() << "' takes a tensor";
          return defineOutputs(node, {});
        }
      Node view(*this, b, loc, weights, node, *schema, inputs);
      import(view);
      SmallVector<Value> results;
      SmallVector<int32_t> types;
      for (unsigned i = 0; i < view.numOutputs(); ++i) {
        results.push_back(view.result(i));
        types.push_back(view.resultType(i).value_or(inheritedNarrowType(view, i)));
      }
      return defineOutputs(node, results, types);
    }
  importFunction(node, inputs, loc, schema);
}

void GraphImporter::importFunction(const onnx::NodeProto &node, ArrayRef<Value> inputs, Location loc, const onnx::OpSchema *schema) {
  SmallVector<onnx::TypeProto> types;
  for (auto [i, input] : llvm::enumerate(inputs)) {
    types.push_back(input && isa<RankedTensorType>(input.getType()) ? getTypeProto(typeOf(input)) : onnx::TypeProto());
    if (int32_t type = input ? narrowType(node.input(i)) : 0)
      types.back().mutable_tensor_type()->set_elem_type(type);
  }
  if (functionDepth >= kMaxFunctionDepth) {
    emitError(loc) << "functions call each other more than " << kMaxFunctionDepth << " deep";
    return defineOutputs(node, {});
  }
  absl::StatusOr<schema::ExpandedFunction> body = schema::expandFunction(node, *opsets, types, node.name(), &model.proto());
  if (!body.ok()) {
    auto version = opsets->find(schema::normalDomain(node.domain()).str());
    InFlightDiagnostic diagnostic = emitError(loc);
    diagnostic << "operator " << node.op_type() << " (" << schema::printedDomain(node.domain()) << ", opset "
               << (version == opsets->end() ? 0 : version->second) << ") of node '" << node.name() << "' is not supported";
    if (schema && schema::hasFunctionBody(*schema))
      diagnostic << ": " << std::string(body.status().message());
    return defineOutputs(node, {});
  }
  ++functionDepth;
  for (const onnx::NodeProto &inner : body->nodes)
    importNode(inner, body->opsets);
  --functionDepth;
  for (const std::string &name : node.output()) {
    std::optional<Value> value = name.empty() ? std::nullopt : lookup(name);
    if (!name.empty() && (!value || !*value))
      fail();
  }
}

SmallVector<Value> GraphImporter::importSubgraph(const onnx::GraphProto &graph, ArrayRef<Value> inputs) {
  scopes.emplace_back();
  for (auto [formal, actual] : llvm::zip(graph.input(), inputs))
    define(formal.name(), actual, declaredNarrowType(formal));
  for (const onnx::TensorProto &tensor : graph.initializer())
    define(tensor.name(), importTensor(tensor, tensor.name(), NameLoc::get(b.getStringAttr(tensor.name()))),
           isNarrow(tensor.data_type()) ? tensor.data_type() : 0);
  for (const onnx::NodeProto &node : graph.node())
    importNode(node, *opsets);
  SmallVector<Value> results;
  for (const onnx::ValueInfoProto &output : graph.output())
    results.push_back(lookup(output.name()).value_or(Value()));
  scopes.pop_back();
  return results;
}

} // namespace ingot::importer
