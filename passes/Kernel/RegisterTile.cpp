// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/RegisterTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot {

FlatBuffer::FlatBuffer(ImplicitLocOpBuilder &b, Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  int64_t offset, size = 1;
  (void)type.getStridesAndOffset(strides, offset); // static: the plan stage made it
  for (auto [stride, extent] : llvm::zip_equal(strides, type.getShape()))
    size += stride * (extent - 1);
  auto flat = MemRefType::get({size}, type.getElementType(), StridedLayoutAttr::get(b.getContext(), offset, {1}), type.getMemorySpace());
  memref = memref::ReinterpretCastOp::create(b, flat, buffer, offset, flat.getShape(), ArrayRef<int64_t>{1});
}

void emitByTile(ImplicitLocOpBuilder &b, Value position, int64_t count, bool lastDiffers, llvm::function_ref<void(bool last)> body) {
  if (!lastDiffers || count == 1)
    return body(lastDiffers);
  Value isLast = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, position, indexOf(b, count - 1));
  auto branch = scf::IfOp::create(b, isLast, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  body(true);
  b.setInsertionPointToStart(branch.elseBlock());
  body(false);
}

SmallVector<Value> emitCarrying(ImplicitLocOpBuilder &b, int64_t count, SmallVector<Value> values,
                                llvm::function_ref<SmallVector<Value>(Value i, ValueRange values)> body) {
  if (count == 1)
    return body(indexOf(b, 0), values);
  auto loop = scf::ForOp::create(b, indexOf(b, 0), indexOf(b, count), indexOf(b, 1), values);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  scf::YieldOp::create(b, body(loop.getInductionVar(), loop.getRegionIterArgs()));
  return loop.getResults();
}

//===-- The register tile --------------------------------------------------------------------------------------------------------------------===//

/// Independent sums that keep the multiply-add units busy: latency 4 at one 512-bit (or two 256-bit) operations a cycle.
static constexpr int64_t kSumsInFlight = 8;

static constexpr int64_t kCacheLine = 64;
/// A reduction of fewer steps is over before a line has come.
static constexpr int64_t kPrefetchDepth = 64;

RegisterTile::RegisterTile(ImplicitLocOpBuilder &b, int64_t rows, int64_t columns, int64_t unroll)
    : b(b), rows(rows), columns(columns), panels(countTiles(columns, kPanel)), unroll(unroll), chains(1) {
  while (rows * panels * chains < kSumsInFlight && chains * 2 <= unroll)
    chains *= 2;
}

VectorType RegisterTile::vectorOf(int64_t panel) const {
  return VectorType::get({panel == panels - 1 ? lanesOfLastPanel(rows, columns) : kPanel}, b.getF32Type());
}

SmallVector<Value> RegisterTile::start() {
  SmallVector<Value> sums;
  for (int64_t i = 0; i < chains * rows; ++i)
    for (int64_t j = 0; j < panels; ++j)
      sums.push_back(arith::ConstantOp::create(b, b.getZeroAttr(vectorOf(j))));
  return sums;
}

SmallVector<Value> RegisterTile::step(ValueRange sums, int64_t chain, Value k, Value rhs, Value rhsBase, int64_t panelStride,
                                      llvm::function_ref<Value(int64_t row, Value k)> lhs) {
  SmallVector<Value> next(sums), right;
  Value offset = addIndex(b, rhsBase, scaleIndex(b, k, kPanel));
  for (int64_t j = 0; j < panels; ++j)
    right.push_back(vector::LoadOp::create(b, vectorOf(j), rhs, offsetBy(b, offset, j * panelStride)));
  for (int64_t r = 0; r < rows; ++r) {
    Value element = lhs(r, k);
    for (int64_t j = 0; j < panels; ++j) {
      Value left = vector::BroadcastOp::create(b, vectorOf(j), element);
      Value &sum = next[(chain * rows + r) * panels + j];
      sum = vector::FMAOp::create(b, left, right[j], sum);
    }
  }
  return next;
}

