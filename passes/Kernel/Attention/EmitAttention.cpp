// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention as one region: scores live in a thread's own memory only.
//
//   for block of queries in the share [begin, end)        (batch, head, block): a share is a range of tiles
//     for block of keys                                   one block, if all keys fit; none behind what the rows see, if they are causal
//       keys' = transpose(keys) * scale, values'          packed when the head or the block changes
//       for tile of queries                               register tiles of rows x keys, then rows x columns
//         scores[row][key] = q[row] . keys'[key] + mask   with the row's maximum
//         scores = exp(scores - maximum)                  with the row's sum
//         results = scores . values'
//         out[row] = results / sum                        with several blocks: what there is, corrected by exp(old maximum - new), and divided at the
//         end
//
// Products of scores run at the speed of the family `contraction`; the exponentials take about a tenth of it at 64 elements a head.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Kernel/Attention/AttentionShape.h"
#include "passes/Kernel/Attention/PackHeads.h"
#include "passes/Kernel/Elementwise/EmitElementwise.h"
#include "passes/Kernel/RowWalk.h"

#include <limits>

using namespace mlir;

namespace ingot {
namespace {

/// Keys of the block in hand.
struct KeyBlock {
  Value first, count;
  std::optional<int64_t> known; ///< the same as a number
  bool isWhole = false;         ///< the count is one of whole panels
};

/// Where in the result code is written.
struct Position {
  Value batch, head, row; ///< `row`: the first one of the tile
  Value inUnit;           ///< the same, counted from the unit's first row
  int64_t rows;           ///< of the tile
};

/// The tiles [from, to) of a head, in its block `rowBlock`.
struct Unit {
  Value batch, head, rowBlock, from, to;
};

class AttentionEmitter {
public:
  AttentionEmitter(ImplicitLocOpBuilder &b, KernelContext &context, const AttentionShape &shape, const AttentionTile &tile)
      : b(b), context(context), op(shape.op), shape(shape), tile(tile), room(shape, tile), index(b, context),
        vector(VectorType::get({kPanel}, b.getF32Type())), m(b, vector), q(b, context, op.getQ()), k(b, context, op.getK()), v(b, context, op.getV()),
        unroll(context.plan().getUnroll()), isSingle(tile.isSingle(shape)) {}

  void emit() {
    auto type = MemRefType::get({room.size}, b.getF32Type());
    scratch = memref::ViewOp::create(b, type, context.scratch, indexOf(b, 0), ValueRange());
    auto [begin, end] = shareOf(b, context, tile.units(shape));
    makeIf(b, arith::CmpIOp::create(b, arith::CmpIPredicate::ult, begin, end), [&, begin = begin, end = end] { emitShare(begin, end); });
  }

private:
  /// The tiles [begin, end), those of one head in blocks that use the same packed keys.
  void emitShare(Value begin, Value end) {
    AffineExpr tiles = countTiles(shape.rows, tile.rows);
    int64_t blockTiles = tile.unitRows / tile.rows;
    AffineExpr blocks = countTiles(tiles, blockTiles);
    auto blockOf = [&](Value number) {
      SmallVector<Value> at = index.decode(number, {simplifyDim(shape.batch * shape.heads), tiles});
      return addIndex(b, index.scale(at[0], blocks), b.createOrFold<arith::DivUIOp>(at[1], indexOf(b, blockTiles)));
    };
    Value first = blockOf(begin), last = offsetBy(b, blockOf(offsetBy(b, end, -1)), 1);
    makeLoop(b, first, last, 1, {}, [&](Value block, ValueRange) -> SmallVector<Value> {
      SmallVector<Value> at = index.decode(block, {shape.batch, shape.heads, blocks});
      Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, block, first);
      Value head = index.scale(addIndex(b, index.scale(at[0], shape.heads), at[1]), tiles), from = scaleIndex(b, at[2], blockTiles);
      Value to = arith::MinUIOp::create(b, offsetBy(b, from, blockTiles), index.of(tiles));
      auto inHead = [&](Value number) { return arith::SubIOp::create(b, number, head).getResult(); };
      Unit unit{at[0], at[1], at[2], inHead(arith::MaxUIOp::create(b, addIndex(b, head, from), begin)),
                inHead(arith::MinUIOp::create(b, addIndex(b, head, to), end))};
      emitUnit(unit, isFirst);
      return {};
    });
  }

