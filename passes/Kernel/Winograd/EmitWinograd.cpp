// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Product/WeightFetch.h"
#include "passes/Kernel/RegisterTile.h"
#include "passes/Kernel/Winograd/ApplyMatrix.h"
#include "passes/Kernel/Winograd/WinogradShape.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot {
namespace {

/// Writes, for blocks of tiles of m x m results that read (m + 2) x (m + 2) pixels each,
///
///   for unit in [begin, end)                         (image, block row, block column, column block), column block fastest
///     if the block is another one than before
///       for tile of the block                        a kind of tiles after the other: whole ones, those at the edges, the corner
///         for channels, a vector at a time
///           v[point][tile][channels] = input transform of the pixels
///     for piece of the block's tiles                 as many as a register tile takes
///       for point                                    those points together at which the same tiles have products
///         sums[tile][panel] = 0
///         for channel
///           sums[tile][panel] += broadcast(v[point][tile][channel]) * w[panel, point, channel, :]
///         p[point][tile][panel] = sums
///         fetch a share of the pixels of the next block                      with the last columns, if `ingot.loads` says so
///       for tile of the piece
///         for output channels, a vector at a time
///           out[pixels of the tile, channels] = body(output transform of p[...][tile], ...)
///
/// `v` and `p` are the thread's own memory. `w` is read once per block, from beginning to end. A tile at the edge has fewer results, fewer points and
/// reads fewer pixels, so nothing outside of the image is touched. Where only a run tells the size of the image, a unit has all column blocks, and
/// what is left of a block at the edge is divided into pieces of 2^n results: each has only one kind of tiles.
class WinogradEmitter {
public:
  WinogradEmitter(ImplicitLocOpBuilder &b, KernelContext &context, const WinogradShape &shape)
      : b(b), context(context), index(b, context), s(shape), plan(context.plan().getTile()), lanes(context.plan().getLanes()),
        vector(VectorType::get({lanes}, b.getF32Type())) {
    FlatBuffer x(b, context, s.op.getX());
    input = x.memref;
    std::copy(x.strides.begin(), x.strides.begin() + 3, strides.begin());
    weights = FlatBuffer(b, context, s.op.getW()).memref;
    int64_t elements = s.inputElements(plan), all = s.scratchBytes(plan) / static_cast<int64_t>(sizeof(float));
    transformed = viewScratch(0, elements);
    products = viewScratch(elements, all - elements);
  }

  void emit() {
    auto [begin, end] = shareOf(b, context, s.units(plan));
    auto loop = scf::ForOp::create(b, begin, end, indexOf(b, 1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value unit = loop.getInductionVar();
    AffineExpr outputs = b.getAffineConstantExpr(s.outputs), columnBlocks = countTiles(outputs, plan[2]), one = b.getAffineConstantExpr(1);
    blockCounts = {s.images, countTiles(s.outHeight, plan[0] * s.tile), countTiles(s.outWidth, plan[1] * s.tile), s.isOpen() ? one : columnBlocks};
    SmallVector<Value> at = index.decode(unit, blockCounts);
    Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, unit, begin);
    Value startsBlock = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, at[3], indexOf(b, 0));
    Value isNew = arith::OrIOp::create(b, isFirst, startsBlock);
    Value next = offsetBy(b, unit, 1), hasNext = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, next, end);
    emitByTile(b, index, at[1], s.outHeight, plan[0] * s.tile, [&](const TilePiece &ownRows) {
      emitByTile(b, index, at[2], s.outWidth, plan[1] * s.tile, [&](const TilePiece &ownColumns) {
        WinogradBlock block(s.tile, ownRows.size, ownColumns.size);
        Place place{at[0], ownRows.start(b, at[1], plan[0] * s.tile), ownColumns.start(b, at[2], plan[1] * s.tile)};
        makeIf(b, isNew, [&] {
          for (const TileGroup &group : block.groups)
            transformInput(block, group, place);
        });
        auto multiplyBy = [&](Value columnBlock) {
          if (LoadSchedule::of(context.region).tiles > 0) {
            Value isLast = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, columnBlock, index.of(simplifyDim(columnBlocks - 1)));
            findNextBlock(next, arith::AndIOp::create(b, hasNext, isLast));
          }
          emitByTile(b, index, columnBlock, outputs, plan[2], [&](const TilePiece &channels) { multiply(block, place, channels, columnBlock); });
        };
        if (!s.isOpen())
          return multiplyBy(at[3]);
        makeLoop(b, indexOf(b, 0), index.of(columnBlocks), 1, {}, [&](Value columnBlock, ValueRange) {
          multiplyBy(columnBlock);
          return SmallVector<Value>();
        });
      });
    });
  }

