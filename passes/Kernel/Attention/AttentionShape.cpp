// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Attention/AttentionShape.h"

#include <algorithm>

using namespace mlir;

namespace ingot {

std::optional<AttentionShape> AttentionShape::match(RegionOp region, std::string &why) {
  auto op = dyn_cast_or_null<AttentionOp>(region.getAnchorOp());
  if (!op)
    return why = "is built around 'ingot.attention' only", std::nullopt;
  if (!llvm::all_of(op->getOperands(), llvm::IsaPred<BlockArgument>) || region.getYielded() != op->getResults())
    return why = "computes nothing but its anchor", std::nullopt;
  auto type = cast<RankedTensorType>(op.getType());
  if (!type.getElementType().isF32() || llvm::is_contained(type.getShape(), 0))
    return why = "computes nonempty f32 results only", std::nullopt;
  Dims q = getDims(cast<RankedTensorType>(op.getQ().getType())), v = getDims(cast<RankedTensorType>(op.getV().getType()));
  if (!getConstant(q[3]) || !getConstant(v[3]) || getConstant(v[1]) == 0)
    return why = "needs a known length of a head's vectors, and keys", std::nullopt;
  return AttentionShape{op, q[0], q[2], v[2], q[1], v[1], *getConstant(q[3]), *getConstant(v[3]), op.getCausal()};
}

double visibleKeys(AttentionOp op, double rows, double keys) {
  if (!op.getCausal())
    return keys;
  double ahead = static_cast<double>(*op.getCausal()) + kPanel / 2.0, fewer = std::clamp(keys - ahead, 0.0, rows); // rows that do not see all
  return (fewer * (ahead + fewer / 2) + (rows - fewer) * keys) / rows;
}

std::optional<AttentionTile> AttentionTile::of(ArrayRef<int64_t> tile) {
  if (tile.size() != 5 || llvm::any_of(tile, [](int64_t size) { return size < 1; }))
    return std::nullopt;
  AttentionTile own{tile[0], tile[1], tile[2], tile[3], tile[4]};
  bool isWhole = own.keys % kPanel == 0 && own.columns % kPanel == 0 && own.blockKeys % kPanel == 0 && own.unitRows % own.rows == 0;
  return isWhole ? std::optional(own) : std::nullopt;
}

AffineExpr AttentionTile::units(const AttentionShape &shape) const { return simplifyDim(shape.batch * shape.heads * countTiles(shape.rows, rows)); }

AttentionScratch::AttentionScratch(const AttentionShape &shape, const AttentionTile &tile)
    : depth(shape.depth), blockKeys(tile.blockKeys), scoreStride(tile.blockKeys + kPanel), resultStride(countTiles(shape.columns, kPanel) * kPanel) {
  bool isSingle = tile.isSingle(shape);
  keys = 0;
  values = keys + blockKeys * depth;
  scores = values + blockKeys * resultStride;
  results = scores + tile.rows * scoreStride;
  tops = results + (isSingle ? 0 : tile.unitRows * resultStride);
  sums = tops + (isSingle ? 0 : tile.unitRows);
  size = sums + (isSingle ? 0 : tile.unitRows);
}

} // namespace ingot
