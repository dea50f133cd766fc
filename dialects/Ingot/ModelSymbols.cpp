// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Ingot/ModelSymbols.h"

#include "dialects/Ingot/Shapes.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace ingot {

static bool hasSymbolicResult(func::FuncOp model) {
  return llvm::any_of(model.getResultTypes(), [](Type type) { return !cast<RankedTensorType>(type).hasStaticShape(); });
}

ModelSymbols ModelSymbols::of(func::FuncOp model) {
  ModelSymbols symbols;
  if (auto ranges = model->getAttrOfType<ArrayAttr>("ingot.ranges"))
    for (auto range : ranges.getAsRange<DenseI64ArrayAttr>())
      symbols.ranges.push_back({range[0], range[1]});
  if (auto bounds = model->getAttrOfType<ArrayAttr>("ingot.bounds"))
    for (auto bound : bounds.getAsRange<AffineMapAttr>())
      symbols.bounds.push_back(bound.getValue().getResult(0));
  else
    for (size_t i = 0; i < symbols.ranges.size(); ++i)
      symbols.bounds.push_back(getAffineSymbolExpr(i, model.getContext()));
  if (auto rooms = model->getAttrOfType<DenseI64ArrayAttr>("ingot.rooms"))
    llvm::append_range(symbols.rooms, rooms.asArrayRef());
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

bool ModelSymbols::isInput(size_t symbol) const { return isa<AffineSymbolExpr>(bounds[symbol]) && countSymbols(bounds[symbol]) == symbol + 1; }

bool ModelSymbols::hasInputs() const {
  return llvm::any_of(llvm::seq<size_t>(ranges.size()), [&](size_t symbol) { return isInput(symbol); });
}

bool ModelSymbols::areSeen(func::FuncOp model) {
  return ModelSymbols::of(model).hasInputs() || !derivedDims(model).empty() || hasSymbolicResult(model);
}

/// By the signs of the terms: what is taken away is taken away at its least.
AffineExpr ModelSymbols::bound(AffineExpr dim) const {
  auto least = [&](AffineExpr expr) {
    return expr.replaceSymbols(llvm::map_to_vector(llvm::seq<size_t>(ranges.size()), [&](size_t symbol) {
      return isInput(symbol) ? getAffineSymbolExpr(symbol, expr.getContext()) : getAffineConstantExpr(ranges[symbol].minimum, expr.getContext());
    }));
  };
  if (auto symbol = dyn_cast<AffineSymbolExpr>(dim))
    return isInput(symbol.getPosition()) ? dim : bound(bounds[symbol.getPosition()]);
  auto binary = dyn_cast<AffineBinaryOpExpr>(dim);
  if (!binary)
    return dim;
  AffineExpr lhs = binary.getLHS(), rhs = binary.getRHS();
  auto factor = dyn_cast<AffineConstantExpr>(rhs);
  if (dim.getKind() == AffineExprKind::Mul && factor && factor.getValue() < 0)
    return simplifyDim(least(lhs) * rhs);
  return simplifyDim(getAffineBinaryOpExpr(dim.getKind(), bound(lhs),
                                           dim.getKind() == AffineExprKind::Add || dim.getKind() == AffineExprKind::Mul ? bound(rhs) : rhs));
}

} // namespace ingot
