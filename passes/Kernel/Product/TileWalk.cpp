// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Product/TileWalk.h"

#include "passes/Kernel/ComputeShapes.h"
#include "passes/Kernel/Shares/Pieces.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace ingot {

Value TilePiece::start(ImplicitLocOpBuilder &b, Value position, int64_t tile) const {
  Value start = scaleIndex(b, position, tile);
  return offset ? addIndex(b, start, offset) : start;
}

namespace {

/// Code for a tile that may be smaller than others: `full()` where `condition` holds, else `rest()`.
void emitEither(ImplicitLocOpBuilder &b, Value condition, llvm::function_ref<void()> full, llvm::function_ref<void()> rest) {
  auto branch = scf::IfOp::create(b, condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  full();
  b.setInsertionPointToStart(branch.elseBlock());
  rest();
}

/// A tile of `left` rows, fewer than `tile`, in pieces of 2^n.
void emitPieces(ImplicitLocOpBuilder &b, Value left, int64_t tile, llvm::function_ref<void(const TilePiece &piece)> body) {
  for (int64_t size = llvm::bit_floor<uint64_t>(tile - 1); size > 0; size /= 2) {
    Value bit = arith::AndIOp::create(b, left, indexOf(b, size));
    makeIf(b, arith::CmpIOp::create(b, arith::CmpIPredicate::ne, bit, indexOf(b, 0)),
           [&] { body({size, arith::AndIOp::create(b, left, indexOf(b, -2 * size))}); });
  }
}

} // namespace

void emitByTile(ImplicitLocOpBuilder &b, SymbolicIndex &index, Value position, AffineExpr extent, int64_t tile,
                llvm::function_ref<void(const TilePiece &piece)> body) {
  if (getConstant(simplifyDim(extent % tile)) == 0)
    return body({tile});
  if (std::optional<int64_t> number = getConstant(extent)) {
    int64_t count = countTiles(*number, tile), rest = *number % tile;
    if (count == 1)
      return body({rest});
    Value isLast = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, position, indexOf(b, count - 1));
    return emitEither(b, isLast, [&] { body({rest}); }, [&] { body({tile}); });
  }
  Value left = arith::SubIOp::create(b, index.of(extent), scaleIndex(b, position, tile));
  Value isFull = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, left, indexOf(b, tile));
  emitEither(b, isFull, [&] { body({tile}); }, [&] { emitPieces(b, left, tile, body); });
}

void emitEvenly(ImplicitLocOpBuilder &b, SymbolicIndex &index, Value position, AffineExpr extent, int64_t tile,
                llvm::function_ref<void(const TilePiece &piece)> body) {
  if (getConstant(extent) || getConstant(simplifyDim(extent % tile)) == 0 || tile < 3)
    return emitByTile(b, index, position, extent, tile, body);
  AffineExpr tiles = countTiles(extent, tile);
  Value smaller = index.of(simplifyDim(tiles * tile - extent)),
        isEven = arith::CmpIOp::create(b, arith::CmpIPredicate::sle, smaller, index.of(tiles));
  Value left = arith::SubIOp::create(b, index.of(extent), scaleIndex(b, position, tile));
  Value first = arith::SubIOp::create(b, index.of(tiles), smaller); // of the smaller ones
  Value isFront = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, position, first);
  Value isWhole = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, left, indexOf(b, tile));
  Value isFull = arith::SelectOp::create(b, isEven, isFront, isWhole);
  emitEither(
      b, isFull, [&] { body({tile}); },
      [&] { emitEither(b, isEven, [&] { body({tile - 1, arith::SubIOp::create(b, first, position)}); }, [&] { emitPieces(b, left, tile, body); }); });
}