  Value constant(double value) { return m.constant(value); }
  Value isZero(Value x) { return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, x, indexOf(b, 0)); }

  /// Query heads that share one key head; 0: all of them.
  int64_t sharing() const {
    if (shape.heads == shape.keyHeads)
      return 1;
    return isOne(shape.keyHeads) ? 0 : *getConstant(shape.heads) / *getConstant(shape.keyHeads);
  }

  void emitUnit(const Unit &unit, Value isFirst) {
    int64_t shared = sharing();
    auto [batch, head, rowBlock, from, to] = unit;
    Value keyHead = shared == 1 ? head : shared == 0 ? indexOf(b, 0) : b.createOrFold<arith::DivUIOp>(head, indexOf(b, shared));
    Value startsHead = isZero(rowBlock);
    if (shared != 1)
      startsHead = arith::AndIOp::create(b, startsHead, isZero(shared == 0 ? head : b.createOrFold<arith::RemUIOp>(head, indexOf(b, shared))));
    Value isNew = arith::OrIOp::create(b, isFirst, startsHead);
    auto rowsOf = [&, batch = batch](const FlatBuffer &buffer, int64_t width) {
      Value base = addIndex(b, index.scale(batch, buffer.strides[0]), index.scale(keyHead, buffer.strides[2]));
      return HeadRows{buffer.memref, base, buffer.strides[1], shape.keys, width};
    };
    auto pack = [&](const KeyBlock &block) {
      packKeys(b, index, rowsOf(k, shape.depth), block.first, block.count, op.getScale().convertToDouble(), scratch, room.keys);
      packValues(b, index, rowsOf(v, shape.columns), block.first, block.count, unroll, room.blockKeys, scratch, room.values);
    };
    if (isSingle) {
      KeyBlock all{indexOf(b, 0), index.of(shape.keys), getConstant(shape.keys)};
      makeIf(b, isNew, [&] { pack(all); });
      return emitTiles(unit, all);
    }
    clearResults(unit);
    Value blocks = index.of(countTiles(shape.keys, tile.blockKeys)), keys = index.of(shape.keys);
    Value isLong = arith::CmpIOp::create(b, arith::CmpIPredicate::ugt, blocks, indexOf(b, 1));
    if (shape.causal)
      blocks = b.createOrFold<arith::CeilDivUIOp>(visibleEnd(scaleIndex(b, rowBlock, tile.unitRows), tile.unitRows), indexOf(b, tile.blockKeys));
    isNew = arith::OrIOp::create(b, isNew, isLong); // one block stays packed for the next unit of the head
    makeLoop(b, indexOf(b, 0), blocks, 1, {}, [&](Value number, ValueRange) -> SmallVector<Value> {
      Value from = scaleIndex(b, number, tile.blockKeys);
      KeyBlock block{from, arith::MinUIOp::create(b, arith::SubIOp::create(b, keys, from), indexOf(b, tile.blockKeys)), std::nullopt};
      makeIf(b, isNew, [&] { pack(block); });
      emitTiles(unit, block);
      return {};
    });
    finishResults(unit);
  }

  void emitTiles(const Unit &unit, const KeyBlock &block) {
    auto at = [&](Value number) {
      emitByTile(b, index, number, shape.rows, tile.rows, [&](const TilePiece &piece) {
        Position position{unit.batch, unit.head, piece.start(b, number, tile.rows), {}, piece.size};
        position.inUnit = arith::SubIOp::create(b, position.row, scaleIndex(b, unit.rowBlock, tile.unitRows));
        shape.causal ? emitVisible(position, block) : emitTile(position, block);
      });
    };
    if (tile.unitRows == tile.rows)
      return at(unit.from);
    makeLoop(b, unit.from, unit.to, 1, {}, [&](Value number, ValueRange) -> SmallVector<Value> {
      at(number);
      return {};
    });
  }

