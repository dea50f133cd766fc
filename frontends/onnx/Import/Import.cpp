// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Import/Import.h"

#include "dialects/Ingot/Control.h"

#include "frontends/onnx/Import/ElementTypes.h"
#include "frontends/onnx/Import/GraphImporter.h"
#include "frontends/onnx/Import/NarrowTypes.h"
#include "frontends/onnx/Import/Registry.h"
#include "frontends/onnx/Ingest/ElementType.h"
#include "frontends/onnx/Schema/Functions.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace ingot::importer {
namespace {

/// Imports one model; the steps of run() share the builder and the function that is being filled.
class ModelImporter {
public:
  ModelImporter(MLIRContext &context, const ingest::Model &model, WeightStore &weights, const ImportOptions &options)
      : context(context), model(model), weights(weights), options(options), symbols(&context, options), b(&context),
        loc(NameLoc::get(b.getStringAttr(model.graph().name().empty() ? "model" : model.graph().name()))) {}

  OwningOpRef<ModuleOp> run() {
    int errors = 0;
    ScopedDiagnosticHandler counter(&context, [&](Diagnostic &diagnostic) {
      errors += diagnostic.getSeverity() == DiagnosticSeverity::Error;
      return failure(); // counted only: the outer handler prints it
    });
    OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
    b.setInsertionPointToEnd(module->getBody());
    if (failed(symbols.resolve(model.graph(), loc)))
      return {};
    function = func::FuncOp::create(b, loc, "main", b.getFunctionType({}, {}));
    b.setInsertionPointToStart(function.addEntryBlock());
    GraphImporter importer(b, model, weights, symbols);
    bool ok = succeeded(importInputs(importer));
    if (!ok)
      return {}; // every node would fail for want of an input
    for (const onnx::NodeProto &node : model.graph().node())
      importer.importNode(node, model.opsets());
    if (failed(importOutputs(importer)) || importer.failed()) {
      if (errors == 0)
        emitError(loc) << "the model cannot be imported";
      return {};
    }
    eraseDeadOperations(function.getBody().front());
    if (failed(finishPlaceholders()))
      return {};
    function->setAttr("ingot.symbols", b.getStrArrayAttr(SmallVector<StringRef>(symbols.names().begin(), symbols.names().end())));
    size_t inputs = llvm::count_if(llvm::seq<size_t>(symbols.names().size()), [&](size_t i) { return isInput(i); });
    if (!symbols.names().empty() && (symbols.isDynamic() || inputs == 0)) {
      auto bounds = llvm::map_to_vector(symbols.bounds(), [&](AffineExpr bound) { return AffineMap::get(0, symbols.names().size(), bound); });
      if (inputs < symbols.names().size())
        function->setAttr("ingot.bounds", b.getAffineMapArrayAttr(bounds));
      if (!symbols.rooms().empty())
        function->setAttr("ingot.rooms", b.getDenseI64ArrayAttr(symbols.rooms()));
      auto ranges = llvm::map_to_vector(symbols.ranges(),
                                        [&](SymbolRange range) -> Attribute { return b.getDenseI64ArrayAttr({range.minimum, range.maximum}); });
      function->setAttr("ingot.ranges", b.getArrayAttr(ranges));
      function->setAttr("ingot.relations", relations());
    }
    return module;
  }

private:
  bool isInput(size_t symbol) const {
    return symbols.bounds()[symbol] == getAffineSymbolExpr(symbol, &context) && !llvm::is_contained(symbols.rooms(), static_cast<int64_t>(symbol));
  }
  bool needsInput(AffineExpr dim) const {
    bool needs = false;
    dim.walk([&](AffineExpr expr) {
      if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
        needs |= isInput(symbol.getPosition());
    });
    return needs;
  }

  /// What has to be equal in a run: [()[symbols] -> (left, right), the node that needs it] for each relation.
  ArrayAttr relations() {
    SmallVector<Attribute> relations;
    for (const Symbols::Relation &relation : symbols.relations()) {
      auto map = AffineMap::get(0, symbols.names().size(), {relation.left, relation.right}, &context);
      relations.push_back(b.getArrayAttr({AffineMapAttr::get(map), relation.loc}));
    }
    return b.getArrayAttr(relations);
  }

  LogicalResult importInputs(GraphImporter &importer) {
    bool ok = true;
    for (const auto &[name, value] : options.boundInputs)
      if (!llvm::any_of(model.graph().input(), [&](const onnx::ValueInfoProto &input) { return input.name() == name; }) && !model.initializer(name)) {
        emitError(loc) << "the model has no input '" << name << "'";
        ok = false;
      }
    for (const onnx::ValueInfoProto &input : model.graph().input()) {
      Location inputLoc = NameLoc::get(b.getStringAttr(input.name()));
      if (!input.type().has_tensor_type()) {
        emitError(inputLoc) << "input '" << input.name() << "' is no tensor; sequences, maps and optional values are not supported";
        ok = false;
        continue;
      }
      int32_t code = input.type().tensor_type().elem_type();
      Type element = getElementType(&context, code);
      if (!element) {
        emitError(inputLoc) << "input '" << input.name() << "' has element type " << ingest::elementTypeName(code) << ", which is not supported";
        ok = false;
        continue;
      }
      if (auto bound = options.boundInputs.find(input.name()); bound != options.boundInputs.end()) {
        if (bound->second.elementType != code) {
          emitError(inputLoc) << "the constant given for input '" << input.name() << "' has element type "
                              << ingest::elementTypeName(bound->second.elementType) << ", it must be " << ingest::elementTypeName(code);
          ok = false;
          continue;
        }
        auto type = RankedTensorType::get(bound->second.dims, element);
        importer.define(input.name(), TensorBuilder(b, inputLoc, weights).constant(type, bound->second.bytes, input.name(), bound->second.keepAlive),
                        isNarrow(code) ? code : 0);
        continue;
      }
      FailureOr<Dims> dims = symbols.inputDims(input, inputLoc);
      if (failed(dims)) {
        ok = false;
        continue;
      }
      Block &entry = function.getBody().front();
      importer.define(input.name(), entry.addArgument(makeTensorType(*dims, element), inputLoc), isNarrow(code) ? code : 0);
      argumentNames.push_back(input.name());
      argumentTypes.push_back(isNarrow(code) ? code : 0);
    }
    return success(ok);
  }

