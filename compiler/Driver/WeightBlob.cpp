// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Driver/WeightBlob.h"

#include "compiler/Driver/RecipeRunner.h"
#include "dialects/Ingot/Ingot.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "passes/Weights/WeightStore.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <deque>
#include <vector>

using namespace mlir;

namespace ingot {
namespace {

struct Placed {
  int64_t offset;
  TypedAttr value;
};

int64_t bytesOf(Type type) {
  auto shaped = cast<ShapedType>(type);
  return shaped.getNumElements() * llvm::divideCeil(getStorageType(shaped.getElementType()).getIntOrFloatBitWidth(), 8);
}

SmallVector<Placed> layoutOf(ModuleOp module) {
  SmallVector<Placed> layout;
  auto entries = module->getAttrOfType<ArrayAttr>("ingot.weight_layout");
  for (auto entry : entries ? entries.getAsRange<DictionaryAttr>() : ArrayAttr::get(module.getContext(), {}).getAsRange<DictionaryAttr>())
    layout.push_back({cast<IntegerAttr>(entry.get("offset")).getInt(), cast<TypedAttr>(entry.get("value"))});
  return layout;
}

/// The elements of an attribute as they lie in memory.
void writeDense(DenseElementsAttr dense, llvm::raw_ostream &out) {
  if (dense.getElementType().isInteger(1)) {
    for (bool element : dense.getValues<bool>())
      out << static_cast<char>(element);
    return;
  }
  ArrayRef<char> raw = dense.getRawData();
  int64_t copies = dense.isSplat() ? dense.getNumElements() : 1;
  for (int64_t i = 0; i < copies; ++i)
    out.write(raw.data(), raw.size());
}

} // namespace

// No more than the inputs, the intermediate values and the result of one recipe are in memory at a time.
absl::Status writeConstant(TypedAttr value, const WeightStore &weights, const RecipeRunner *recipes, llvm::raw_ostream &out) {
  int64_t bytes = bytesOf(value.getType());
  if (auto handle = dyn_cast<WeightAttr>(value)) {
    ArrayRef<char> data = weights.bytes(handle.getId());
    if (static_cast<int64_t>(data.size()) != bytes)
      return absl::InternalError("weight '" + handle.getName().str() + "' has " + std::to_string(data.size()) + " bytes, its type needs " +
                                 std::to_string(bytes));
    out.write(data.data(), data.size());
    return absl::OkStatus();
  }
  auto recipe = dyn_cast<RecipeAttr>(value);
  if (!recipe) {
    writeDense(cast<DenseElementsAttr>(value), out);
    return absl::OkStatus();
  }
  if (!recipes)
    return absl::InternalError("the model has recipes, but none were compiled");
  // Copies, since mapped weights lie anywhere in their file, also off the alignment of their elements.
  std::deque<llvm::SmallVector<char, 0>> inputs; // which never moves its elements
  std::vector<const void *> pointers;
  for (auto input : recipe.getInputs().getAsRange<TypedAttr>()) {
    llvm::SmallVector<char, 0> &copy = inputs.emplace_back();
    copy.reserve(bytesOf(input.getType()));
    llvm::raw_svector_ostream stream(copy);
    if (absl::Status status = writeConstant(input, weights, recipes, stream); !status.ok())
      return status;
    pointers.push_back(copy.data());
  }
  return recipes->run(recipe, pointers, bytes, out);
}

uint64_t weightBlobBytes(ModuleOp planned) {
  SmallVector<Placed> layout = layoutOf(planned);
  return layout.empty() ? 0 : layout.back().offset + bytesOf(layout.back().value.getType());
}

absl::Status writeWeightBlob(ModuleOp planned, const WeightStore &weights, const RecipeRunner *recipes, llvm::raw_ostream &out) {
  int64_t position = 0;
  for (const Placed &placed : layoutOf(planned)) {
    out.write_zeros(placed.offset - position);
    if (absl::Status status = writeConstant(placed.value, weights, recipes, out); !status.ok())
      return status;
    position = placed.offset + bytesOf(placed.value.getType());
  }
  return absl::OkStatus();
}

} // namespace ingot