private:
  /// Where a block's results begin.
  struct Place {
    Value image, row, column;
  };

  Value viewScratch(int64_t offset, int64_t elements) {
    return memref::ViewOp::create(b, MemRefType::get({elements}, b.getF32Type()), context.scratch,
                                  indexOf(b, offset * static_cast<int64_t>(sizeof(float))), ValueRange());
  }

  /// Asks for a line of memory ahead of its use.
  void fetch(Value buffer, Value at) { memref::PrefetchOp::create(b, buffer, at, /*isWrite=*/false, kSurely, /*isDataCache=*/true); }

  /// The pixels of the block that begins with a unit; none unless `exists`.
  void findNextBlock(Value unit, Value exists) {
    SmallVector<Value> at = index.decode(unit, blockCounts);
    Value row = scaleIndex(b, at[1], plan[0] * s.tile), column = scaleIndex(b, at[2], plan[1] * s.tile);
    nextBlock = addIndex(b, index.scale(at[0], strides[0]), addIndex(b, index.scale(row, strides[1]), index.scale(column, strides[2])));
    int64_t lines = llvm::divideCeil((plan[1] * s.tile + 2) * estimateDim(strides[2]), kLineElements);
    nextShare = llvm::divideCeil(lines, s.points()) * kLineElements;
    nextElements = arith::SelectOp::create(b, exists, indexOf(b, nextShare), indexOf(b, 0));
  }

  /// Fetches the share of the next block that falls to the point (i, j): of its rows i, i + points, ... each time the j-th part.
  void fetchNextBlock(Value i, Value j) {
    if (!nextBlock)
      return;
    for (int64_t row = 0; row < plan[0] * s.tile + 2; row += s.points()) {
      Value share = addIndex(b, nextBlock, addIndex(b, index.scale(offsetBy(b, i, row), strides[1]), scaleIndex(b, j, nextShare)));
      makeLoop(b, indexOf(b, 0), nextElements, kLineElements, {}, [&](Value element, ValueRange) {
        fetch(input, addIndex(b, share, element));
        return SmallVector<Value>();
      });
    }
  }

  /// `body(tile of the group, row, column)`: the tile's number in the block, and where in the image its results begin.
  void forEachTile(const TileGroup &group, const Place &place, int64_t begin, int64_t end,
                   llvm::function_ref<void(Value tile, Value row, Value column)> body) {
    makeLoop(b, indexOf(b, begin), indexOf(b, end), 1, {}, [&](Value tile, ValueRange) {
      SmallVector<Value> at = decode(b, offsetBy(b, tile, -group.first), {group.rows, group.columns});
      Value row = addIndex(b, place.row, offsetBy(b, scaleIndex(b, at[0], s.tile), group.firstRow));
      Value column = addIndex(b, place.column, offsetBy(b, scaleIndex(b, at[1], s.tile), group.firstColumn));
      body(tile, row, column);
      return SmallVector<Value>();
    });
  }

  /// `body(first channel, active)` for a vector of `channels` at a time; `active`: of the last vector, if not all of its lanes.
  void forEachVector(int64_t channels, llvm::function_ref<void(Value channel, Value active)> body) {
    int64_t full = channels - channels % lanes;
    if (full > 0)
      makeLoop(b, indexOf(b, 0), indexOf(b, full), lanes, {}, [&](Value channel, ValueRange) {
        body(channel, {});
        return SmallVector<Value>();
      });
    if (full < channels)
      body(indexOf(b, full), indexOf(b, channels - full));
  }

  void transformInput(const WinogradBlock &block, const TileGroup &group, const Place &place) {
    SmallMatrix down = winogradTransform(s.tile, group.height).input, across = winogradTransform(s.tile, group.width).input;
    int64_t pointStride = s.inputPointStride(block.tiles());
    forEachTile(group, place, group.first, group.first + group.count(), [&](Value tile, Value row, Value column) {
      Value base = addIndex(b, index.scale(place.image, strides[0]), addIndex(b, index.scale(row, strides[1]), index.scale(column, strides[2])));
      Value to = scaleIndex(b, tile, s.tileStride());
      forEachVector(s.inputs, [&](Value channel, Value active) {
        SmallVector<SmallVector<Value>> columns;
        for (int64_t x = 0; x < across.columns; ++x) {
          SmallVector<Value> pixels;
          for (int64_t y = 0; y < down.columns; ++y) {
            Value at = index.offset(addIndex(b, base, channel), simplifyDim(strides[1] * y + strides[2] * x));
            if (x >= 2 && group.columns > 1) // what the next tile of the row reads and this one does not
              fetch(input, index.offset(at, simplifyDim(strides[2] * s.tile)));
            pixels.push_back(loadElements(b, input, at, lanes, b.getF32Type(), active));
          }
          columns.push_back(applyMatrix(b, down, pixels));
        }
        for (int64_t i = 0; i < down.rows; ++i) {
          SmallVector<Value> line = llvm::map_to_vector(columns, [&](const SmallVector<Value> &own) { return own[i]; });
          for (auto [j, value] : llvm::enumerate(applyMatrix(b, across, line))) {
            int64_t point = i * s.points() + static_cast<int64_t>(j);
            vector::StoreOp::create(b, value, transformed, offsetBy(b, addIndex(b, to, channel), point * pointStride));
          }
        }
      });
    });
  }

  void multiply(const WinogradBlock &block, const Place &place, const TilePiece &channels, Value columnBlock) {
    int64_t tiles = block.tiles(), pieces = countPieces(tiles, plan[3]);
    Value firstChannel = scaleIndex(b, columnBlock, plan[2]);
    for (int64_t i = 0; i < pieces; ++i) {
      int64_t begin = pieceBegin(tiles, pieces, i), end = pieceBegin(tiles, pieces, i + 1);
      int64_t pointStride = s.productPointStride(end - begin, channels.size);
      for (const PointRange &range : block.ranges) {
        int64_t first = std::max(begin, range.first), last = std::min(end, range.last);
        if (first < last)
          multiplyAt(block, range, first, last, channels, firstChannel, begin, pointStride);
      }
      for (const TileGroup &group : block.groups) {
        int64_t first = std::max(begin, group.first), last = std::min(end, group.first + group.count());
        if (first < last)
          transformOutput(group, place, first, last, channels, firstChannel, begin, pointStride);
      }
    }
  }

  /// The products of the tiles [first, last) at some points.
  void multiplyAt(const WinogradBlock &block, const PointRange &range, int64_t first, int64_t last, const TilePiece &channels, Value firstChannel,
                  int64_t pieceBegin, int64_t pointStride) {
    int64_t pointWeights = s.inputs * kPanel, panelWeights = s.points() * s.points() * pointWeights;
    int64_t rowStride = countTiles(channels.size, kPanel) * kPanel, inputStride = s.inputPointStride(block.tiles());
    makeLoop(b, indexOf(b, range.beginRow), indexOf(b, range.endRow), 1, {}, [&](Value i, ValueRange) {
      makeLoop(b, indexOf(b, range.beginColumn), indexOf(b, range.endColumn), 1, {}, [&](Value j, ValueRange) {
        if (pieceBegin == 0)
          fetchNextBlock(i, j);
        Value point = addIndex(b, scaleIndex(b, i, s.points()), j);
        Value left = offsetBy(b, scaleIndex(b, point, inputStride), first * s.tileStride());
        Value right = addIndex(b, scaleIndex(b, point, pointWeights), scaleIndex(b, firstChannel, panelWeights / kPanel));
        RegisterTile sums(b, index, last - first, channels, context.plan().getUnroll(), ProductStep());
        auto lhs = [&](int64_t r, Value k, int64_t) -> Value {
          return memref::LoadOp::create(b, transformed, addIndex(b, offsetBy(b, left, r * s.tileStride()), k));
        };
        // Later pieces find the filters in the second cache.
        WeightFetch filters{LoadSchedule::of(context.region), weights, right, countTiles(channels.size, kPanel), s.inputs, panelWeights, {}};
        auto fetchFilters = [&](Value k, int64_t steps) {
          if (pieceBegin == 0)
            filters.emit(b, k, steps);
        };
        SmallVector<Value> values = sums.finish(
            sums.reduce(sums.start(), b.getAffineConstantExpr(s.inputs), weights, right, b.getAffineConstantExpr(panelWeights), lhs, fetchFilters));
        Value to = scaleIndex(b, point, pointStride);
        int64_t panels = rowStride / kPanel;
        for (auto [n, value] : llvm::enumerate(values)) {
          int64_t row = first - pieceBegin + static_cast<int64_t>(n) / panels, panel = static_cast<int64_t>(n) % panels;
          vector::StoreOp::create(b, value, products, offsetBy(b, to, row * rowStride + panel * kPanel));
        }
        return SmallVector<Value>();
      });
      return SmallVector<Value>();
    });
  }

  void transformOutput(const TileGroup &group, const Place &place, int64_t first, int64_t last, const TilePiece &channels, Value firstChannel,
                       int64_t pieceBegin, int64_t pointStride) {
    SmallMatrix down = winogradTransform(s.tile, group.height).output, across = winogradTransform(s.tile, group.width).output;
    int64_t rowStride = countTiles(channels.size, kPanel) * kPanel;
    forEachTile(group, place, first, last, [&](Value tile, Value row, Value column) {
      Value from = scaleIndex(b, offsetBy(b, tile, -pieceBegin), rowStride);
      forEachVector(channels.size, [&](Value channel, Value active) {
        SmallVector<SmallVector<Value>> columns;
        for (int64_t j = 0; j < across.columns; ++j) {
          SmallVector<Value> line;
          for (int64_t i = 0; i < down.columns; ++i)
            line.push_back(vector::LoadOp::create(b, vector, products, offsetBy(b, addIndex(b, from, channel), (i * s.points() + j) * pointStride)));
          columns.push_back(applyMatrix(b, down, line));
        }
        BodyEmitter body(b, context);
        for (int64_t y = 0; y < group.height; ++y) {
          SmallVector<Value> line = llvm::map_to_vector(columns, [&](const SmallVector<Value> &own) { return own[y]; });
          for (auto [x, value] : llvm::enumerate(applyMatrix(b, across, line))) {
            body.bind(s.op.getResult(), value);
            body.emitAndStore({place.image, offsetBy(b, row, y), offsetBy(b, column, static_cast<int64_t>(x)), addIndex(b, firstChannel, channel)},
                              lanes, active);
          }
        }
      });
    });
  }

  ImplicitLocOpBuilder &b;
  KernelContext &context;
  SymbolicIndex index;
  WinogradShape s;
  ArrayRef<int64_t> plan;
  int64_t lanes;
  VectorType vector;
  Value input, weights, transformed, products;
  SmallVector<AffineExpr> blockCounts; ///< the mixed radix of units
  Value nextBlock, nextElements;       ///< where it begins, and what is fetched of a row of it at a point; null: nothing is
  int64_t nextShare = 0;               ///< elements of a row of it for each column of points
  std::array<AffineExpr, 3> strides;   ///< of image, row and pixel
};

} // namespace

