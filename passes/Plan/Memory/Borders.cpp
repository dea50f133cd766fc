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
      BorderSide side{Dims(all.size(), number(0)), all};
      for (size_t i = 0; i < dim; ++i)
        side.offsets[i] = number(pad.getLow()[i]), side.sizes[i] = inside[i];
      side.sizes[dim] = number(width);
      side.offsets[dim] = high ? simplifyDim(inside[dim] + low) : number(0);
      if (!llvm::is_contained(side.sizes, number(0)))
        sides.push_back(side);
    }
  return sides;
}

} // namespace ingot
