// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/Interface.h"

#include "compiler/Driver/Diagnostics.h"
#include "dialects/Ingot/ModelSymbols.h"
#include "dialects/Ingot/Shapes.h"
#include "dialects/Ingot/SymbolicDims.h"
#include "passes/Kernel/Families.h"
#include "passes/Kernel/Profile/RegionTable.h"
#include "runtime/include/ingot/model.h"

#include <regex>

using namespace mlir;

namespace ingot {
namespace {

/// ONNX's number of an element type (TensorProto.DataType).
int32_t onnxElementType(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element)) {
    bool isUnsigned = integer.isUnsigned();
    switch (integer.getWidth()) {
    case 1:
      return INGOT_BOOL;
    case 8:
      return isUnsigned ? INGOT_U8 : INGOT_I8;
    case 16:
      return isUnsigned ? INGOT_U16 : INGOT_I16;
    case 32:
      return isUnsigned ? INGOT_U32 : INGOT_I32;
    default:
      return isUnsigned ? INGOT_U64 : INGOT_I64;
    }
  }
  return element.isF16() ? INGOT_F16 : element.isBF16() ? INGOT_BF16 : element.isF64() ? INGOT_F64 : INGOT_F32;
}

class InterfaceWriter {
public:
  InterfaceWriter(func::FuncOp model, const DiagnosticCollector &diagnostics, ModelInterface &interface)
      : model(model), diagnostics(diagnostics), interface(interface), symbols(ModelSymbols::of(model)), derived(ModelSymbols::derivedDims(model)) {}

  void write() {
    if (auto listed = model->getAttrOfType<ArrayAttr>("ingot.symbols"))
      for (auto name : listed.getAsValueRange<StringAttr>())
        names.push_back(name.str());
    if (ModelSymbols::areSeen(model)) {
      for (auto [i, name, range] : llvm::enumerate(ArrayRef(names).take_front(symbols.ranges.size()), symbols.ranges))
        interface.symbols.push_back({name, range.minimum, range.maximum,
                                     symbols.isRoom(i)    ? INGOT_SYMBOL_ROOM
                                     : symbols.isInput(i) ? INGOT_SYMBOL_INPUT
                                                          : INGOT_SYMBOL_RESULT});
      for (AffineExpr dim : derived) {
        SymbolRange range = rangeOf(dim, symbols.ranges);
        int32_t kind = symbols.bound(dim) == simplifyDim(dim) ? INGOT_SYMBOL_COMPUTED : INGOT_SYMBOL_RESULT;
        interface.symbols.push_back({textOf(dim), range.minimum, range.maximum, kind});
      }
    }
    for (auto [i, type] : llvm::enumerate(model.getArgumentTypes()))
      interface.inputs.push_back(tensorOf(cast<RankedTensorType>(type), model.getArgAttrDict(i)));
    for (auto [i, type] : llvm::enumerate(model.getResultTypes()))
      interface.outputs.push_back(tensorOf(cast<RankedTensorType>(type), model.getResultAttrDict(i)));
    if (auto relations = model->getAttrOfType<ArrayAttr>("ingot.relations"))
      for (auto relation : relations.getAsRange<ArrayAttr>()) {
        AffineMap map = cast<AffineMapAttr>(relation[0]).getValue();
        std::string node = diagnostics.describe(nodeNameOf(cast<LocationAttr>(relation[1])));
        interface.relations.push_back(node + textOf(map.getResult(0)) + " and " + textOf(map.getResult(1)) + " must be equal");
      }
  }

private:
  /// The expression with the names of the symbols.
  std::string textOf(AffineExpr dim) const {
    std::string text;
    llvm::raw_string_ostream(text) << dim;
    static const std::regex kSymbol("\\bs([0-9]+)\\b");
    std::string named;
    std::sregex_iterator match(text.begin(), text.end(), kSymbol), end;
    size_t done = 0;
    for (; match != end; ++match) {
      named += text.substr(done, match->position() - done) + names[std::stoul((*match)[1])];
      done = match->position() + match->length();
    }
    return named + text.substr(done);
  }

  TensorInterface tensorOf(RankedTensorType tensor, DictionaryAttr attributes) const {
    TensorInterface result;
    if (auto name = attributes ? attributes.getAs<StringAttr>("ingot.name") : StringAttr())
      result.name = name.str();
    auto narrow = attributes ? attributes.getAs<IntegerAttr>("ingot.element_type") : IntegerAttr(); // one that lies in bytes
    result.elementType = narrow ? static_cast<int32_t>(narrow.getInt()) : onnxElementType(tensor.getElementType());
    AffineExpr bytes = getAffineConstantExpr(getStorageType(tensor.getElementType()).getIntOrFloatBitWidth() / 8, tensor.getContext());
    for (AffineExpr dim : getDims(tensor)) {
      bytes = bytes * dim;
      result.dims.push_back(numberOf(dim));
    }
    result.bytes = symbols.upperBound(symbols.bound(simplifyDim(bytes)));
    return result;
  }

  /// A size, or -1 - the number of a symbol.
  int64_t numberOf(AffineExpr dim) const {
    if (std::optional<int64_t> size = getConstant(dim))
      return *size;
    if (auto symbol = dyn_cast<AffineSymbolExpr>(dim))
      return -1 - static_cast<int64_t>(symbol.getPosition());
    return -1 - static_cast<int64_t>(symbols.ranges.size()) - std::distance(derived.begin(), llvm::find(derived, dim));
  }

  func::FuncOp model;
  const DiagnosticCollector &diagnostics;
  ModelInterface &interface;
  ModelSymbols symbols;
  SmallVector<AffineExpr> derived;
  std::vector<std::string> names;
};

} // namespace

void describeInterface(func::FuncOp model, const DiagnosticCollector &diagnostics, ModelInterface &interface) {
  InterfaceWriter(model, diagnostics, interface).write();
}

void describeKernels(ModuleOp body, const DiagnosticCollector &diagnostics, ModelInterface &interface) {
  interface.sites = diagnostics.failureSites(body);
  if (auto bytes = body->getAttrOfType<IntegerAttr>(kScratchBytes))
    interface.scratchBytes = std::max<uint64_t>(interface.scratchBytes, bytes.getInt());
  auto table = body->getAttrOfType<ArrayAttr>(kRegionTable);
  for (Attribute entry : table ? table.getValue() : ArrayRef<Attribute>()) {
    auto region = cast<DictionaryAttr>(entry);
    auto text = [&](StringRef key) { return region.getAs<StringAttr>(key).str(); };
    auto number = [&](StringRef key) { return static_cast<uint64_t>(region.getAs<IntegerAttr>(key).getInt()); };
    interface.regions.push_back({text("name"), text("family"), text("kind"), number("flops"), number("bytes"),
                                 region.contains("bf16")   ? INGOT_ARITHMETIC_BF16
                                 : region.contains("int8") ? INGOT_ARITHMETIC_INT8
                                                           : INGOT_ARITHMETIC_F32});
  }
}

} // namespace ingot
