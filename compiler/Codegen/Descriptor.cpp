// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "compiler/Codegen/Descriptor.h"
#include "runtime/include/ingot/ingot.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/IR/Module.h"

using namespace llvm;

namespace ingot {
namespace {

// The constants below are written field by field: a change of the C structures must change this file.
static_assert(sizeof(IngotTensorInfo) == 32 && offsetof(IngotTensorInfo, rank) == 28);
static_assert(sizeof(IngotSymbol) == 32 && offsetof(IngotSymbol, kind) == 24);
static_assert(sizeof(IngotVariant) == 48 && offsetof(IngotVariant, value_count) == 40);
static_assert(sizeof(IngotRegion) == 32 && offsetof(IngotRegion, flops) == 16);
static_assert(sizeof(IngotModel) == 160 && offsetof(IngotModel, symbols) == 72 && offsetof(IngotModel, api) == 96 &&
              offsetof(IngotModel, sites) == 80 && offsetof(IngotModel, weights_hash) == 112 && offsetof(IngotModel, relations) == 120 &&
              offsetof(IngotModel, scratch_bytes) == 128 && offsetof(IngotModel, regions) == 136 && offsetof(IngotModel, region_count) == 152);

// Generated code knows these numbers (passes/LLVM/EmitEntry.cpp, passes/Kernel/FailureSites.cpp).
static_assert(offsetof(IngotCall, status) == 5 * sizeof(void *) && offsetof(IngotCall, failed_site) == offsetof(IngotCall, status) + 4 &&
              offsetof(IngotCall, scratch) == 7 * sizeof(void *) && offsetof(IngotCall, profiler) == 8 * sizeof(void *) && INGOT_RUN_FAILURE == 5);

/// Builds constants of the C interface; the literal structures get their padding from the data layout as in C.
class DescriptorBuilder {
public:
  explicit DescriptorBuilder(Module &module) : module(module), context(module.getContext()) {}

  Constant *i32(uint64_t value) { return ConstantInt::get(Type::getInt32Ty(context), value); }
  Constant *i64(uint64_t value) { return ConstantInt::get(Type::getInt64Ty(context), value); }
  Constant *null() { return ConstantPointerNull::get(PointerType::get(context, 0)); }
  Constant *structure(ArrayRef<Constant *> fields) { return ConstantStruct::getAnon(context, fields); }

  Constant *string(StringRef text) { return constant(ConstantDataArray::getString(context, text), "text"); }

  /// A pointer to the elements, null when there are none.
  Constant *array(ArrayRef<Constant *> elements, const Twine &name) {
    if (elements.empty())
      return null();
    return constant(ConstantArray::get(ArrayType::get(elements.front()->getType(), elements.size()), elements), name);
  }

  Constant *strings(ArrayRef<std::string> list, const Twine &name) {
    SmallVector<Constant *> texts;
    for (const std::string &text : list)
      texts.push_back(string(text));
    return array(texts, name);
  }

  Constant *tensors(ArrayRef<TensorInterface> list, const Twine &name) {
    SmallVector<Constant *> infos;
    for (const TensorInterface &tensor : list) {
      SmallVector<Constant *> dims;
      for (int64_t dim : tensor.dims)
        dims.push_back(i64(dim));
      infos.push_back(
          structure({string(tensor.name), array(dims, name + ".dims"), i64(tensor.bytes), i32(tensor.elementType), i32(tensor.dims.size())}));
    }
    return array(infos, name);
  }

  Constant *variants(ArrayRef<VariantInterface> list) {
    Type *pointer = PointerType::get(context, 0), *i64Type = Type::getInt64Ty(context);
    FunctionType *type = FunctionType::get(Type::getVoidTy(context), {pointer, i64Type, i64Type}, /*isVarArg=*/false);
    FunctionType *prepareType = FunctionType::get(i64Type, {pointer}, /*isVarArg=*/false);
    SmallVector<Constant *> records;
    for (const VariantInterface &variant : list)
      records.push_back(structure({string(variant.name), function(variant.runSymbol, type), i64(variant.arenaBytes), i64(variant.features),
                                   function(variant.prepareSymbol, prepareType), i64(variant.valueCount)}));
    return array(records, "variants");
  }

  Constant *symbols(ArrayRef<SymbolInterface> list) {
    SmallVector<Constant *> records;
    for (const SymbolInterface &symbol : list)
      records.push_back(structure({string(symbol.name), i64(symbol.minimum), i64(symbol.maximum), i32(symbol.kind), i32(0)}));
    return array(records, "symbols");
  }

