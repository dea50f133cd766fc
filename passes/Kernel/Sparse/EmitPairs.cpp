// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/RegisterTile.h"
#include "passes/Kernel/Sparse/PairShape.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Kernel/Elementwise/EmitElementwise.h"

using namespace mlir;

namespace ingot {
namespace {

/// Writes
///
///   for unit in [begin, end)                              (row block, column block), column block fastest
///     for panel
///       for chunk of 32 rows of the weights
///         word = places[chunk]
///         for group of four rows, and each of its two values
///           sums[row][number of the value] += value * the element of the group, in each row, that two bits of the word choose
///       out[row, columns] = body(sums[row][0] + sums[row][1], ...)
class PairsEmitter {
public:
  PairsEmitter(ImplicitLocOpBuilder &b, KernelContext &context, const PairShape &shape)
      : b(b), context(context), index(b, context), s(shape), plan(context.plan().getTile()), lhs(b, context, s.op.getLhs()),
        values(FlatBuffer(b, context, s.op.getValues()).memref), places(FlatBuffer(b, context, s.op.getPlaces()).memref),
        floats(VectorType::get({kPanel}, b.getF32Type())), words(floats.clone(b.getI32Type())) {}

  void emit() {
    walkUnits(
        b, context, index, s.rows, plan[0], s.columns, plan[1], [](Value, const TilePiece &) {},
        [&](Value rowBlock, const TilePiece &ownRows, Value columnBlock, const TilePiece &ownColumns) {
          Value first = ownRows.start(b, rowBlock, plan[0]);
          forPanels(b, columnBlock, plan[1], ownColumns, [&](Value panel, int64_t columns) { emitPanel(first, ownRows.size, panel, columns); });
        });
  }

private:
  void emitPanel(Value firstRow, int64_t rows, Value panel, int64_t columns) {
    SmallVector<SmallVector<Value>> coordinates;
    SmallVector<Value> from;
    for (int64_t r = 0; r < rows; ++r) {
      coordinates.push_back(index.decode(offsetBy(b, firstRow, r), s.rowDims));
      Value start = indexOf(b, 0);
      for (auto [coordinate, stride] : llvm::zip(coordinates.back(), lhs.strides))
        start = addIndex(b, start, index.scale(coordinate, stride));
      from.push_back(start);
    }
    SmallVector<Value> zeros(2 * rows, arith::ConstantOp::create(b, b.getZeroAttr(floats)));
    SmallVector<Value> sums = makeLoop(b, indexOf(b, 0), indexOf(b, s.chunks()), 1, zeros, [&](Value chunk, ValueRange carried) {
      SmallVector<Value> next(carried);
      Value at = addIndex(b, scaleIndex(b, panel, s.chunks()), chunk);
      Value word = vector::LoadOp::create(b, words, places, scaleIndex(b, at, kPanel)), values = scaleIndex(b, at, kPairRows / 2 * kPanel);
      for (int64_t g = 0; g < kPairRows / 4; ++g)
        addGroup(next, from, addIndex(b, scaleIndex(b, chunk, kPairRows), indexOf(b, 4 * g)), word, g, offsetBy(b, values, 2 * g * kPanel));
      return next;
    });
    int64_t lanes = lanesOfLastVector(columns);
    SmallVector<Value> results;
    for (int64_t r = 0; r < rows; ++r) {
      Value sum = ElementMath(b, floats).add(sums[r], sums[rows + r]);
      results.push_back(lanes == kPanel ? sum : vector::ExtractStridedSliceOp::create(b, sum, 0, lanes, 1).getResult());
    }
    RegisterTile(b, index, rows, {columns}, /*unroll=*/1, ProductStep())
        .store(context, s.op.getResult(), results, coordinates, scaleIndex(b, panel, kPanel));
  }

  void addGroup(SmallVector<Value> &sums, ArrayRef<Value> from, Value k, Value word, int64_t group, Value at) {
    ElementMath m(b, words);
    auto isSet = [&](int64_t bit) {
      return m.bits(arith::CmpIPredicate::ne, arith::AndIOp::create(b, word, m.integer(static_cast<int32_t>(1U << bit))), m.integer(0));
    };
    Value own[2], low[2], high[2];
    for (int64_t j = 0; j < 2; ++j) {
      own[j] = vector::LoadOp::create(b, floats, values, offsetBy(b, at, j * kPanel));
      low[j] = isSet(4 * group + 2 * j);
      high[j] = isSet(4 * group + 2 * j + 1);
    }
    for (auto [r, row] : llvm::enumerate(from)) {
      Value elements[4];
      for (int64_t i = 0; i < 4; ++i) {
        Value element = memref::LoadOp::create(b, lhs.memref, offsetBy(b, addIndex(b, row, k), i));
        elements[i] = vector::BroadcastOp::create(b, floats, element);
      }
      for (int64_t j = 0; j < 2; ++j) {
        Value chosen = m.select(high[j], m.select(low[j], elements[3], elements[2]), m.select(low[j], elements[1], elements[0]));
        Value &sum = sums[j * from.size() + r];
        sum = vector::FMAOp::create(b, chosen, own[j], sum);
      }
    }
  }

  ImplicitLocOpBuilder &b;
  KernelContext &context;
  SymbolicIndex index;
  PairShape s;
  ArrayRef<int64_t> plan;
  FlatBuffer lhs;
  Value values, places;
  VectorType floats, words;
};

} // namespace

LogicalResult emitPairs(ImplicitLocOpBuilder &b, KernelContext &context) {
  std::string why;
  std::optional<PairShape> shape = PairShape::match(context.region, why);
  if (!shape)
    return context.region.emitOpError("is planned for 'pairs', which ") << why;
  ArrayRef<int64_t> tile = context.plan().getTile();
  if (tile.size() != 2 || tile[0] < 1 || tile[1] < 1 || tile[1] % kPanel != 0)
    return context.region.emitOpError("needs a tile [rows, columns] with columns in multiples of ") << kPanel;
  PairsEmitter(b, context, *shape).emit();
  return success();
}

} // namespace ingot
