// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/Constants.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Graph/Passes.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"

#define DEBUG_TYPE "ingot-outline-recipes"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_OUTLINERECIPESPASS
#include "passes/Graph/Passes.h.inc"

namespace {

/// A constant that makes a tensor this many times larger than what it is made of is better made when the model runs, from operands that stay in the
/// cache.
constexpr int64_t kMaxGrowth = 16, kGrowthMattersBytes = 1 << 20;

int64_t bytesOf(Type type) { return countElements(type) * ((cast<ShapedType>(type).getElementTypeBitWidth() + 7) / 8); }

/// Weights and vectors differ between layers that are otherwise alike, so they are arguments of a recipe; a single value is part of it.
bool isRecipeInput(ConstantOp constant) {
  auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
  return !dense || !dense.isSplat();
}

/// The operations that one value is computed by, down to the constants.
struct Cone {
  SmallVector<Operation *> members; ///< In the order of the block.
  SmallVector<ConstantOp> inputs;   ///< Constants that are arguments of the recipe, in the order of the block; the other constants are members.
};

struct OutlineRecipesPass : impl::OutlineRecipesPassBase<OutlineRecipesPass> {
  void runOnOperation() override {
    recipes = getOperation().lookupSymbol<ModuleOp>(kRecipesModule);
    functions.clear();
    if (recipes)
      for (auto recipe : recipes.getOps<func::FuncOp>())
        functions[keyOf(recipe)] = recipe;
    for (auto function : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      if (!function.isExternal())
        for (Block &block : function.getBody())
          outlineIn(block);
  }

private:
  void outlineIn(Block &block) {
    llvm::SmallPtrSet<Operation *, 16> computable; // at compile time
    for (Operation &op : block.without_terminator())
      if (isComputable(op, computable))
        computable.insert(&op);

    // Readers come first, so whoever still reads a value when its producer's turn comes is not part of a recipe.
    DenseMap<Attribute, Value> replacements;
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
      auto constant = dyn_cast<ConstantOp>(op);
      if (!constant && !computable.contains(&op))
        continue;
      for (OpResult result : op.getResults())
        if (!constant && !result.use_empty())
          if (TypedAttr recipe = makeRecipe(result, computable)) {
            Value &replacement = replacements[recipe];
            if (!replacement) {
              auto b = OpBuilder::atBlockBegin(&block);
              replacement = ConstantOp::create(b, op.getLoc(), result.getType(), recipe);
            }
            result.replaceAllUsesWith(replacement);
          }
      if (op.use_empty())
        op.erase();
    }
  }

  static bool isComputable(Operation &op, const llvm::SmallPtrSetImpl<Operation *> &computable) {
    auto member = dyn_cast<RegionFormationInterface>(op);
    if (!member || member.getAnchor() == Anchor::Constant || op.getNumRegions() != 0)
      return false;
    if (auto slice = dyn_cast<SliceOp>(op); isa<DimsOp>(op) || (slice && slice.getBounds())) // depends on the sizes of a run
      return false;
    auto isStatic = [](Type type) { return cast<ShapedType>(type).hasStaticShape(); };
    return llvm::all_of(op.getResultTypes(), isStatic) && llvm::all_of(op.getOperands(), [&](Value operand) {
             Operation *producer = operand.getDefiningOp();
             return producer && (isa<ConstantOp>(producer) || computable.contains(producer));
           });
  }

  static Cone coneOf(OpResult root) {
    llvm::SetVector<Operation *> members;
    members.insert(root.getOwner());
    for (size_t i = 0; i < members.size(); ++i)
      for (Value operand : members[i]->getOperands())
        members.insert(operand.getDefiningOp());
    SmallVector<Operation *> ordered = members.takeVector();
    llvm::sort(ordered, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
    Cone cone;
    for (Operation *op : ordered)
      if (auto constant = dyn_cast<ConstantOp>(op); constant && isRecipeInput(constant))
        cone.inputs.push_back(constant);
      else
        cone.members.push_back(op);
    return cone;
  }

  /// Whether the value costs more to read than to make.
  static bool isPointless(OpResult root, const Cone &cone) {
    auto type = cast<ShapedType>(root.getType());
    if (auto broadcast = dyn_cast<BroadcastOp>(root.getOwner())) // readers broadcast by themselves
      return type.getNumElements() > countElements(broadcast.getX().getType());
    int64_t bytes = 0;
    for (ConstantOp input : cone.inputs)
      bytes += bytesOf(input.getType());
    bool packs = llvm::any_of(cone.members, llvm::IsaPred<PackOp>);
    return !packs && bytesOf(type) > kGrowthMattersBytes && bytesOf(type) / kMaxGrowth > bytes;
  }

  /// Null when the value is left as it is.
  TypedAttr makeRecipe(OpResult root, const llvm::SmallPtrSetImpl<Operation *> &computable) {
    Cone cone = coneOf(root);
    if (isPointless(root, cone))
      return {};
    MLIRContext *context = &getContext();
    SmallVector<Type> types;
    SmallVector<Attribute> inputs;
    for (ConstantOp input : cone.inputs) {
      types.push_back(input.getType());
      inputs.push_back(input.getValue());
    }
    OpBuilder b(context);
    OwningOpRef<func::FuncOp> function = func::FuncOp::create(b, root.getLoc(), "recipe", b.getFunctionType(types, root.getType()));
    Block *entry = function->addEntryBlock();
    b.setInsertionPointToStart(entry);
    IRMapping mapping;
    for (auto [input, argument] : llvm::zip_equal(cone.inputs, entry->getArguments()))
      mapping.map(input.getResult(), argument);
    for (Operation *op : cone.members)
      b.clone(*op, mapping)->removeAttr("ingot.values"); // names of the model's values differ between layers that are alike
    func::ReturnOp::create(b, root.getLoc(), mapping.lookup(Value(root)));
    func::FuncOp &shared = functions[keyOf(*function)];
    if (!shared) {
      shared = function.release();
      if (!recipes)
        getOperation().push_back(recipes = ModuleOp::create(getOperation().getLoc(), kRecipesModule));
      shared.setName(("recipe_" + Twine(functions.size() - 1)).str());
      recipes.push_back(shared);
    }
    auto symbol = SymbolRefAttr::get(context, kRecipesModule, FlatSymbolRefAttr::get(shared.getNameAttr()));
    return RecipeAttr::get(context, symbol, b.getArrayAttr(inputs), root.getType());
  }

  /// What a recipe does, without its name.
  static std::string keyOf(func::FuncOp function) {
    std::string key;
    llvm::raw_string_ostream stream(key);
    stream << function.getFunctionType();
    function.getBody().front().print(stream);
    return key;
  }

  ModuleOp recipes;
  llvm::StringMap<func::FuncOp> functions;
};

} // namespace
} // namespace ingot