  /// The table, and the texts that its rows name by their offsets, each text once: without pointers it needs no relocations.
  std::pair<Constant *, Constant *> regions(ArrayRef<RegionInterface> list) {
    std::string texts;
    StringMap<uint32_t> offsets;
    auto offsetOf = [&](StringRef text) {
      auto [known, isNew] = offsets.try_emplace(text, texts.size());
      if (isNew)
        texts += (text + Twine('\0')).str();
      return i32(known->second);
    };
    SmallVector<Constant *> records;
    for (const RegionInterface &region : list)
      records.push_back(structure(
          {offsetOf(region.name), offsetOf(region.family), offsetOf(region.kind), i32(region.arithmetic), i64(region.flops), i64(region.bytes)}));
    return {array(records, "regions"), list.empty() ? null() : string(texts)};
  }

  /// A function of another object, null without a name.
  Constant *function(StringRef symbol, FunctionType *type) {
    if (symbol.empty())
      return null();
    Function *function = dyn_cast<Function>(module.getOrInsertFunction(symbol, type).getCallee());
    assert(function && "the symbol names something that is no function");
    function->setVisibility(GlobalValue::HiddenVisibility);
    return function;
  }

  /// Data of another object, null without a name.
  Constant *data(StringRef symbol) {
    if (symbol.empty())
      return null();
    auto *global =
        new GlobalVariable(module, ArrayType::get(Type::getInt8Ty(context), 0), /*isConstant=*/true, GlobalValue::ExternalLinkage, nullptr, symbol);
    global->setVisibility(GlobalValue::HiddenVisibility);
    return global;
  }

  GlobalVariable *constant(Constant *value, const Twine &name) {
    auto *global = new GlobalVariable(module, value->getType(), /*isConstant=*/true, GlobalValue::PrivateLinkage, value, name);
    global->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
    return global;
  }

private:
  Module &module;
  LLVMContext &context;
};

absl::Status checkInterface(const ModelInterface &interface) {
  if (!isPrefix(interface.prefix))
    return absl::InvalidArgumentError("the prefix '" + interface.prefix + "' is no C identifier of a model");
  if (interface.variants.empty())
    return absl::InvalidArgumentError("model '" + interface.prefix + "' has no code variant");
  StringSet<> symbols;
  for (const VariantInterface &variant : interface.variants)
    if (!symbols.insert(variant.runSymbol).second)
      return absl::InvalidArgumentError("two variants of model '" + interface.prefix + "' have the run function '" + variant.runSymbol + "'");
  return absl::OkStatus();
}

} // namespace

bool isPrefix(StringRef text) {
  return !text.empty() && !isDigit(text.front()) && text != "ingot" && llvm::all_of(text, [](char c) { return isAlnum(c) || c == '_'; });
}

std::string toIdentifier(StringRef text) {
  std::string name;
  for (char c : text)
    name += isAlnum(c) ? c : '_';
  return isPrefix(name) ? name : "m_" + name;
}

absl::Status emitDescriptor(Module &module, const ModelInterface &interface) {
  if (absl::Status status = checkInterface(interface); !status.ok())
    return status;
  DescriptorBuilder b(module);
  auto [regions, regionText] = b.regions(interface.regions);
  Constant *model = b.structure({
      b.i32(sizeof(IngotModel)),
      b.i32(INGOT_ABI_VERSION),
      b.string(interface.manifest),
      b.tensors(interface.inputs, "inputs"),
      b.tensors(interface.outputs, "outputs"),
      b.variants(interface.variants),
      b.data(interface.weightsSymbol),
      b.i64(interface.weightBytes),
      b.i32(interface.inputs.size()),
      b.i32(interface.outputs.size()),
      b.i32(interface.variants.size()),
      b.i32(interface.symbols.size()),
      b.symbols(interface.symbols),
      b.strings(interface.sites, "sites"),
      b.i32(interface.sites.size()),
      b.i32(interface.relations.size()),
      b.data("ingot_api"),
      interface.weightsFile.empty() ? b.null() : b.string(interface.weightsFile),
      b.i64(interface.weightsHash),
      b.strings(interface.relations, "relations"),
      b.i64(interface.scratchBytes),
      regions,
      regionText,
      b.i64(interface.regions.size()),
  });
  GlobalVariable *global = b.constant(model, interface.modelSymbol());
  global->setLinkage(GlobalValue::ExternalLinkage);
  global->setUnnamedAddr(GlobalValue::UnnamedAddr::None);
  return absl::OkStatus();
}

} // namespace ingot
