// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/Memory/Borders.h"

#include "dialects/Ingot/SymbolicDims.h"

using namespace mlir;

namespace ingot {

SmallVector<BorderSide> sidesOf(PadOp pad) {
  Dims inside = getDims(cast<RankedTensorType>(pad.getX().getType())), all = getDims(cast<RankedTensorType>(pad.getType()));
  auto number = [&](int64_t value) { return getAffineConstantExpr(value, pad.getContext()); };
  SmallVector<BorderSide> sides;
  for (size_t dim = 0; dim < all.size(); ++dim)
    for (bool high : {false, true}) {
      int64_t low = pad.getLow()[dim], width = high ? pad.getHigh()[dim] : low;
      if (width == 0)
        continue;
      BorderSide side{Dims(all.size(), number(0)), all, dim, high};
      for (size_t i = 0; i < dim; ++i)
        side.offsets[i] = number(pad.getLow()[i]), side.sizes[i] = inside[i];
      side.sizes[dim] = number(width);
      side.offsets[dim] = high ? simplifyDim(inside[dim] + low) : number(0);
      if (!llvm::is_contained(side.sizes, number(0)))
        sides.push_back(side);
    }
  return sides;
}

PlanAttr shareSide(PlanAttr plan, const BorderSide &side) {
  constexpr int64_t kMaxUnits = 256;
  if (plan.getFamily() != Family::Map) // whose units are any number
    return plan;
  AffineExpr rows = getAffineConstantExpr(1, plan.getContext());
  for (AffineExpr size : ArrayRef(side.sizes).take_front(side.dim))
    rows = simplifyDim(rows * size);
  int64_t units = std::min(getConstant(rows).value_or(kMaxUnits), kMaxUnits);
  // One unit that is shared goes to the last thread.
  return PlanAttr::get(plan.getContext(), plan.getFamily(), plan.getTile(), plan.getUnroll(), plan.getLanes(), units, units > 1 || side.high);
}

} // namespace ingot