  LogicalResult importOutputs(GraphImporter &importer) {
    SmallVector<Value> results;
    SmallVector<StringRef> names;
    SmallVector<int32_t> types;
    bool ok = true;
    for (const onnx::ValueInfoProto &output : model.graph().output()) {
      std::optional<Value> value = importer.lookup(output.name());
      if (value && *value && !isa<RankedTensorType>(value->getType())) {
        emitError(loc) << "output '" << output.name() << "' is no tensor; sequences, maps and optional values are not supported";
        value.reset();
      }
      ok &= value && *value;
      if (!ok)
        continue; // reported with its node
      results.push_back(*value);
      names.push_back(output.name());
      types.push_back(importer.narrowType(output.name()));
      int32_t declared = output.type().tensor_type().elem_type();
      if (declared != 0 && declared != types.back() && (isNarrow(declared) || types.back() != 0)) {
        emitError(loc) << "output '" << output.name() << "' of element type " << ingest::elementTypeName(isNarrow(declared) ? declared : types.back())
                       << " comes through an operator that is not supported for this type";
        ok = false;
      }
    }
    if (!ok)
      return failure();
    func::ReturnOp::create(b, loc, results);
    Block &entry = function.getBody().front();
    function.setFunctionType(b.getFunctionType(entry.getArgumentTypes(), ValueRange(results).getTypes()));
    for (auto [i, name] : llvm::enumerate(argumentNames))
      function.setArgAttr(i, "ingot.name", b.getStringAttr(name));
    for (auto [i, name] : llvm::enumerate(names))
      function.setResultAttr(i, "ingot.name", b.getStringAttr(name));
    for (auto [i, type] : llvm::enumerate(argumentTypes))
      if (type != 0)
        function.setArgAttr(i, "ingot.element_type", b.getI32IntegerAttr(type));
    for (auto [i, type] : llvm::enumerate(types))
      if (type != 0)
        function.setResultAttr(i, "ingot.element_type", b.getI32IntegerAttr(type));
    return success();
  }

  void eraseDeadOperations(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
      for (Region &body : op.getRegions())
        eraseDeadOperations(body.front());
      if (isOpTriviallyDead(&op))
        op.erase();
    }
  }

  /// Sizes that are left over as data: with open dims a run computes them; without, what they depend on has to be fixed.
  LogicalResult finishPlaceholders() {
    bool ok = true;
    for (Block *block : blocksOf(function.getBody().front()))
      for (Operation &op : llvm::make_early_inc_range(*block)) {
        std::optional<Dims> dims = op.getNumResults() == 1 ? getPlaceholderDims(op.getResult(0)) : std::nullopt;
        if (!dims)
          continue;
        if (!symbols.isDynamic() && llvm::any_of(*dims, [&](AffineExpr dim) { return needsInput(dim); })) {
          symbols.reportSymbolic(op.getUses().begin()->getOwner()->getLoc(), *dims);
          ok = false;
          continue;
        }
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPoint(&op);
        auto map = AffineMapAttr::get(AffineMap::get(0, symbols.names().size(), *dims, &context));
        op.getResult(0).replaceAllUsesWith(DimsOp::create(b, op.getLoc(), op.getResult(0).getType(), map));
        op.erase();
      }
    return success(ok);
  }

  MLIRContext &context;
  const ingest::Model &model;
  WeightStore &weights;
  const ImportOptions &options;
  Symbols symbols;
  OpBuilder b;
  Location loc;
  func::FuncOp function;
  std::vector<std::string> argumentNames;
  std::vector<int32_t> argumentTypes; // narrow ones, otherwise 0
};

} // namespace

LogicalResult checkOptions(MLIRContext &context, const ingest::Model &model, const ImportOptions &options) {
  return Symbols(&context, options).resolve(model.graph(), UnknownLoc::get(&context));
}

std::vector<const onnx::NodeProto *> unsupportedNodes(const ingest::Model &model) {
  std::vector<const onnx::NodeProto *> result;
  for (const onnx::NodeProto &node : model.graph().node()) {
    StringRef domain = schema::normalDomain(node.domain());
    auto version = model.opsets().find(domain.str());
    const onnx::OpSchema *schema = version == model.opsets().end() ? nullptr : schema::findSchema(domain, node.op_type(), version->second);
    if (!schema::findLocalFunction(model.proto(), node) &&
        !(schema && (schema::hasFunctionBody(*schema) || findImporter(domain, node.op_type(), schema->SinceVersion()))))
      result.push_back(&node);
  }
  return result;
}

OwningOpRef<ModuleOp> importModel(MLIRContext &context, const ingest::Model &model, WeightStore &weights, const ImportOptions &options) {
  context.loadDialect<IngotDialect, func::FuncDialect>();
  return ModelImporter(context, model, weights, options).run();
}

} // namespace ingot::importer
