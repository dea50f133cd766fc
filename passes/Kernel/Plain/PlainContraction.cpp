// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Matrix products and convolutions. A piece of a result row is accumulated on the stack, where no buffer can alias it, so that LLVM vectorises the
// inner loops.
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Kernel/Plain/PlainEmitter.h"

using namespace mlir;

namespace ingot {
namespace {

/// `indices` (of the result) for an operand's batch dims, which are broadcast.
PlainEmitter::Indices batchOf(PlainEmitter &e, Value tensor, ValueRange indices, int64_t inner) {
  Dims shape = PlainEmitter::shapeOf(tensor);
  ArrayRef<AffineExpr> dims = ArrayRef(shape).drop_back(inner);
  ValueRange own = indices.drop_back(2).take_back(dims.size());
  PlainEmitter::Indices batch;
  for (auto [i, size] : llvm::zip_equal(own, dims))
    batch.push_back(isOne(size) ? e.index(0) : i);
  return batch;
}

PlainEmitter::Indices with(PlainEmitter::Indices indices, std::initializer_list<Value> more) {
  indices.append(more);
  return indices;
}

/// An element that is multiplied, in the type of the sums: bytes as i32.
Value readFactor(PlainEmitter &e, Value tensor, ValueRange indices, Type sum, int64_t lanes = 1) {
  Value element = e.readWide(tensor, indices, lanes);
  return getElementTypeOrSelf(element) == sum ? element : castElements(e.b, element, PlainEmitter::elementOf(tensor), sum);
}

/// Where row `k` of column `lane` lies in a panel that is packed in groups of rows.
std::pair<Value, Value> placeInGroup(PlainEmitter &e, Value k, Value lane, int64_t group) {
  if (group == 1)
    return {k, lane};
  return {e.div(k, group), e.add(e.mul(lane, group), e.rem(k, group))};
}

/// Columns of a row of `width` elements that are accumulated together at most.
int64_t rowTileOf(AffineExpr width) { return std::min(getConstant(width).value_or(kRowTile), kRowTile); }

/// Calls `emit` for pieces [begin, begin + size) of a row of `width` elements; size is a constant or, for the last piece, a value.
void forRowTiles(PlainEmitter &e, AffineExpr width, function_ref<void(Value begin, Value size)> emit) {
  if (std::optional<int64_t> number = getConstant(width); number && *number <= kRowTile)
    return emit(e.index(0), e.index(width));
  e.loop(e.index(0), e.index(width), [&](Value begin) { emit(begin, e.min(e.index(kRowTile), e.sub(e.index(width), begin))); }, kRowTile);
}

/// acc[j] += factor * row(j)
void accumulateRow(PlainEmitter &e, Value acc, Value low, Value high, ArrayRef<Value> factors, function_ref<Value(Value)> row) {
  e.loop(low, high, [&](Value j) {
    Value element = row(j);
    for (auto [i, factor] : llvm::enumerate(factors)) {
      SmallVector<Value> place{e.index(i), j};
      Value sum = e.multiplyAdd(factor, element, memref::LoadOp::create(e.b, acc, place));
      memref::StoreOp::create(e.b, sum, acc, place);
    }
  });
}

void clear(PlainEmitter &e, Value acc, int64_t rows, Value size) {
  Value zero = e.zero(cast<MemRefType>(acc.getType()).getElementType());
  e.loop(e.index(0), size, [&](Value j) {
    for (int64_t i = 0; i < rows; ++i)
      memref::StoreOp::create(e.b, zero, acc, ValueRange{e.index(i), j});
  });
}

/// Rows of a product whose right side lies column by column: every element is a dot product along contiguous memory.
void emitMatMulByDots(PlainEmitter &e, MatMulOp op, ValueRange row, const PlainEmitter::Indices &left, const PlainEmitter::Indices &right,
                      AffineExpr depth, AffineExpr columns, Type type) {
  bool wide = isa<FloatType>(type) && e.isContiguous(op.getRhs()) && e.isContiguous(op.getLhs()) && !op.getTransposeLhs();
  e.loop(columns, [&](Value column) {
    Value sum = e.dot(depth, type, wide, [&](Value k, int64_t lanes) {
      Value x = readFactor(e, op.getLhs(), op.getTransposeLhs() ? with(left, {k, row.back()}) : with(left, {row.back(), k}), type, lanes);
      return std::pair(x, readFactor(e, op.getRhs(), with(right, {column, k}), type, lanes));
    });
    PlainEmitter::Indices target(row.begin(), row.end());
    e.writeWide(sum, with(target, {column}));
  });
}

void emitConvLast(PlainEmitter &e, ConvOp op) {
  Dims from = PlainEmitter::shapeOf(op.getX()), to = PlainEmitter::shapeOf(op.getResult());
  int64_t spatial = op.getKernel().size(), outputs = op.getChannels() / op.getGroups();
  AffineExpr inputs = from.back().floorDiv(op.getGroups());
  bool depthwise = op.isDepthwise();
  Type type = getComputeType(PlainEmitter::elementOf(op.getResult()));
  e.forElements(to, [&](ValueRange indices) {
    Value channel = indices.back(), group = e.div(channel, outputs), within = e.rem(channel, outputs);
    SmallVector<Value> lows, highs, starts;
    for (int64_t i = 0; i < spatial; ++i) {
      starts.push_back(e.add(e.mul(indices[1 + i], op.getStrides()[i]), -op.getPads()[i]));
      WindowRange range = clipWindow(e, starts[i], op.getKernel()[i], op.getDilations()[i], 0, from[1 + i]);
      lows.push_back(range.low);
      highs.push_back(range.high);
    }
    lows.push_back(e.index(0));
    highs.push_back(e.index(inputs));
    SmallVector<Value> sum = e.foldNest(lows, highs, e.zero(type), [&](ValueRange at, ValueRange carried) -> SmallVector<Value> {
      PlainEmitter::Indices source{indices[0]};
      for (int64_t i = 0; i < spatial; ++i)
        source.push_back(e.add(starts[i], e.mul(at[i], op.getDilations()[i])));
      source.push_back(e.add(e.mul(group, inputs), at.back()));
      Value tap = e.linearize(at.drop_back(), op.getKernel());
      Value panel = e.div(depthwise ? channel : within, kPanel), column = e.rem(depthwise ? channel : within, kPanel);
      auto [row, lane] = placeInGroup(e, e.add(e.mul(tap, inputs), at.back()), column, op.getPackedGroup());
      Value weight = depthwise ? readFactor(e, op.getW(), {panel, tap, column}, type) : readFactor(e, op.getW(), {group, panel, row, lane}, type);
      return {e.multiplyAdd(readFactor(e, op.getX(), source, type), weight, carried[0])};
    });
    e.writeWide(sum[0], indices);
  });
}

} // namespace

int64_t convChannelBlock(ConvOp op) {
  int64_t outputs = op.getChannels() / op.getGroups();
  return outputs % 4 == 0 ? 4 : outputs % 2 == 0 ? 2 : 1;
}

void emitPlainOp(PlainEmitter &e, MatMulOp op) {
  Dims to = PlainEmitter::shapeOf(op.getResult()), lhs = PlainEmitter::shapeOf(op.getLhs());
  AffineExpr columns = to.back(), depth = lhs[lhs.size() - (op.getTransposeLhs() ? 2 : 1)];
  Type type = getComputeType(PlainEmitter::elementOf(op.getResult()));
  Value acc = op.getTransposeRhs() ? Value() : e.stack({1, rowTileOf(columns)}, type);
  e.forElements(ArrayRef(to).drop_back(), [&](ValueRange row) {
    PlainEmitter::Indices indices(row); // with a column, as `batchOf` expects two inner dims
    indices.push_back(e.index(0));
    auto left = batchOf(e, op.getLhs(), indices, 2), right = batchOf(e, op.getRhs(), indices, 2);
    if (op.getTransposeRhs())
      return emitMatMulByDots(e, op, row, left, right, depth, columns, type);
    forRowTiles(e, columns, [&](Value begin, Value size) {
      clear(e, acc, 1, size);
      auto step = [&](Value first, int64_t count) { // several steps of k at a time: one load and store of the row for all of them
        SmallVector<Value> factors, depths;
        for (int64_t i = 0; i < count; ++i) {
          depths.push_back(e.add(first, i));
          auto source = op.getTransposeLhs() ? with(left, {depths[i], row.back()}) : with(left, {row.back(), depths[i]});
          factors.push_back(readFactor(e, op.getLhs(), source, type));
        }
        e.loop(e.index(0), size, [&](Value j) {
          SmallVector<Value> place{e.index(0), j};
          Value sum = memref::LoadOp::create(e.b, acc, place), column = e.add(begin, j);
          for (int64_t i = 0; i < count; ++i)
            sum = e.multiplyAdd(factors[i], readFactor(e, op.getRhs(), with(right, {depths[i], column}), type), sum);
          memref::StoreOp::create(e.b, sum, acc, place);
        });
      };
      constexpr int64_t kSteps = 4;
      AffineExpr main = depth.floorDiv(kSteps) * kSteps;
      e.loop(e.index(0), e.index(main), [&](Value k) { step(k, kSteps); }, kSteps);
      e.loop(e.index(main), e.index(depth), [&](Value k) { step(k, 1); });
      e.loop(e.index(0), size, [&](Value j) {
        PlainEmitter::Indices target(row);
        e.writeWide(memref::LoadOp::create(e.b, acc, ValueRange{e.index(0), j}), with(target, {e.add(begin, j)}));
      });
    });
  });
}

void emitPlainOp(PlainEmitter &e, PackedMatMulOp op) {
  Dims to = PlainEmitter::shapeOf(op.getResult());
  AffineExpr columns = to.back(), depth = PlainEmitter::shapeOf(op.getLhs()).back();
  Type type = getComputeType(PlainEmitter::elementOf(op.getResult()));
  Value acc = e.stack({1, kPanel}, type);
  e.forElements(ArrayRef(to).drop_back(), [&](ValueRange row) {
    PlainEmitter::Indices indices(row), left(row), right;
    indices.push_back(e.index(0));
    if (PlainEmitter::shapeOf(op.getRhs()).size() > 3)
      right = batchOf(e, op.getRhs(), with(indices, {}), 3);
    e.loop(columns.ceilDiv(kPanel), [&](Value panel) {
      clear(e, acc, 1, e.index(kPanel));
      e.loop(depth, [&](Value k) {
        Value factor = readFactor(e, op.getLhs(), with(left, {k}), type);
        accumulateRow(e, acc, e.index(0), e.index(kPanel), factor, [&](Value j) {
          auto [row, lane] = placeInGroup(e, k, j, op.getGroup());
          return readFactor(e, op.getRhs(), with(right, {panel, row, lane}), type);
        });
      });
      Value begin = e.mul(panel, kPanel);
      e.loop(e.index(0), e.min(e.index(kPanel), e.sub(e.index(columns), begin)),
             [&](Value j) { e.writeWide(memref::LoadOp::create(e.b, acc, ValueRange{e.index(0), j}), with(left, {e.add(begin, j)})); });
    });
  });
}

void emitPlainOp(PlainEmitter &e, ConvOp op) {
  if (op.getLayout() == Layout::ChannelsLast)
    return emitConvLast(e, op);
  Dims from = PlainEmitter::shapeOf(op.getX()), to = PlainEmitter::shapeOf(op.getResult());
  AffineExpr width = to.back(), inputs = from[1].floorDiv(op.getGroups());
  int64_t spatial = op.getKernel().size(), outputs = op.getChannels() / op.getGroups(), block = convChannelBlock(op);
  int64_t stride = op.getStrides().back(), dilation = op.getDilations().back(), pad = op.getPads()[spatial - 1];
  Type type = getComputeType(PlainEmitter::elementOf(op.getResult()));
  Value acc = e.stack({block, rowTileOf(width)}, type);
  Dims rows(ArrayRef(to).drop_back()); // n, block of channels, spatial dims but the last
  rows[1] = rows[1].floorDiv(block);

  e.forElements(rows, [&](ValueRange row) {
    Value channel = e.mul(row[1], block), group = e.div(channel, outputs);
    SmallVector<Value> lows{e.index(0)}, highs{e.index(inputs)}, starts;
    for (int64_t i = 0; i + 1 < spatial; ++i) {
      starts.push_back(e.add(e.mul(row[2 + i], op.getStrides()[i]), -op.getPads()[i]));
      WindowRange range = clipWindow(e, starts[i], op.getKernel()[i], op.getDilations()[i], 0, from[2 + i]);
      lows.push_back(range.low);
      highs.push_back(range.high);
    }
    lows.push_back(e.index(0));
    highs.push_back(e.index(op.getKernel().back()));
    forRowTiles(e, width, [&](Value begin, Value size) {
      clear(e, acc, block, size);
      e.foldNest(lows, highs, {}, [&](ValueRange at, ValueRange) { // input channel, then the window
        PlainEmitter::Indices source{row[0], e.add(e.mul(group, inputs), at[0])};
        for (int64_t i = 0; i + 1 < spatial; ++i)
          source.push_back(e.add(starts[i], e.mul(at[1 + i], op.getDilations()[i])));
        SmallVector<Value> weights;
        for (int64_t i = 0; i < block; ++i) {
          PlainEmitter::Indices place{e.add(channel, i)};
          place.append(at.begin(), at.end());
          weights.push_back(readFactor(e, op.getW(), place, type));
        }
        // Columns j of this piece whose input column lies inside: first + j * stride in [0, width of x).
        Value first = e.add(e.add(e.mul(begin, stride), e.mul(at.back(), dilation)), -pad);
        Value low = e.max(e.ceilDiv(e.sub(e.index(0), first), stride), e.index(0));
        Value high = e.min(e.ceilDiv(e.sub(e.index(from.back()), first), stride), size);
        accumulateRow(e, acc, low, high, weights,
                      [&](Value j) { return readFactor(e, op.getX(), with(source, {e.add(first, e.mul(j, stride))}), type); });
        return SmallVector<Value>();
      });
      for (int64_t i = 0; i < block; ++i)
        e.loop(e.index(0), size, [&](Value j) {
          PlainEmitter::Indices target{row[0], e.add(channel, i)};
          target.append(row.begin() + 2, row.end());
          e.writeWide(memref::LoadOp::create(e.b, acc, ValueRange{e.index(i), j}), with(target, {e.add(begin, j)}));
        });
    });
  });
}

void emitPlainOp(PlainEmitter &e, ConvTransposeOp op) {
  Dims from = PlainEmitter::shapeOf(op.getX()), to = PlainEmitter::shapeOf(op.getResult()), weights = PlainEmitter::shapeOf(op.getW());
  AffineExpr width = to.back(), inputs = from[1].floorDiv(op.getGroups()), outputs = weights[1];
  int64_t spatial = op.getStrides().size(), stride = op.getStrides().back(), dilation = op.getDilations().back(), pad = op.getPads()[spatial - 1];
  Type type = getComputeType(PlainEmitter::elementOf(op.getResult()));
  Value acc = e.stack({1, rowTileOf(width)}, type);

  e.forElements(ArrayRef(to).drop_back(), [&](ValueRange row) {
    Value group = e.div(row[1], outputs), channel = e.rem(row[1], outputs);
    Dims nest{inputs};
    nest.append(weights.begin() + 2, weights.end());
    forRowTiles(e, width, [&](Value begin, Value size) {
      clear(e, acc, 1, size);
      e.loops(nest, [&](ValueRange at) { // input channel, then the window
        Value input = e.add(e.mul(group, inputs), at[0]), inside;
        PlainEmitter::Indices source{row[0], input};
        for (int64_t i = 0; i + 1 < spatial; ++i) { // the input row that this tap of the window carries into our row, if there is one
          Value distance = e.sub(e.add(row[2 + i], op.getPads()[i]), e.mul(at[1 + i], op.getDilations()[i]));
          Value position = arith::FloorDivSIOp::create(e.b, distance, e.index(op.getStrides()[i]));
          Value divides = e.compare(arith::CmpIPredicate::eq, e.mul(position, op.getStrides()[i]), distance);
          inside = e.logicalAnd(e.logicalAnd(inside, divides), e.inRange(position, from[2 + i]));
          source.push_back(position);
        }
        auto accumulate = [&] {
          PlainEmitter::Indices place{input, channel};
          place.append(at.begin() + 1, at.end());
          Value weight = e.readWide(op.getW(), place);
          // Input columns i that land in this piece: offset + i * stride in [0, size).
          Value offset = e.sub(e.add(e.mul(at.back(), dilation), -pad), begin);
          Value low = e.clamp(e.ceilDiv(e.sub(e.index(0), offset), stride), 0, from.back());
          Value high = e.clamp(e.ceilDiv(e.sub(size, offset), stride), 0, from.back());
          e.loop(low, high, [&](Value i) {
            SmallVector<Value> target{e.index(0), e.add(offset, e.mul(i, stride))};
            Value sum = e.multiplyAdd(weight, e.readWide(op.getX(), with(source, {i})), memref::LoadOp::create(e.b, acc, target));
            memref::StoreOp::create(e.b, sum, acc, target);
          });
        };
        if (inside)
          e.when(inside, accumulate);
        else
          accumulate();
      });
      e.loop(e.index(0), size, [&](Value j) {
        PlainEmitter::Indices target(row);
        e.writeWide(memref::LoadOp::create(e.b, acc, ValueRange{e.index(0), j}), with(target, {e.add(begin, j)}));
      });
    });
  });
}

} // namespace ingot
