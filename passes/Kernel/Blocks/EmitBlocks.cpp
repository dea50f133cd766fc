// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Blocks/BlockShape.h"
#include "passes/Kernel/Blocks/SplitActivations.h"
#include "passes/Kernel/Product/WeightFetch.h"
#include "passes/Kernel/RegisterTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Kernel/Elementwise/EmitElementwise.h"

using namespace mlir;

namespace ingot {
namespace {

/// Chunks of a block that are written out; larger blocks are a loop of these.
constexpr int64_t kMostChunks = 4;

/// Writes
///
///   for unit in [begin, end)                              (row block, column block), column block fastest
///     if the row block is another one than before
///       the rows as integers (SplitActivations)           into the thread's own memory
///     for register tile of the rows
///       for block
///         integers[row][panel][byte] = starts[row][block][byte]
///         for chunk of 8 rows of the weights              a chunk that comes later is fetched (`ingot.loads`)
///           integers[..] += low halves of the chunk * 4 bytes of the row + high halves * the next 4
///         sums[row][panel] += scales[panel][block] * step[row][block] * (integers, put together)
///       out[row, columns] = body(sums[row][panel], ...)
///
/// Each result is added up in the same order whatever the tile is.
class BlocksEmitter {
public:
  BlocksEmitter(ImplicitLocOpBuilder &b, KernelContext &context, const BlockShape &shape)
      : b(b), context(context), index(b, context), s(shape), plan(context.plan().getTile()), split(b, context.scratch, plan[0] * shape.rowBytes()),
        lhs(b, context, s.op.getLhs()), weights(FlatBuffer(b, context, s.op.getWeights()).memref),
        scales(FlatBuffer(b, context, s.op.getScales()).memref), floats(VectorType::get({kPanel}, b.getF32Type())),
        integers(floats.clone(b.getI32Type())), ahead(LoadSchedule::of(context.region).ahead) {
    if (s.op.getPoints())
      points = FlatBuffer(b, context, s.op.getPoints()).memref;
  }

  void emit() {
    auto keptAt = [&](const TilePiece &ownRows) { return ownRows.offset ? ownRows.offset : indexOf(b, 0); };
    walkUnits(
        b, context, index, s.rows, plan[0], s.columns, plan[1],
        [&](Value rowBlock, const TilePiece &ownRows) { splitRows(ownRows.start(b, rowBlock, plan[0]), keptAt(ownRows), ownRows.size); },
        [&](Value rowBlock, const TilePiece &ownRows, Value columnBlock, const TilePiece &ownColumns) {
          Value first = ownRows.start(b, rowBlock, plan[0]), kept = keptAt(ownRows);
          forRegisterTiles(b, ownRows.size, plan[2],
                           [&](Value r, int64_t rows) { emitTile(addIndex(b, first, r), addIndex(b, kept, r), rows, columnBlock, ownColumns); });
        });
  }

private:
  void splitRows(Value first, Value kept, int64_t count) {
    SplitActivations activations(b, s, split, lhs.memref);
    makeLoop(b, indexOf(b, 0), indexOf(b, count), 1, {}, [&](Value r, ValueRange) {
      Value from = indexOf(b, 0);
      for (auto [coordinate, stride] : llvm::zip(index.decode(addIndex(b, first, r), s.rowDims), lhs.strides))
        from = addIndex(b, from, index.scale(coordinate, stride));
      activations.emit(from, addIndex(b, kept, r));
      return SmallVector<Value>();
    });
  }

  Value spread(VectorType type, Value scalar) { return vector::BroadcastOp::create(b, type, scalar); }

  /// sum + the products of the bytes in each lane, those of `left` being less than 16.
  Value multiplyAdd(Value left, Value right, Value sum) {
    auto bytes = VectorType::get({4 * kPanel}, b.getI8Type());
    auto name = b.getStringAttr("llvm.x86.avx512.vpdpbusd.512");
    Value unsignedBytes = vector::BitCastOp::create(b, bytes, left), signedBytes = vector::BitCastOp::create(b, bytes, right);
    auto call = LLVM::CallIntrinsicOp::create(b, integers, name, ValueRange{sum, unsignedBytes, signedBytes});
    call->setAttr(kSmallLeft, b.getUnitAttr());
    return call->getResult(0);
  }