  /// The first key that none of `rows` rows from `first` on sees.
  Value visibleEnd(Value first, int64_t rows) { return arith::MinUIOp::create(b, index.of(shape.keys), offsetBy(b, first, rows + *shape.causal)); }

  /// A tile with the keys of the block that its rows see, in whole panels as long as there are some: the mask rules out what is too much.
  void emitVisible(const Position &at, const KeyBlock &block) {
    Value end = visibleEnd(at.row, at.rows);
    bool isWhole = getConstant(simplifyDim(shape.keys % kPanel)) == 0;
    auto emitPart = [&] {
      Value panels = b.createOrFold<arith::CeilDivUIOp>(arith::SubIOp::create(b, end, block.first), indexOf(b, kPanel));
      emitTile(at, {block.first, arith::MinUIOp::create(b, block.count, scaleIndex(b, panels, kPanel)), std::nullopt, isWhole});
    };
    if (isSingle)
      return emitPart();
    makeIf(b, arith::CmpIOp::create(b, arith::CmpIPredicate::ult, block.first, end), emitPart);
  }

  void emitTile(const Position &at, const KeyBlock &block) {
    SmallVector<Value> tops = emitScores(at, block), old;
    for (int64_t r = 0; r < at.rows; ++r) {
      tops[r] = acrossLanes(tops[r], ReduceKind::Max);
      if (isSingle)
        continue;
      old.push_back(broadcast(memref::LoadOp::create(b, scratch, rowOf(room.tops, at, r))));
      tops[r] = combineElements(b, ReduceKind::Max, old[r], tops[r], b.getF32Type(), /*fast=*/true);
      memref::StoreOp::create(b, vector::ExtractOp::create(b, tops[r], 0), scratch, rowOf(room.tops, at, r));
    }
    // A row without any score keeps its weights at 0 (and not at exp(-infinity + infinity)) until another block has one.
    for (Value &top : tops)
      top = m.atLeast(top, std::numeric_limits<float>::lowest());
    SmallVector<Value> sums = emitWeights(at, block, tops);
    for (Value &sum : sums)
      sum = acrossLanes(sum, ReduceKind::Sum);
    if (isSingle) {
      for (Value &sum : sums)
        sum = m.div(constant(1.0), sum);
      return emitResults(at, block, [&](int64_t r, int64_t column, Value result) { storeResult(at, r, column, m.mul(result, sums[r])); });
    }
    for (auto [r, top] : llvm::enumerate(tops)) {
      old[r] = m.decay(m.sub(old[r], top));
      Value place = rowOf(room.sums, at, r), before = memref::LoadOp::create(b, scratch, place);
      Value sum = math::FmaOp::create(b, before, vector::ExtractOp::create(b, old[r], 0), vector::ExtractOp::create(b, sums[r], 0));
      memref::StoreOp::create(b, sum, scratch, place);
    }
    emitResults(at, block, [&](int64_t r, int64_t column, Value result) {
      Value place = offsetBy(b, scaleIndex(b, addIndex(b, at.inUnit, indexOf(b, r)), room.resultStride), room.results + column);
      Value before = vector::LoadOp::create(b, vector, scratch, place);
      vector::StoreOp::create(b, math::FmaOp::create(b, before, old[r], result), scratch, place);
    });
  }

