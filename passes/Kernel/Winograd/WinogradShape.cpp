// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Winograd/WinogradShape.h"

using namespace mlir;

namespace ingot {
namespace {

int64_t oddLines(int64_t elements) {
  int64_t lines = countTiles(elements, kLineElements);
  return (lines + (lines % 2 == 0)) * kLineElements;
}

/// The most tiles of a block: its last ones may be smaller, but not more.
int64_t mostTiles(const WinogradSizes &s, ArrayRef<int64_t> plan) {
  auto along = [&](AffineExpr extent, int64_t tiles) {
    std::optional<int64_t> size = getConstant(extent);
    return size ? std::min(countTiles(*size, s.tile), tiles) : tiles;
  };
  return along(s.outHeight, plan[0]) * along(s.outWidth, plan[1]);
}

} // namespace

WinogradBlock::WinogradBlock(int64_t tile, int64_t height, int64_t width) : tile(tile), height(height), width(width) {
  int64_t rows = height / tile, columns = width / tile, restHeight = height % tile, restWidth = width % tile, first = 0;
  auto add = [&](const TileGroup &group) {
    if (group.height == 0 || group.width == 0 || group.count() == 0)
      return;
    groups.push_back(group);
    groups.back().first = first;
    first += group.count();
  };
  add({restHeight, tile, 1, columns, rows * tile, 0, 0});
  add({tile, tile, rows, columns, 0, 0, 0});
  add({tile, restWidth, rows, 1, 0, columns * tile, 0});
  add({restHeight, restWidth, 1, 1, rows * tile, columns * tile, 0});

  // A tile of h x w results has the first h + 2 times w + 2 points.
  auto cut = [&](int64_t whole, int64_t rest) {
    int64_t most = whole > 0 ? tile + 2 : rest + 2;
    return rest > 0 && rest + 2 < most ? SmallVector<int64_t>{0, rest + 2, most} : SmallVector<int64_t>{0, most};
  };
  SmallVector<int64_t> rowCuts = cut(rows, restHeight), columnCuts = cut(columns, restWidth);
  for (size_t i = 0; i + 1 < rowCuts.size(); ++i)
    for (size_t j = 0; j + 1 < columnCuts.size(); ++j) {
      PointRange range{rowCuts[i], rowCuts[i + 1], columnCuts[j], columnCuts[j + 1], 0, 0};
      for (const TileGroup &group : groups)
        if (group.height + 2 >= range.endRow && group.width + 2 >= range.endColumn) {
          if (range.first == range.last)
            range.first = range.last = group.first;
          assert(range.last == group.first && "the tiles with a product at one point follow each other");
          range.last = group.first + group.count();
        }
      ranges.push_back(range);
    }
}

AffineExpr WinogradSizes::units(ArrayRef<int64_t> plan) const {
  AffineExpr blocks = images * countTiles(outHeight, plan[0] * tile) * countTiles(outWidth, plan[1] * tile);
  return simplifyDim(isOpen() ? blocks : blocks * countTiles(panels(), plan[2] / kPanel));
}

int64_t WinogradSizes::tileStride() const {
  int64_t stride = countTiles(inputs, kLineElements) * kLineElements;
  return stride % 256 == 0 ? stride + kLineElements : stride;
}

int64_t WinogradSizes::inputPointStride(int64_t tiles) const { return oddLines(tiles * tileStride()); }

int64_t WinogradSizes::productPointStride(int64_t tiles, int64_t columns) const { return oddLines(tiles * countTiles(columns, kPanel) * kPanel); }

int64_t WinogradSizes::inputElements(ArrayRef<int64_t> plan) const { return points() * points() * inputPointStride(mostTiles(*this, plan)); }

int64_t WinogradSizes::scratchBytes(ArrayRef<int64_t> plan) const {
  int64_t rows = std::min(plan[3], mostTiles(*this, plan));
  return (inputElements(plan) + points() * points() * productPointStride(rows, plan[2])) * static_cast<int64_t>(sizeof(float));
}

std::optional<WinogradShape> WinogradShape::match(RegionOp region, std::string &why) {
  auto op = dyn_cast_or_null<WinogradConvOp>(region.getAnchorOp());
  if (!op)
    return why = "is built around 'ingot.winograd_conv' only", std::nullopt;
  auto elementOf = [](Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); };
  if (!elementOf(op.getX()).isF32() || !elementOf(op.getW()).isF32())
    return why = "computes on f32 only", std::nullopt;
  if (!checkComputeRegion(region, op, {elementOf(op.getX()), elementOf(op.getW()), /*group=*/1}, why))
    return std::nullopt;
  if (!isa<BlockArgument>(op.getX()))
    return why = "reads its input from a buffer only", std::nullopt;
  auto x = cast<RankedTensorType>(op.getX().getType());
  Dims out = getDims(cast<RankedTensorType>(op.getResult().getType()));
  if (op.getChannels() == 1)
    return why = "computes vectors of output channels", std::nullopt;
  return WinogradShape{{out[0], out[1], out[2], static_cast<int64_t>(op.getTile()), x.getShape().back(), static_cast<int64_t>(op.getChannels())}, op};
}

} // namespace ingot
