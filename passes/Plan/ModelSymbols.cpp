// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/ModelSymbols.h"

#include "dialects/Ingot/Shapes.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace ingot {

ModelSymbols ModelSymbols::of(func::FuncOp model) {
  ModelSymbols symbols;
  if (auto ranges = model->getAttrOfType<ArrayAttr>("ingot.ranges"))
    for (auto range : ranges.getAsRange<DenseI64ArrayAttr>())
      symbols.ranges.push_back({range[0], range[1]});
  if (auto relations = model->getAttrOfType<ArrayAttr>("ingot.relations"))
    for (auto relation : relations.getAsRange<ArrayAttr>()) {
      AffineMap map = cast<AffineMapAttr>(relation[0]).getValue();
      symbols.relations.push_back({map.getResult(0), map.getResult(1)});
    }
  return symbols;
}

SmallVector<AffineExpr> ModelSymbols::derivedDims(func::FuncOp model) {
  if (auto known = model->getAttrOfType<AffineMapAttr>("ingot.derived"))
    return SmallVector<AffineExpr>(known.getValue().getResults());
  llvm::SetVector<AffineExpr> derived;
  for (Type type : model.getResultTypes())
    for (AffineExpr dim : getDims(cast<RankedTensorType>(type)))
      if (!isa<AffineConstantExpr, AffineSymbolExpr>(dim))
        derived.insert(dim);
  return derived.takeVector();
}

} // namespace ingot