void emitByPanels(ImplicitLocOpBuilder &b, SymbolicIndex &index, Value position, AffineExpr columns, int64_t tile,
                  llvm::function_ref<void(const TilePiece &piece)> body) {
  if (getConstant(columns) || getConstant(simplifyDim(columns % tile)) == 0)
    return emitByTile(b, index, position, columns, tile, body);
  Value left = arith::SubIOp::create(b, index.of(columns), scaleIndex(b, position, tile));
  Value isFull = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, left, indexOf(b, tile));
  emitEither(
      b, isFull, [&] { body({tile}); },
      [&] {
        Value last = arith::DivUIOp::create(b, arith::SubIOp::create(b, left, indexOf(b, 1)), indexOf(b, kPanel));
        Value active = arith::SubIOp::create(b, left, scaleIndex(b, last, kPanel));
        for (int64_t before = 0; before < tile; before += kPanel)
          makeIf(b, arith::CmpIOp::create(b, arith::CmpIPredicate::eq, last, indexOf(b, before / kPanel)),
                 [&] { body({before + kPanel, Value(), active}); });
      });
}

void emitPart(ImplicitLocOpBuilder &b, SymbolicIndex &index, Value position, Value number, AffineExpr columns, int64_t tile,
              llvm::function_ref<void(const TilePiece &piece)> body) {
  emitByTile(b, index, position, columns, tile, [&](const TilePiece &own) {
    int64_t panels = countTiles(own.size, kPanel), parts = tile / kPanel;
    auto onePanel = [&](Value panel) {
      emitByTile(b, index, panel, b.getAffineConstantExpr(own.size), kPanel,
                 [&](const TilePiece &piece) { body({.size = piece.size, .offset = scaleIndex(b, panel, kPanel), .whole = own.size}); });
    };
    if (panels == parts)
      return onePanel(number);
    auto before = [&](Value part) { return b.createOrFold<arith::DivUIOp>(scaleIndex(b, part, panels), indexOf(b, parts)); };
    Value from = before(number), to = before(offsetBy(b, number, 1));
    makeIf(b, arith::CmpIOp::create(b, arith::CmpIPredicate::ult, from, to), [&] { onePanel(from); });
  });
}

namespace {

/// Whether the loops go over columns and, inside, over the rows of the share; so they do where only a run knows how tiles are numbered.
bool goesByColumns(const TileOrder &order) { return (order.inBands || order.inBandsNow) && !isOne(order.rows) && !isOne(order.columns); }

/// `fromColumn` and `toColumn` are of bands, and may be null: all columns.
void walkWholeTiles(ImplicitLocOpBuilder &b, SymbolicIndex &index, const TileOrder &order, Value begin, Value end, Value fromColumn, Value toColumn,
                    llvm::function_ref<void(Value row, Value column)> body) {
  auto loop = [&](Value from, Value to, llvm::function_ref<void(Value)> inner) {
    makeLoop(b, from, to, 1, {}, [&](Value i, ValueRange) -> SmallVector<Value> {
      inner(i);
      return {};
    });
  };
  if (!goesByColumns(order)) {
    loop(begin, end, [&](Value unit) {
      auto [row, column] = order.locate(b, index, unit);
      body(row, column);
    });
    return;
  }
  Value rows = index.of(order.rows), columns = index.of(order.columns);
  Value first = order.pick(b, [&] { return fromColumn ? fromColumn : indexOf(b, 0); }, [&] { return b.createOrFold<arith::DivUIOp>(begin, rows); });
  Value last = order.pick(b, [&] { return toColumn ? toColumn : columns; }, [&] { return b.createOrFold<arith::CeilDivUIOp>(end, rows); });
  loop(first, last, [&](Value column) {
    // The first row whose number is not below a bound: numbers are row * columns + column in bands, else column * rows + row.
    auto firstRow = [&](Value bound) {
      return order.pick(
          b,
          [&] {
            Value above = arith::SubIOp::create(b, index.offset(bound, order.columns - 1), column);
            return arith::DivUIOp::create(b, above, columns).getResult();
          },
          [&] {
            Value before = arith::MaxUIOp::create(b, bound, arith::MulIOp::create(b, column, rows));
            return arith::MinUIOp::create(b, arith::SubIOp::create(b, before, arith::MulIOp::create(b, column, rows)), rows).getResult();
          });
    };
    Value from = firstRow(begin);
    loop(from, firstRow(end), [&](Value row) { body(row, column); });
  });
}

} // namespace