  /// One register tile: rows from `row` on, which lie from `kept` on in the thread's memory.
  void emitTile(Value row, Value kept, int64_t rows, Value columnBlock, const TilePiece &ownColumns) {
    int64_t panels = countTiles(ownColumns.size, kPanel);
    Value panel = scaleIndex(b, columnBlock, plan[1] / kPanel);
    SmallVector<Value> words; // where each row of integers begins, in i32
    for (int64_t r = 0; r < rows; ++r)
      words.push_back(scaleIndex(b, offsetBy(b, kept, r), s.rowBytes() / 4));
    SmallVector<Value> zeros(rows * panels, arith::ConstantOp::create(b, b.getZeroAttr(floats)));
    SmallVector<Value> sums = makeLoop(b, indexOf(b, 0), indexOf(b, s.blocks()), 1, zeros, [&](Value number, ValueRange carried) {
      SmallVector<Value> block;
      for (int64_t p = 0; p < panels; ++p)
        block.push_back(addIndex(b, scaleIndex(b, offsetBy(b, panel, p), s.blocks()), number));
      return addBlock(SmallVector<Value>(carried), multiplyBlock(number, words, block), number, words, block);
    });
    int64_t lanes = lanesOfLastVector(ownColumns.size);
    for (int64_t r = 0; r < rows && lanes != kPanel; ++r) {
      Value &last = sums[(r + 1) * panels - 1];
      last = vector::ExtractStridedSliceOp::create(b, last, 0, lanes, 1);
    }
    SmallVector<SmallVector<Value>> coordinates;
    for (int64_t r = 0; r < rows; ++r)
      coordinates.push_back(index.decode(offsetBy(b, row, r), s.rowDims));
    RegisterTile(b, index, rows, ownColumns, /*unroll=*/1, ProductStep())
        .store(context, s.op.getResult(), sums, coordinates, ownColumns.start(b, columnBlock, plan[1]));
  }

  /// For each row, panel and byte the sum of the products of a block; `block`: the block's number in all panels, for each panel.
  SmallVector<Value> multiplyBlock(Value number, ArrayRef<Value> words, ArrayRef<Value> block) {
    SmallVector<Value> next;
    for (Value word : words) {
      SmallVector<Value> starts;
      for (int64_t d = 0; d < s.bytes; ++d) {
        Value at = offsetBy(b, addIndex(b, word, scaleIndex(b, number, s.bytes)), s.startsAt() / 4 + d);
        starts.push_back(spread(integers, memref::LoadOp::create(b, split.integers, at)));
      }
      for (size_t p = 0; p < block.size(); ++p)
        next.append(starts);
    }
    int64_t chunks = s.block / kChunkRows;
    if (chunks > kMostChunks)
      return makeLoop(b, indexOf(b, 0), indexOf(b, chunks), kMostChunks, next, [&](Value chunk, ValueRange carried) {
        SmallVector<Value> own(carried);
        for (int64_t i = 0; i < kMostChunks; ++i)
          multiplyChunk(own, number, offsetBy(b, chunk, i), words, block);
        return own;
      });
    for (int64_t i = 0; i < chunks; ++i)
      multiplyChunk(next, number, indexOf(b, i), words, block);
    return next;
  }

  void multiplyChunk(SmallVector<Value> &next, Value number, Value chunk, ArrayRef<Value> words, ArrayRef<Value> block) {
    ElementMath m(b, integers);
    SmallVector<Value> halves[2]; // of each panel: the lower rows of the chunk, and the others
    for (Value own : block) {
      Value at = addIndex(b, scaleIndex(b, own, s.block / kChunkRows * kChunkBytes), scaleIndex(b, chunk, kChunkBytes));
      if (ahead > 0)
        memref::PrefetchOp::create(b, weights, offsetBy(b, at, ahead / kChunkRows * kChunkBytes), /*isWrite=*/false, /*localityHint=*/3,
                                   /*isDataCache=*/true);
      Value pairs = vector::BitCastOp::create(b, integers, vector::LoadOp::create(b, VectorType::get({kChunkBytes}, b.getI8Type()), weights, at));
      halves[0].push_back(arith::AndIOp::create(b, pairs, m.integer(0x0f0f0f0f)));
      halves[1].push_back(arith::AndIOp::create(b, arith::ShRUIOp::create(b, pairs, m.integer(4)), m.integer(0x0f0f0f0f)));
    }
    int64_t chunkWords = kChunkRows * s.bytes / 4;
    Value inRow = addIndex(b, scaleIndex(b, number, s.block / kChunkRows * chunkWords), scaleIndex(b, chunk, chunkWords));
    for (auto [r, word] : llvm::enumerate(words))
      for (int64_t d = 0; d < s.bytes; ++d)
        for (int64_t half : {0, 1}) {
          Value at = offsetBy(b, addIndex(b, word, inRow), 2 * d + half);
          Value right = spread(integers, memref::LoadOp::create(b, split.integers, at));
          for (size_t p = 0; p < block.size(); ++p) {
            Value &sum = next[(r * block.size() + p) * s.bytes + d];
            sum = multiplyAdd(halves[half][p], right, sum);
          }
        }
  }

