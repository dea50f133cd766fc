// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/Passes.h"

#include "dialects/Ingot/ModelSymbols.h"
#include "dialects/Ingot/Shapes.h"
#include "dialects/Ingot/SymbolicDims.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_FIXDIMSPASS
#include "passes/Plan/Passes.h.inc"

namespace {

struct FixDimsPass : impl::FixDimsPassBase<FixDimsPass> {
  using FixDimsPassBase::FixDimsPassBase;

  void runOnOperation() override {
    func::FuncOp model = getOperation();
    ModelSymbols known = ModelSymbols::of(model);
    if (known.empty())
      return;
    if (sizes.size() != known.ranges.size()) {
      model.emitOpError("has ") << known.ranges.size() << " symbols, but sizes are given for " << sizes.size();
      return signalPassFailure();
    }
    // What a run reports of its results stays in the same slots of the model's values.
    auto derived = AffineMap::get(0, known.ranges.size(), ModelSymbols::derivedDims(model), &getContext());
    model->setAttr("ingot.derived", AffineMapAttr::get(derived));
    for (auto [i, size] : llvm::enumerate(sizes))
      values.push_back(size < 0 ? getAffineSymbolExpr(i, &getContext()) : getAffineConstantExpr(size, &getContext()));

    model.walk([&](Operation *op) {
      for (Value result : op->getResults())
        result.setType(fixed(result.getType()));
      for (Region &region : op->getRegions())
        for (Block &block : region)
          for (BlockArgument argument : block.getArguments())
            argument.setType(fixed(argument.getType()));
      if (auto slice = dyn_cast<SliceOp>(op))
        fixBounds(slice);
      if (auto dims = dyn_cast<DimsOp>(op))
        dims.setValues(fixed(dims.getValues()));
    });
    auto fixAll = [&](TypeRange types) { return llvm::map_to_vector(types, [&](Type type) { return fixed(type); }); };
    model.setType(FunctionType::get(&getContext(), fixAll(model.getArgumentTypes()), fixAll(model.getResultTypes())));
  }

private:
  AffineExpr fixed(AffineExpr dim) const { return simplifyDim(dim.replaceSymbols(values)); }

  AffineMap fixed(AffineMap map) const {
    auto results = llvm::map_to_vector(map.getResults(), [&](AffineExpr dim) { return fixed(dim); });
    return AffineMap::get(0, values.size(), results, map.getContext());
  }

  Type fixed(Type type) const {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || tensor.hasStaticShape())
      return type;
    return makeTensorType(llvm::map_to_vector(getDims(tensor), [&](AffineExpr dim) { return fixed(dim); }), tensor.getElementType());
  }

  void fixBounds(SliceOp slice) const {
    if (!slice.getBounds()) { // a size that is not known is that of the whole dim
      SmallVector<int64_t> sizes(slice.getSizes());
      for (auto [size, dim] : llvm::zip_equal(sizes, slice.getType().getShape()))
        size = ShapedType::isDynamic(size) ? dim : size;
      return slice.setSizes(sizes);
    }
    AffineMap bounds = fixed(*slice.getBounds());
    size_t rank = bounds.getNumResults() / 2;
    auto numbers = llvm::map_to_vector(bounds.getResults(), [](AffineExpr dim) { return getConstant(dim).value_or(ShapedType::kDynamic); });
    slice.setOffsets(ArrayRef(numbers).take_front(rank));
    slice.setSizes(ArrayRef(numbers).drop_front(rank));
    if (llvm::is_contained(numbers, ShapedType::kDynamic))
      slice.setBounds(bounds);
    else
      slice.removeBoundsAttr();
  }

  SmallVector<AffineExpr> values;
};

} // namespace
} // namespace ingot