void TileOrder::chooseAtRun(ImplicitLocOpBuilder &b, SymbolicIndex &index, AffineExpr rowElements, AffineExpr weightElements) {
  if (isOne(rows) || isOne(columns) || (getConstant(rowElements) && getConstant(weightElements)))
    return;
  inBandsNow = arith::CmpIOp::create(b, arith::CmpIPredicate::uge, index.of(simplifyDim(rowElements * kRowPrice)), index.of(weightElements));
}

Value TileOrder::pick(ImplicitLocOpBuilder &b, llvm::function_ref<Value()> ofBands, llvm::function_ref<Value()> ofBlocks) const {
  if (inBandsNow)
    return arith::SelectOp::create(b, inBandsNow, ofBands(), ofBlocks());
  return inBands ? ofBands() : ofBlocks();
}

std::pair<Value, Value> TileOrder::locate(ImplicitLocOpBuilder &b, SymbolicIndex &index, Value number) const {
  SmallVector<Value> inBand, inBlock;
  if (inBands || inBandsNow)
    inBand = index.decode(number, {rows, columns});
  if (!inBands || inBandsNow)
    inBlock = index.decode(number, {columns, rows});
  return {pick(b, [&] { return inBand[0]; }, [&] { return inBlock[1]; }), pick(b, [&] { return inBand[1]; }, [&] { return inBlock[0]; })};
}

/// Where block number `block` begins when `extent` is divided into as many as the pieces of a share have.
static Value scaleToBlock(ImplicitLocOpBuilder &b, KernelContext &context, Value block, Value extent) {
  return arith::DivUIOp::create(b, arith::MulIOp::create(b, extent, block), indexOf(b, Pieces::of(context.region)->blocks));
}

std::pair<Value, Value> partOfShare(ImplicitLocOpBuilder &b, KernelContext &context, Value begin, Value end) {
  if (!context.fromBlock)
    return {begin, end};
  Value all = arith::SubIOp::create(b, end, begin);
  Value from = addIndex(b, begin, scaleToBlock(b, context, context.fromBlock, all));
  return {from, addIndex(b, begin, scaleToBlock(b, context, context.toBlock, all))};
}

void walkTiles(ImplicitLocOpBuilder &b, KernelContext &context, SymbolicIndex &index, const TileOrder &order, int64_t parts, Value begin, Value end,
               llvm::function_ref<void(Value row, Value column)> tile, llvm::function_ref<void(Value row, Value column, Value number)> part) {
  Value fromColumn, toColumn;
  if (context.fromBlock && goesByColumns(order)) {
    bool isBlock = getConstant(order.columns) == Pieces::of(context.region)->blocks;
    fromColumn = isBlock ? context.fromBlock : scaleToBlock(b, context, context.fromBlock, index.of(order.columns));
    toColumn = isBlock ? context.toBlock : scaleToBlock(b, context, context.toBlock, index.of(order.columns));
  }
  if (!fromColumn || order.inBandsNow) {
    auto [from, to] = partOfShare(b, context, begin, end);
    if (order.inBandsNow && fromColumn) {
      from = arith::SelectOp::create(b, order.inBandsNow, begin, from);
      to = arith::SelectOp::create(b, order.inBandsNow, end, to);
    }
    begin = from;
    end = to;
  }
  if (parts == 1)
    return walkWholeTiles(b, index, order, begin, end, fromColumn, toColumn, tile);
  Value size = indexOf(b, parts), first = b.createOrFold<arith::CeilDivUIOp>(begin, size), last = b.createOrFold<arith::DivUIOp>(end, size);
  walkWholeTiles(b, index, order, first, last, fromColumn, toColumn, tile);
  // Parts before the first whole tile, and behind the last one; both may belong to one tile.
  Value headEnd = arith::MinUIOp::create(b, scaleIndex(b, first, parts), end), tail = arith::MaxUIOp::create(b, scaleIndex(b, last, parts), headEnd);
  Value head = arith::SubIOp::create(b, headEnd, begin), skipped = arith::SubIOp::create(b, tail, headEnd);
  Value count = arith::SubIOp::create(b, arith::SubIOp::create(b, end, begin), skipped);
  if (fromColumn) {
    Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, context.fromBlock, indexOf(b, 0));
    if (order.inBandsNow)
      isFirst = arith::OrIOp::create(b, isFirst, arith::XOrIOp::create(b, order.inBandsNow, arith::ConstantIntOp::create(b, 1, 1)));
    count = arith::SelectOp::create(b, isFirst, count, indexOf(b, 0));
  }
  makeLoop(b, indexOf(b, 0), count, 1, {}, [&](Value i, ValueRange) {
    Value isHead = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, i, head);
    Value unit = addIndex(b, addIndex(b, begin, i), arith::SelectOp::create(b, isHead, indexOf(b, 0), skipped));
    auto [row, column] = order.locate(b, index, arith::DivUIOp::create(b, unit, size));
    part(row, column, arith::RemUIOp::create(b, unit, size));
    return SmallVector<Value>();
  });
}

