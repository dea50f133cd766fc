// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Product/FirstBlockFetch.h"

#include "passes/Kernel/Product/WeightFetch.h"
#include "passes/Kernel/RegisterTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace ingot {

std::optional<FirstBlock> FirstBlock::of(RegionOp region) {
  auto numbers = region->getAttrOfType<DenseI64ArrayAttr>(kFirstBlockAttr);
  if (!numbers || numbers.size() != 4)
    return std::nullopt;
  return FirstBlock{numbers[0], numbers[1], numbers[2], numbers[3]};
}

void FirstBlock::give(RegionOp region, Value weights) const {
  auto number = static_cast<int64_t>(region.getInputs().size());
  region.getInputsMutable().append(weights);
  region.getBody().addArgument(weights.getType(), weights.getLoc());
  region->setAttr(kFirstBlockAttr, DenseI64ArrayAttr::get(region.getContext(), {number, elements, blocks, leastBandRows}));
}

std::optional<FirstBlockFetch> FirstBlockFetch::of(ImplicitLocOpBuilder &b, KernelContext &context, SymbolicIndex &index, const TileOrder &order,
                                                   Value begin, Value end, AffineExpr rows, int64_t depth, int64_t steps) {
  std::optional<FirstBlock> block = FirstBlock::of(context.region);
  if (!block || depth < steps)
    return std::nullopt;
  BlockArgument argument = context.region.getBody().getArgument(block->input);
  FirstBlockFetch fetch;
  fetch.order = order;
  if (isOne(order.rows) || isOne(order.columns)) { // both numbers are the same, and one of the formulas below is not for this
    fetch.order.inBandsNow = {};
    fetch.order.inBands = !isOne(order.rows);
  }
  fetch.buffer = FlatBuffer(b, context, argument).memref;
  fetch.perLine = kCacheLine * 8 / cast<RankedTensorType>(argument.getType()).getElementTypeBitWidth();
  fetch.steps = steps;
  fetch.perTile = depth / steps * fetch.perLine;
  fetch.tiles = llvm::divideCeil(block->elements, fetch.perTile);
  fetch.end = end;
  fetch.rowBlocks = index.of(order.rows);
  Value columns = index.of(order.columns), firstRow = b.createOrFold<arith::DivUIOp>(begin, columns);
  fetch.lastRow = b.createOrFold<arith::DivUIOp>(offsetBy(b, end, -1), columns);
  fetch.rowsOfColumn = offsetBy(b, arith::SubIOp::create(b, fetch.lastRow, firstRow), 1);
  fetch.lastColumn = index.offset(columns, simplifyDim(-b.getAffineConstantExpr(1)));
  // Where the share begins among all tiles the thread begins among the blocks: in the middle of a tile, not to fall short by rounding.
  Value all = index.of(simplifyDim(order.rows * order.columns)), twice = indexOf(b, 2);
  Value place = arith::AddIOp::create(b, scaleIndex(b, begin, block->blocks), b.createOrFold<arith::DivUIOp>(all, twice));
  Value number = b.createOrFold<arith::DivUIOp>(place, all);
  Value inBands = arith::CmpIOp::create(b, arith::CmpIPredicate::uge, index.of(rows), indexOf(b, block->leastBandRows));
  fetch.first = scaleIndex(b, arith::SelectOp::create(b, inBands, indexOf(b, 0), number), block->elements);
  return fetch;
}

FirstBlockFetch::Part FirstBlockFetch::partOf(ImplicitLocOpBuilder &b, Value row, Value column) const {
  // Tiles that the share still has behind this one.
  Value left = order.pick(
      b,
      [&] {
        Value columns = arith::MulIOp::create(b, arith::SubIOp::create(b, lastColumn, column), rowsOfColumn);
        return addIndex(b, columns, arith::SubIOp::create(b, lastRow, row));
      },
      [&] {
        Value number = addIndex(b, arith::MulIOp::create(b, column, rowBlocks), row);
        return arith::SubIOp::create(b, offsetBy(b, end, -1), number).getResult();
      });
  Value before = indexOf(b, tiles - 1), part = arith::SubIOp::create(b, before, arith::MinUIOp::create(b, left, before));
  Value isEarly = arith::CmpIOp::create(b, arith::CmpIPredicate::ugt, left, before);
  return {addIndex(b, first, scaleIndex(b, part, perTile)), arith::SelectOp::create(b, isEarly, indexOf(b, 0), indexOf(b, perLine))};
}

void FirstBlockFetch::emit(ImplicitLocOpBuilder &b, const Part &part, Value position) const {
  Value iteration = b.createOrFold<arith::DivUIOp>(position, indexOf(b, steps));
  memref::PrefetchOp::create(b, buffer, addIndex(b, part.begin, arith::MulIOp::create(b, iteration, part.step)), /*isWrite=*/false, kSurely,
                             /*isDataCache=*/true);
}

} // namespace ingot