LogicalResult emitWinograd(ImplicitLocOpBuilder &b, KernelContext &context) {
  std::string why;
  std::optional<WinogradShape> shape = WinogradShape::match(context.region, why);
  if (!shape)
    return context.region.emitOpError("is planned for 'winograd', which ") << why;
  PlanAttr plan = context.plan();
  ArrayRef<int64_t> tile = plan.getTile();
  if (tile.size() != 4 || llvm::any_of(tile, [](int64_t size) { return size < 1; }) || tile[2] % kPanel != 0)
    return context.region.emitOpError("needs a tile [rows of tiles, tiles of a row, columns, rows] with columns in multiples of ") << kPanel;
  if (plan.getLanes() != kPanel && plan.getLanes() != kPanel / 2)
    return context.region.emitOpError("needs vectors of ") << kPanel / 2 << " or " << kPanel << " lanes";
  if (auto units = getConstant(shape->units(tile)); units && plan.getUnits() != *units)
    return context.region.emitOpError("has ") << *units << " units with this tile, but its plan says " << plan.getUnits();
  if (plan.getScratch() < shape->scratchBytes(tile))
    return context.region.emitOpError("needs ") << shape->scratchBytes(tile) << " bytes of scratch memory, but its plan says " << plan.getScratch();
  unsigned input = cast<BlockArgument>(shape->op.getX()).getArgNumber();
  if (!isOne(context.region.getBufferStrides(input).back()) && shape->inputs > 1)
    return context.region.emitOpError("needs contiguous channels in ") << context.inputs[input].getType();
  WinogradEmitter(b, context, *shape).emit();
  return success();
}

} // namespace ingot