  /// The scores of a tile's rows and all keys of the block, and their largest ones, lane by lane.
  SmallVector<Value> emitScores(const Position &at, const KeyBlock &block) {
    SmallVector<Value> starts, tops(at.rows, constant(-std::numeric_limits<double>::infinity()));
    Value base = addIndex(b, index.scale(at.batch, q.strides[0]), index.scale(at.head, q.strides[2]));
    for (int64_t r = 0; r < at.rows; ++r)
      starts.push_back(addIndex(b, base, index.scale(offsetBy(b, at.row, r), q.strides[1])));
    auto keysFrom = [&](Value panel, int64_t width, Value active, ValueRange tops) {
      return emitKeys(at, block, starts, panel, width, active, tops);
    };
    int64_t panels = tile.keys / kPanel;
    if (block.known) {
      int64_t full = *block.known / tile.keys, rest = *block.known % tile.keys;
      if (full == 1)
        tops = keysFrom(indexOf(b, 0), tile.keys, {}, tops);
      else if (full > 1)
        tops = makeLoop(b, indexOf(b, 0), indexOf(b, full * panels), panels, tops,
                        [&](Value panel, ValueRange carried) { return keysFrom(panel, tile.keys, {}, carried); });
      Value active = rest % kPanel ? indexOf(b, rest % kPanel) : Value();
      return rest == 0 ? tops : keysFrom(indexOf(b, full * panels), countTiles(rest, kPanel) * kPanel, active, tops);
    }
    Value full = scaleIndex(b, b.createOrFold<arith::DivUIOp>(block.count, indexOf(b, tile.keys)), panels);
    tops = makeLoop(b, indexOf(b, 0), full, panels, tops, [&](Value panel, ValueRange carried) { return keysFrom(panel, tile.keys, {}, carried); });
    Value end = b.createOrFold<arith::CeilDivUIOp>(block.count, indexOf(b, kPanel));
    return makeLoop(b, full, end, 1, tops, [&](Value panel, ValueRange carried) {
      Value left = block.isWhole ? Value() : arith::SubIOp::create(b, block.count, scaleIndex(b, panel, kPanel));
      return keysFrom(panel, kPanel, left ? arith::MinUIOp::create(b, left, indexOf(b, kPanel)).getResult() : left, carried);
    });
  }

  /// One register tile of scores, from `panel` of the block on. Of its last panel only `active` keys exist, if that is not null.
  SmallVector<Value> emitKeys(const Position &at, const KeyBlock &block, ArrayRef<Value> starts, Value panel, int64_t width, Value active,
                              ValueRange before) {
    SmallVector<Value> tops(before);
    RegisterTile product(b, index, at.rows, {width}, unroll, ProductStep());
    int64_t panels = width / kPanel;
    Value keys = offsetBy(b, scaleIndex(b, panel, shape.depth * kPanel), room.keys);
    SmallVector<Value> sums = product.finish(product.reduce(
        product.start(), b.getAffineConstantExpr(shape.depth), scratch, keys, b.getAffineConstantExpr(shape.depth * kPanel),
        [&](int64_t r, Value d, int64_t) { return memref::LoadOp::create(b, q.memref, addIndex(b, starts[r], index.scale(d, q.strides[3]))); }));
    for (int64_t j = 0; j < panels; ++j) {
      Value key = scaleIndex(b, offsetBy(b, panel, j), kPanel), some = j == panels - 1 ? active : Value();
      Value exists = some ? vector::CreateMaskOp::create(b, vector.clone(b.getI1Type()), ValueRange{some}).getResult() : Value();
      for (int64_t r = 0; r < at.rows; ++r) {
        Value score = applyMask(at, r, addIndex(b, block.first, key), some, sums[r * panels + j]);
        if (exists)
          score = m.select(exists, score, constant(-std::numeric_limits<double>::infinity()));
        vector::StoreOp::create(b, score, scratch, offsetBy(b, key, room.scores + r * room.scoreStride));
        tops[r] = combineElements(b, ReduceKind::Max, tops[r], score, b.getF32Type(), /*fast=*/true);
      }
    }
    return tops;
  }