SmallVector<Value> RegisterTile::reduce(SmallVector<Value> sums, int64_t depth, Value rhs, Value rhsBase, int64_t panelStride,
                                        llvm::function_ref<Value(int64_t row, Value k)> lhs,
                                        llvm::function_ref<void(Value k, int64_t steps)> prefetch) {
  int64_t steps = std::max(unroll, chains), full = depth - depth % steps;
  if (full == steps) // one iteration
    full = 0;
  if (full != 0) {
    auto loop = scf::ForOp::create(b, indexOf(b, 0), indexOf(b, full), indexOf(b, steps), sums);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> carried(loop.getRegionIterArgs());
    if (prefetch)
      prefetch(loop.getInductionVar(), steps);
    for (int64_t u = 0; u < steps; ++u)
      carried = step(carried, u % chains, offsetBy(b, loop.getInductionVar(), u), rhs, rhsBase, panelStride, lhs);
    scf::YieldOp::create(b, carried);
    sums.assign(loop.result_begin(), loop.result_end());
  }
  for (int64_t k = full; k < depth; ++k)
    sums = step(sums, k % chains, indexOf(b, k), rhs, rhsBase, panelStride, lhs);
  return sums;
}

SmallVector<Value> RegisterTile::finish(SmallVector<Value> sums) {
  size_t one = rows * panels;
  for (int64_t width = chains; width > 1; width /= 2) // a tree, the same for every division of the work
    for (size_t i = 0; i < one * width / 2; ++i)
      sums[i] = arith::AddFOp::create(b, sums[i], sums[i + one * width / 2]);
  sums.resize(one);
  return sums;
}

void RegisterTile::prefetch(KernelContext &context, ArrayRef<SmallVector<Value>> rowIndices, Value column) {
  for (ArrayRef<Value> indices : rowIndices)
    for (int64_t j = 0; j < panels; ++j) {
      SmallVector<Value> at(indices);
      at.push_back(offsetBy(b, column, j * kPanel));
      for (Value output : context.outputs)
        memref::PrefetchOp::create(b, output, at, /*isWrite=*/true, /*localityHint=*/3, /*isDataCache=*/true);
    }
}

void RegisterTile::store(KernelContext &context, Value anchorResult, ArrayRef<Value> sums, ArrayRef<SmallVector<Value>> rowIndices, Value column) {
  BodyEmitter body(b, context);
  bool single = cast<RankedTensorType>(anchorResult.getType()).getShape().back() == 1; // a last dim of 1 broadcasts, so it is computed as a scalar
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t j = 0; j < panels; ++j) {
      SmallVector<Value> indices(rowIndices[r]);
      indices.push_back(offsetBy(b, column, j * kPanel));
      int64_t lanes = vectorOf(j).getNumElements(), rest = columns - j * kPanel;
      if (single) {
        body.bind(anchorResult, vector::ExtractOp::create(b, sums[r], 0));
        body.emitAndStore(indices, 1);
        continue;
      }
      body.bind(anchorResult, sums[r * panels + j]);
      body.emitAndStore(indices, lanes, rest < lanes ? indexOf(b, rest) : Value());
    }
}

//===-- Rows times panels --------------------------------------------------------------------------------------------------------------------===//

namespace {

/// Writes
///   for unit in [begin, end)                         (batch, column block, row block), row block fastest: a block of the rhs stays in the cache
///                                                    (with a prologue the column block is fastest, and the first one computes the lhs:
///     lhs[tileRows][depth] = body(...)               vectors along the depth, into a few rows on the stack)
///     sums[tileRows][panels] = 0
///     for k                                          the sums are loop-carried: they stay in registers
///       sums[r][j] += broadcast(lhs[row + r, k]) * rhs[panel + j, k, :]
///     out[row + r, column + 16 j ...] = body(sums[r][j], ...)
class RowsTimesPanelsEmitter {
public:
  RowsTimesPanelsEmitter(ImplicitLocOpBuilder &b, KernelContext &context, const RowsTimesPanels &product)
      : b(b), context(context), p(product), rows(llvm::product_of(p.rowDims)), rowBlocks(countTiles(rows, p.tileRows)),
        columnBlocks(countTiles(p.columns, p.tileColumns)) {
    // Rows that lie at one distance from each other need no division to be found.
    rowStride = 0;
    linear = true;
    int64_t extent = 1;
    for (int64_t i = p.rowDims.size() - 1; i >= 0; --i) {
      if (p.rowDims[i] == 1)
        continue;
      if (extent == 1)
        rowStride = p.rowStrides[i];
      linear &= p.rowStrides[i] == rowStride * extent;
      extent *= p.rowDims[i];
    }
    // Tiles that never cross the innermost row dim share the outer coordinates.
    auto inner = llvm::find_if(llvm::reverse(p.rowDims), [](int64_t size) { return size != 1; });
    innerDim = inner == p.rowDims.rend() ? p.rowDims.size() - 1 : std::distance(inner, p.rowDims.rend()) - 1;
    aligned = p.rowDims[innerDim] == rows || p.rowDims[innerDim] % p.tileRows == 0;
  }