  /// sums + what the integers of a block stand for.
  SmallVector<Value> addBlock(SmallVector<Value> sums, ArrayRef<Value> products, Value number, ArrayRef<Value> words, ArrayRef<Value> block) {
    ElementMath f(b, floats), i(b, integers);
    auto perRow = [&](Value word, int64_t offset) {
      return spread(floats, memref::LoadOp::create(b, split.floats, offsetBy(b, addIndex(b, word, number), offset / 4)));
    };
    for (size_t p = 0; p < block.size(); ++p) {
      Value at = scaleIndex(b, block[p], kPanel), scale = vector::LoadOp::create(b, floats, scales, at), shift;
      if (points) {
        Value point = vector::LoadOp::create(b, VectorType::get({kPanel}, b.getI8Type()), points, at);
        shift = f.mul(scale, f.sub(f.constant(8), arith::UIToFPOp::create(b, floats, point)));
      }
      for (size_t r = 0; r < words.size(); ++r) {
        size_t own = r * block.size() + p;
        Value whole = putTogether(products.slice(own * s.bytes, s.bytes));
        Value &sum = sums[own];
        sum = vector::FMAOp::create(b, whole, f.mul(scale, perRow(words[r], s.stepsAt())), sum);
        if (shift)
          sum = vector::FMAOp::create(b, shift, perRow(words[r], s.sumsAt()), sum);
      }
    }
    return sums;
  }

  /// The number whose parts these are: two and two exactly as integers, which are less than 2^27.
  Value putTogether(ArrayRef<Value> parts) {
    ElementMath f(b, floats), i(b, integers);
    if (parts.size() == 1)
      return arith::SIToFPOp::create(b, floats, parts[0]);
    auto pair = [&](Value low, Value high) {
      return arith::SIToFPOp::create(b, floats, i.add(low, arith::ShLIOp::create(b, high, i.integer(8)))).getResult();
    };
    return vector::FMAOp::create(b, pair(parts[2], parts[3]), f.constant(65536), pair(parts[0], parts[1]));
  }

  ImplicitLocOpBuilder &b;
  KernelContext &context;
  SymbolicIndex index;
  BlockShape s;
  ArrayRef<int64_t> plan;
  SplitRows split;
  FlatBuffer lhs;
  Value weights, scales, points;
  VectorType floats, integers;
  int64_t ahead; ///< rows of weights by which they are fetched before they are used
};

} // namespace

LogicalResult emitBlocks(ImplicitLocOpBuilder &b, KernelContext &context) {
  std::string why;
  std::optional<BlockShape> shape = BlockShape::match(context.region, why);
  if (!shape)
    return context.region.emitOpError("is planned for 'blocks', which ") << why;
  ArrayRef<int64_t> tile = context.plan().getTile();
  if (tile.size() != 3 || !llvm::all_of(tile, [](int64_t size) { return size > 0; }) || tile[1] % kPanel != 0)
    return context.region.emitOpError("needs a tile [rows, columns, rows of a register tile] with columns in multiples of ") << kPanel;
  if (context.plan().getScratch() < tile[0] * shape->rowBytes())
    return context.region.emitOpError("keeps ") << tile[0] * shape->rowBytes() << " bytes of integers, but its plan gives it fewer";
  BlocksEmitter(b, context, *shape).emit();
  return success();
}

} // namespace ingot