void walkUnits(ImplicitLocOpBuilder &b, KernelContext &context, SymbolicIndex &index, AffineExpr rows, int64_t tileRows, int64_t columns,
               int64_t tileColumns, llvm::function_ref<void(Value rowBlock, const TilePiece &ownRows)> startRows,
               llvm::function_ref<void(Value rowBlock, const TilePiece &ownRows, Value columnBlock, const TilePiece &ownColumns)> unit) {
  AffineExpr allColumns = b.getAffineConstantExpr(columns), rowBlocks = countTiles(rows, tileRows),
             columnBlocks = countTiles(allColumns, tileColumns);
  auto [begin, end] = shareOf(b, context, simplifyDim(rowBlocks * columnBlocks));
  auto loop = scf::ForOp::create(b, begin, end, indexOf(b, 1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> at = index.decode(loop.getInductionVar(), {rowBlocks, columnBlocks});
  Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, loop.getInductionVar(), begin);
  Value startsRows = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, at[1], indexOf(b, 0));
  Value isNew = arith::OrIOp::create(b, isFirst, startsRows);
  emitByTile(b, index, at[0], rows, tileRows, [&](const TilePiece &ownRows) {
    makeIf(b, isNew, [&] { startRows(at[0], ownRows); });
    emitByTile(b, index, at[1], allColumns, tileColumns, [&](const TilePiece &ownColumns) { unit(at[0], ownRows, at[1], ownColumns); });
  });
}

void forRegisterTiles(ImplicitLocOpBuilder &b, int64_t rows, int64_t tile, llvm::function_ref<void(Value row, int64_t rows)> body) {
  int64_t full = rows / tile, rest = rows % tile;
  if (full > 1)
    makeLoop(b, indexOf(b, 0), indexOf(b, full * tile), tile, {}, [&](Value row, ValueRange) {
      body(row, tile);
      return SmallVector<Value>();
    });
  else if (full == 1)
    body(indexOf(b, 0), tile);
  if (rest > 0)
    body(indexOf(b, full * tile), rest);
}

void forPanels(ImplicitLocOpBuilder &b, Value columnBlock, int64_t tileColumns, const TilePiece &ownColumns,
               llvm::function_ref<void(Value panel, int64_t columns)> body) {
  Value first = scaleIndex(b, columnBlock, tileColumns / kPanel);
  int64_t full = ownColumns.size / kPanel, rest = ownColumns.size % kPanel;
  if (full > 0)
    makeLoop(b, indexOf(b, 0), indexOf(b, full), 1, {}, [&](Value p, ValueRange) {
      body(addIndex(b, first, p), kPanel);
      return SmallVector<Value>();
    });
  if (rest > 0)
    body(offsetBy(b, first, full), rest);
}

} // namespace ingot