  void emit() {
    if (!p.lhsBuffer) {
      auto type = MemRefType::get({p.tileRows * prologueRowStride(p.depth)}, b.getF32Type());
      scratch = memref::AllocaOp::create(b, type, b.getI64IntegerAttr(kCacheLine));
    }
    auto loop = scf::ForOp::create(b, context.begin, context.end, indexOf(b, 1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    SmallVector<int64_t> sizes(p.batchDims);
    sizes.append({scratch ? rowBlocks : columnBlocks, scratch ? columnBlocks : rowBlocks});
    SmallVector<Value> position = decode(b, loop.getInductionVar(), sizes);
    Value rowBlock = position.pop_back_val(), columnBlock = position.pop_back_val();
    if (scratch) {
      std::swap(rowBlock, columnBlock);
      Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, loop.getInductionVar(), context.begin);
      Value startsRow = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, columnBlock, indexOf(b, 0));
      newRows = arith::OrIOp::create(b, isFirst, startsRow);
    }
    emitByTile(b, columnBlock, columnBlocks, p.columns % p.tileColumns != 0, [&](bool lastColumns) {
      emitByTile(b, rowBlock, rowBlocks, rows % p.tileRows != 0, [&](bool lastRows) {
        emitTile(position, rowBlock, columnBlock, lastRows ? rows % p.tileRows : p.tileRows, lastColumns ? p.columns % p.tileColumns : p.tileColumns);
      });
    });
  }

private:
  void emitTile(ArrayRef<Value> batch, Value rowBlock, Value columnBlock, int64_t tileRows, int64_t tileColumns) {
    Value row = scaleIndex(b, rowBlock, p.tileRows), column = scaleIndex(b, columnBlock, p.tileColumns);
    SmallVector<SmallVector<Value>> coordinates = locateRows(batch, row, tileRows);
    int64_t panelStride = p.depth * kPanel;
    Value rhsBase = scaleIndex(b, columnBlock, p.tileColumns / kPanel * panelStride);
    for (auto [i, coordinate] : llvm::enumerate(batch))
      rhsBase = addIndex(b, rhsBase, scaleIndex(b, coordinate, p.rhsBatchStrides[i]));

    RegisterTile tile(b, tileRows, tileColumns, p.unroll);
    if (p.depth >= kPrefetchDepth)
      tile.prefetch(context, coordinates, column);
    SmallVector<Value> bases;
    if (p.lhsBuffer)
      bases = startRows(batch, row, coordinates);
    else
      makeIf(b, newRows, [&] { emitPrologue(coordinates); });
    auto left = [&](int64_t r, Value k) -> Value {
      if (p.lhsBuffer)
        return memref::LoadOp::create(b, p.lhsBuffer, addIndex(b, bases[r], scaleIndex(b, k, p.depthStride)));
      return memref::LoadOp::create(b, scratch, offsetBy(b, k, r * prologueRowStride(p.depth)));
    };
    // The rows of the next tile are one piece of memory, of which each step fetches its share: hardware loses track where a row ends.
    bool ahead = p.lhsBuffer && linear && rowStride == p.depth && p.depthStride == 1 && rowBlocks > 1;
    auto prefetch = [&](Value k, int64_t steps) {
      Value next = ahead ? offsetBy(b, addIndex(b, bases[0], scaleIndex(b, k, tileRows)), tileRows * rowStride) : Value();
      for (int64_t i = 0; ahead && i < tileRows * steps; i += kCacheLine / sizeof(float))
        memref::PrefetchOp::create(b, p.lhsBuffer, offsetBy(b, next, i), /*isWrite=*/false, /*localityHint=*/3, /*isDataCache=*/true);
    };
    SmallVector<Value> sums = tile.reduce(tile.start(), p.depth, p.rhsBuffer, rhsBase, panelStride, left, prefetch);
    tile.store(context, p.anchorResult, tile.finish(sums), coordinates, column);
  }

