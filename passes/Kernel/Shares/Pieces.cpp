// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Shares/Pieces.h"

using namespace mlir;

namespace ingot {

std::optional<Pieces> Pieces::of(RegionOp region) {
  auto numbers = region->getAttrOfType<DenseI64ArrayAttr>(kPiecesAttr);
  return numbers ? std::optional(Pieces{numbers[0], numbers[1]}) : std::nullopt;
}

void Pieces::writeTo(RegionOp region) const { region->setAttr(kPiecesAttr, DenseI64ArrayAttr::get(region.getContext(), {blocks, grain})); }

} // namespace ingot
