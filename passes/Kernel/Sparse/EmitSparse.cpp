// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/RegisterTile.h"
#include "passes/Kernel/Sparse/TransposeRows.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "passes/Kernel/Elementwise/EmitElementwise.h"

using namespace mlir;

namespace ingot {
namespace {

/// Writes
///
///   for unit in [begin, end)                              (row block, column block), column block fastest
///     if the row block is another one than before
///       the rows, transposed (TransposeRows)              into the thread's own memory
///     for panel
///       for register tile of the rows
///         for block of the panel
///           sums[row] += words[row][step of the block] * block
///         out[row, columns] = body(sums[row], ...)
class SparseEmitter {
public:
  SparseEmitter(ImplicitLocOpBuilder &b, KernelContext &context, const SparseShape &shape)
      : b(b), context(context), index(b, context), s(shape), plan(context.plan().getTile()), lhs(b, context, s.op.getLhs()),
        blocks(FlatBuffer(b, context, s.op.getBlocks()).memref), places(FlatBuffer(b, context, s.op.getPlaces()).memref),
        sums(VectorType::get({kPanel}, s.step.getSumType(b.getContext()))) {
    Type element = getElementTypeOrSelf(lhs.memref.getType());
    auto type = MemRefType::get({plan[0] * s.steps()}, element.isF32() ? element : Type(b.getI32Type()));
    words = memref::ViewOp::create(b, type, context.scratch, indexOf(b, 0), ValueRange());
  }

  void emit() {
    walkUnits(
        b, context, index, s.rows, plan[0], s.columns, plan[1],
        [&](Value rowBlock, const TilePiece &ownRows) {
          forRegisterTiles(b, ownRows.size, plan[2], [&](Value r, int64_t rows) { transposeRows(rowBlock, ownRows, r, rows); });
        },
        [&](Value rowBlock, const TilePiece &ownRows, Value columnBlock, const TilePiece &ownColumns) {
          forPanels(b, columnBlock, plan[1], ownColumns, [&](Value panel, int64_t columns) { emitPanel(rowBlock, ownRows, panel, columns); });
        });
  }

private:
  SmallVector<SmallVector<Value>> coordinatesOf(Value rowBlock, const TilePiece &ownRows, Value r, int64_t rows) {
    Value first = addIndex(b, ownRows.start(b, rowBlock, plan[0]), r);
    SmallVector<SmallVector<Value>> coordinates;
    for (int64_t i = 0; i < rows; ++i)
      coordinates.push_back(index.decode(offsetBy(b, first, i), s.rowDims));
    return coordinates;
  }

  /// Where the words of a register tile begin.
  Value wordsOf(const TilePiece &ownRows, Value r) { return scaleIndex(b, ownRows.offset ? addIndex(b, ownRows.offset, r) : r, s.steps()); }

  void transposeRows(Value rowBlock, const TilePiece &ownRows, Value r, int64_t rows) {
    SmallVector<Value> from;
    for (ArrayRef<Value> row : coordinatesOf(rowBlock, ownRows, r, rows)) {
      Value start = indexOf(b, 0);
      for (auto [coordinate, stride] : llvm::zip(row, lhs.strides))
        start = addIndex(b, start, index.scale(coordinate, stride));
      from.push_back(start);
    }
    TransposeRows(b, s, lhs.memref, words).emit(from, wordsOf(ownRows, r));
  }

  Value placeAt(Value at) { return arith::IndexCastOp::create(b, b.getIndexType(), memref::LoadOp::create(b, places, at).getResult()); }

  void emitPanel(Value rowBlock, const TilePiece &ownRows, Value panel, int64_t columns) {
    Value begin = placeAt(panel), end = placeAt(offsetBy(b, panel, 1));
    forRegisterTiles(b, ownRows.size, plan[2], [&](Value r, int64_t rows) {
      SmallVector<Value> results = multiply(wordsOf(ownRows, r), rows, begin, end);
      if (int64_t lanes = lanesOfLastVector(columns); lanes != kPanel)
        for (Value &result : results)
          result = vector::ExtractStridedSliceOp::create(b, result, 0, lanes, 1);
      RegisterTile(b, index, rows, {columns}, /*unroll=*/1, s.step)
          .store(context, s.op.getResult(), results, coordinatesOf(rowBlock, ownRows, r, rows), scaleIndex(b, panel, kPanel));
    });
  }

  /// For each row the sum over blocks [begin, end).
  SmallVector<Value> multiply(Value from, int64_t rows, Value begin, Value end) {
    int64_t chains = context.plan().getUnroll(); // the same for all tiles of the region
    SmallVector<Value> zeros(chains * rows, arith::ConstantOp::create(b, b.getZeroAttr(sums)));
    auto add = [&](SmallVector<Value> carried, Value block, int64_t chain) {
      Value place = placeAt(offsetBy(b, block, s.panels() + 1)), at = addIndex(b, from, scaleIndex(b, place, rows));
      Value right = s.step.loadRight(b, blocks, scaleIndex(b, block, kPanel * s.step.getGroup()), kPanel);
      for (int64_t r = 0; r < rows; ++r) {
        Value &sum = carried[chain * rows + r], left = memref::LoadOp::create(b, words, offsetBy(b, at, r));
        sum = s.step.multiplyAdd(b, left, right, sum);
      }
      return carried;
    };
    Value whole = end;
    if (chains > 1) {
      Value count = arith::SubIOp::create(b, end, begin);
      whole = arith::SubIOp::create(b, end, arith::RemUIOp::create(b, count, indexOf(b, chains)));
    }
    SmallVector<Value> own = makeLoop(b, begin, whole, chains, zeros, [&](Value block, ValueRange carried) {
      SmallVector<Value> next(carried);
      for (int64_t chain = 0; chain < chains; ++chain)
        next = add(next, offsetBy(b, block, chain), chain);
      return next;
    });
    if (chains > 1)
      own = makeLoop(b, whole, end, 1, own, [&](Value block, ValueRange carried) { return add(SmallVector<Value>(carried), block, 0); });
    for (int64_t i = rows; i < chains * rows; ++i)
      own[i % rows] = ElementMath(b, sums).add(own[i % rows], own[i]);
    own.resize(rows);
    return own;
  }

  ImplicitLocOpBuilder &b;
  KernelContext &context;
  SymbolicIndex index;
  SparseShape s;
  ArrayRef<int64_t> plan;
  FlatBuffer lhs;
  Value blocks, places, words;
  VectorType sums;
};

} // namespace

LogicalResult emitSparse(ImplicitLocOpBuilder &b, KernelContext &context) {
  std::string why;
  std::optional<SparseShape> shape = SparseShape::match(context.region, why);
  if (!shape)
    return context.region.emitOpError("is planned for 'sparse', which ") << why;
  ArrayRef<int64_t> tile = context.plan().getTile();
  if (tile.size() != 3 || !llvm::all_of(tile, [](int64_t size) { return size > 0; }) || tile[1] % kPanel != 0)
    return context.region.emitOpError("needs a tile [rows, columns, rows of a register tile] with columns in multiples of ") << kPanel;
  if (context.plan().getScratch() < tile[0] * shape->rowBytes())
    return context.region.emitOpError("keeps ") << tile[0] * shape->rowBytes() << " bytes of rows, but its plan gives it fewer";
  SparseEmitter(b, context, *shape).emit();
  return success();
}

} // namespace ingot