  /// Computes the lhs rows of a tile into `scratch`.
  void emitPrologue(ArrayRef<SmallVector<Value>> coordinates) {
    auto columnsAt = [&](Value k, int64_t lanes, Value active) {
      for (auto [r, own] : llvm::enumerate(coordinates)) {
        SmallVector<Value> indices(own);
        indices.push_back(k);
        Value computed = BodyEmitter(b, context).emit(p.lhsValue, indices, lanes, active);
        vector::StoreOp::create(b, computed, scratch, offsetBy(b, k, r * prologueRowStride(p.depth)));
      }
    };
    int64_t rest = p.depth % kPanel, full = p.depth - rest;
    if (full > 0)
      makeLoop(b, indexOf(b, 0), indexOf(b, full), kPanel, {}, [&](Value k, ValueRange) {
        columnsAt(k, kPanel, Value());
        return SmallVector<Value>();
      });
    if (rest > 0)
      columnsAt(indexOf(b, full), kPanel, indexOf(b, rest));
  }

  /// All coordinates but the column of each row of a tile.
  SmallVector<SmallVector<Value>> locateRows(ArrayRef<Value> batch, Value row, int64_t tileRows) {
    SmallVector<SmallVector<Value>> located;
    for (int64_t r = 0; r < tileRows; ++r) {
      SmallVector<Value> own;
      if (aligned && r > 0) {
        own = located.front();
        Value &inner = own[batch.size() + innerDim];
        inner = offsetBy(b, inner, r);
      } else {
        own.append(batch.begin(), batch.end());
        own.append(decode(b, offsetBy(b, row, r), p.rowDims));
      }
      located.push_back(own);
    }
    return located;
  }

  /// Where each row of a tile starts in the lhs.
  SmallVector<Value> startRows(ArrayRef<Value> batch, Value row, ArrayRef<SmallVector<Value>> coordinates) {
    Value base = indexOf(b, 0);
    for (auto [i, coordinate] : llvm::enumerate(batch))
      base = addIndex(b, base, scaleIndex(b, coordinate, p.batchStrides[i]));
    SmallVector<Value> starts;
    for (auto [r, own] : llvm::enumerate(coordinates)) {
      if (linear) {
        starts.push_back(offsetBy(b, addIndex(b, base, scaleIndex(b, row, rowStride)), r * rowStride));
      } else if (aligned && r > 0) {
        starts.push_back(offsetBy(b, starts.front(), r * p.rowStrides[innerDim]));
      } else {
        Value start = base;
        for (auto [coordinate, stride] : llvm::zip_equal(ArrayRef(own).drop_front(batch.size()), p.rowStrides))
          start = addIndex(b, start, scaleIndex(b, coordinate, stride));
        starts.push_back(start);
      }
    }
    return starts;
  }

  ImplicitLocOpBuilder &b;
  KernelContext &context;
  const RowsTimesPanels &p;
  Value scratch; ///< the lhs rows of a tile, when the body computes them: once for all its column blocks
  Value newRows; ///< whether the unit is the first one of these rows
  int64_t rows, rowBlocks, columnBlocks, rowStride, innerDim;
  bool linear, aligned;
};

} // namespace

void emitRowsTimesPanels(ImplicitLocOpBuilder &b, KernelContext &context, const RowsTimesPanels &product) {
  RowsTimesPanelsEmitter(b, context, product).emit();
}

} // namespace ingot