  Value applyMask(const Position &at, int64_t r, Value key, Value active, Value score) {
    Value mask = op.getMask();
    if (!mask)
      return score;
    auto type = cast<RankedTensorType>(mask.getType());
    Dims dims = getDims(type);
    SmallVector<Value> all{at.batch, at.head, offsetBy(b, at.row, r), key}, own(ArrayRef(all).take_back(dims.size()));
    for (auto [i, dim] : llvm::enumerate(dims))
      if (isOne(dim))
        own[i] = indexOf(b, 0);
    Value buffer = context.inputs[cast<BlockArgument>(mask).getArgNumber()];
    bool isRow = !dims.empty() && !isOne(dims.back());
    Value loaded = loadElements(b, buffer, own, isRow ? kPanel : 1, type.getElementType(), isRow ? active : Value());
    if (!isRow)
      loaded = vector::BroadcastOp::create(b, vector.clone(type.getElementType()), loaded);
    return type.getElementType().isInteger(1) ? m.select(loaded, score, constant(op.getFill()->convertToDouble())) : m.add(score, loaded);
  }

  /// Scores become exponentials. Returns their sums, lane by lane.
  SmallVector<Value> emitWeights(const Position &at, const KeyBlock &block, ArrayRef<Value> tops) {
    SmallVector<Value> sums(at.rows, constant(0.0));
    Value end = scaleIndex(b, b.createOrFold<arith::CeilDivUIOp>(block.count, indexOf(b, kPanel)), kPanel);
    return makeLoop(b, indexOf(b, 0), end, kPanel, sums, [&](Value key, ValueRange carried) {
      SmallVector<Value> next(carried);
      for (int64_t r = 0; r < at.rows; ++r) {
        Value place = offsetBy(b, key, room.scores + r * room.scoreStride);
        Value weight = m.decay(m.sub(vector::LoadOp::create(b, vector, scratch, place), tops[r]));
        vector::StoreOp::create(b, weight, scratch, place);
        next[r] = m.add(next[r], weight);
      }
      return next;
    });
  }

  /// The weighted sums of the values: `use` gets each vector of a row's result.
  void emitResults(const Position &at, const KeyBlock &block, llvm::function_ref<void(int64_t row, int64_t column, Value result)> use) {
    for (int64_t column = 0; column < room.resultStride; column += tile.columns) {
      int64_t width = std::min(tile.columns, room.resultStride - column), panels = width / kPanel;
      RegisterTile product(b, index, at.rows, {width}, unroll, ProductStep());
      AffineExpr panelStride = b.getAffineConstantExpr(room.blockKeys * kPanel);
      Value values = indexOf(b, room.values + column * room.blockKeys);
      auto weight = [&](int64_t r, Value key, int64_t) {
        return memref::LoadOp::create(b, scratch, offsetBy(b, key, room.scores + r * room.scoreStride)).getResult();
      };
      SmallVector<Value> sums;
      if (block.known) {
        sums = product.reduce(product.start(), b.getAffineConstantExpr(*block.known), scratch, values, panelStride, weight);
      } else { // behind the last key weights and values are 0
        Value steps = indexOf(b, product.getSteps()), trips = b.createOrFold<arith::CeilDivUIOp>(block.count, steps);
        sums = product.reduceTo(scaleIndex(b, trips, product.getSteps()), product.start(), scratch, values, panelStride, weight);
      }
      sums = product.finish(sums);
      for (int64_t r = 0; r < at.rows; ++r)
        for (int64_t j = 0; j < panels; ++j)
          use(r, column + j * kPanel, sums[r * panels + j]);
    }
  }

  void storeResult(const Position &at, int64_t r, int64_t column, Value result) {
    int64_t left = shape.columns - column;
    storeElements(b, result, context.outputs.front(), {at.batch, offsetBy(b, at.row, r), at.head, indexOf(b, column)}, b.getF32Type(),
                  left < kPanel ? indexOf(b, left) : Value());
  }

  //===-- Results of several blocks ---------------------------------------------------------------------------------------------------------===//

  /// The rows [from, to) of the unit, counted from its first one.
  std::pair<Value, Value> rowsOfUnit(const Unit &unit) {
    Value block = scaleIndex(b, unit.rowBlock, tile.unitRows),
          end = arith::MinUIOp::create(b, index.of(shape.rows), scaleIndex(b, unit.to, tile.rows));
    return {arith::SubIOp::create(b, scaleIndex(b, unit.from, tile.rows), block), arith::SubIOp::create(b, end, block)};
  }

  void clearResults(const Unit &unit) {
    auto [from, to] = rowsOfUnit(unit);
    auto scalar = [&](double value) { return arith::ConstantOp::create(b, b.getF32FloatAttr(static_cast<float>(value))); };
    makeLoop(b, from, to, 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
      for (int64_t column = 0; column < room.resultStride; column += kPanel)
        vector::StoreOp::create(b, constant(0.0), scratch, offsetBy(b, scaleIndex(b, row, room.resultStride), room.results + column));
      memref::StoreOp::create(b, scalar(-std::numeric_limits<double>::infinity()), scratch, offsetBy(b, row, room.tops));
      memref::StoreOp::create(b, scalar(0.0), scratch, offsetBy(b, row, room.sums));
      return {};
    });
  }

  void finishResults(const Unit &unit) {
    Value block = scaleIndex(b, unit.rowBlock, tile.unitRows);
    auto [from, to] = rowsOfUnit(unit);
    makeLoop(b, from, to, 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
      Value scale = m.div(constant(1.0), broadcast(memref::LoadOp::create(b, scratch, offsetBy(b, row, room.sums))));
      Position at{unit.batch, unit.head, addIndex(b, block, row), row, 1};
      for (int64_t column = 0; column < room.resultStride; column += kPanel) {
        Value place = offsetBy(b, scaleIndex(b, row, room.resultStride), room.results + column);
        storeResult(at, 0, column, m.mul(vector::LoadOp::create(b, vector, scratch, place), scale));
      }
      return {};
    });
  }

  Value rowOf(int64_t start, const Position &at, int64_t r) { return offsetBy(b, at.inUnit, start + r); }
  Value broadcast(Value scalar) { return vector::BroadcastOp::create(b, vector, scalar); }

  /// Halves exchange places until every lane holds the whole.
  Value acrossLanes(Value all, ReduceKind kind) {
    for (int64_t distance = kPanel / 2; distance >= 1; distance /= 2) {
      SmallVector<int64_t> mask;
      for (int64_t i = 0; i < kPanel; ++i)
        mask.push_back(i ^ distance);
      all = combineElements(b, kind, all, vector::ShuffleOp::create(b, all, all, mask), b.getF32Type(), /*fast=*/true);
    }
    return all;
  }

  ImplicitLocOpBuilder &b;
  KernelContext &context;
  AttentionOp op;
  const AttentionShape &shape;
  const AttentionTile &tile;
  AttentionScratch room;
  SymbolicIndex index;
  VectorType vector;
  ElementMath m;
  FlatBuffer q, k, v;
  int64_t unroll;
  bool isSingle;
  Value scratch;
};

} // namespace

LogicalResult emitAttention(ImplicitLocOpBuilder &b, KernelContext &context) {
  std::string why;
  std::optional<AttentionShape> shape = AttentionShape::match(context.region, why);
  if (!shape)
    return context.region.emitOpError("is planned for 'attention', which ") << why;
  std::optional<AttentionTile> tile = AttentionTile::of(context.plan().getTile());
  if (!tile)
    return context.region.emitOpError("needs a tile [rows, keys, columns, block keys, unit rows] of whole panels and whole tiles");
  if (auto units = getConstant(tile->units(*shape)); units && context.plan().getUnits() != *units)
    return context.region.emitOpError("has ") << *units << " units with this tile, but its plan says " << context.plan().getUnits();
  int64_t bytes = AttentionScratch(*shape, *tile).bytes();
  if (!context.scratch || cast<MemRefType>(context.scratch.getType()).getNumElements() < bytes)
    return context.region.emitOpError("needs ") << bytes << " bytes of memory for each thread";
  AttentionEmitter(b, context, *shape, *tile).emit();
  return success();
}

} // namespace ingot
