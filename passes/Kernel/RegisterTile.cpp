// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/RegisterTile.h"

#include "passes/Kernel/Elementwise/EmitElementwise.h"
#include "passes/Kernel/Product/FirstBlockFetch.h"
#include "passes/Kernel/Product/GuestFetch.h"
#include "passes/Kernel/Product/WeightFetch.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot {

FlatBuffer::FlatBuffer(ImplicitLocOpBuilder &b, KernelContext &context, Value argument) {
  unsigned number = cast<BlockArgument>(argument).getArgNumber();
  Value buffer = context.inputs[number];
  auto type = cast<MemRefType>(buffer.getType());
  strides = context.region.getBufferStrides(number);
  AffineExpr size = b.getAffineConstantExpr(1);
  for (auto [stride, extent] : llvm::zip_equal(strides, getDims(cast<RankedTensorType>(argument.getType()))))
    size = size + stride * (extent - 1);
  int64_t offset = 0;
  if (!context.region.isSymbolicBuffer(number))
    offset = type.getStridesAndOffset().second; // static: the plan stage made it
  std::optional<int64_t> known = getConstant(simplifyDim(size));
  auto flat = MemRefType::get({known.value_or(ShapedType::kDynamic)}, type.getElementType(), StridedLayoutAttr::get(b.getContext(), offset, {1}),
                              type.getMemorySpace());
  OpFoldResult extent = known ? OpFoldResult(b.getIndexAttr(*known)) : OpFoldResult(SymbolicIndex(b, context).of(size));
  memref = memref::ReinterpretCastOp::create(b, flat, buffer, b.getIndexAttr(offset), {extent}, {b.getIndexAttr(1)});
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

/// A reduction of fewer steps is over before a line has come.
static constexpr int64_t kPrefetchDepth = 64;

/// A zero that LLVM does not know: what is loaded from an index plus this is loaded on its own.
static Value hideZero(ImplicitLocOpBuilder &b) {
  Type word = b.getI64Type();
  Value zero = arith::ConstantOp::create(b, b.getI64IntegerAttr(0));
  Value hidden = LLVM::InlineAsmOp::create(b, word, zero, /*asm_string=*/"", /*constraints=*/"=r,0", /*has_side_effects=*/false,
                                           /*is_align_stack=*/false, LLVM::TailCallKind::None, LLVM::AsmDialectAttr(), ArrayAttr())
                     .getResult(0);
  return arith::IndexCastOp::create(b, b.getIndexType(), hidden);
}

RegisterTile::RegisterTile(ImplicitLocOpBuilder &b, SymbolicIndex &index, int64_t rows, const TilePiece &columns, int64_t unroll, ProductStep product)
    : b(b), index(index), rows(rows), columns(columns.size), panels(countTiles(columns.size, kPanel)), unroll(unroll), chains(1), product(product),
      active(columns.active) {
  if (loadsTwice())
    again = hideZero(b);
  int64_t wholePanels = columns.whole ? countTiles(columns.whole, kPanel) : panels;
  while (rows * wholePanels * chains < kSumsInFlight && chains * 2 <= unroll)
    chains *= 2;
}

VectorType RegisterTile::vectorOf(int64_t panel) const {
  return VectorType::get({panel == panels - 1 ? lanesOfLastVector(columns) : kPanel}, product.getSumType(b.getContext()));
}

SmallVector<Value> RegisterTile::start() {
  SmallVector<Value> sums;
  for (int64_t i = 0; i < chains * rows; ++i)
    for (int64_t j = 0; j < panels; ++j)
      sums.push_back(arith::ConstantOp::create(b, b.getZeroAttr(vectorOf(j))));
  return sums;
}

SmallVector<Value> RegisterTile::step(ValueRange sums, int64_t chain, Value k, int64_t present, Value rhs, Value rhsBase, AffineExpr panelStride,
                                      LeftSide lhs) {
  SmallVector<Value> next(sums), right;
  Value offset = addIndex(b, rhsBase, scaleIndex(b, k, kPanel));
  for (int64_t j = 0; j < panels; ++j)
    right.push_back(product.loadRight(b, rhs, index.offset(offset, simplifyDim(panelStride * j)), vectorOf(j).getNumElements()));
  for (int64_t r = 0; r < rows; ++r) {
    Value left = lhs(r, k, present), leftOfLast = again ? lhs(r, addIndex(b, k, again), present) : left;
    for (int64_t j = 0; j < panels; ++j) {
      Value &sum = next[(chain * rows + r) * panels + j];
      sum = product.multiplyAdd(b, j == panels - 1 ? leftOfLast : left, right[j], sum);
    }
  }
  return next;
}

SmallVector<Value> RegisterTile::reduce(SmallVector<Value> sums, AffineExpr depth, Value rhs, Value rhsBase, AffineExpr panelStride, LeftSide lhs,
                                        llvm::function_ref<void(Value k, int64_t depth)> prefetch) {
  int64_t group = product.getGroup(), count = std::max(unroll, chains), steps = count * group;
  auto unrolled = [&](Value k, ValueRange carried) {
    SmallVector<Value> next(carried);
    if (prefetch)
      prefetch(k, steps);
    for (int64_t u = 0; u < count; ++u)
      next = step(next, u % chains, offsetBy(b, k, u * group), group, rhs, rhsBase, panelStride, lhs);
    return next;
  };
  if (std::optional<int64_t> number = getConstant(depth)) {
    int64_t full = *number - *number % steps;
    if (full == steps) // one iteration
      full = 0;
    if (full != 0)
      sums = makeLoop(b, indexOf(b, 0), indexOf(b, full), steps, sums, unrolled);
    for (int64_t k = full; k < *number; k += group)
      sums = step(sums, k / group % chains, indexOf(b, k), std::min(group, *number - k), rhs, rhsBase, panelStride, lhs);
    return sums;
  }
  AffineExpr full = simplifyDim(depth.floorDiv(steps) * steps);
  sums = makeLoop(b, indexOf(b, 0), index.of(full), steps, sums, unrolled);
  if (full == depth)
    return sums;
  return makeLoop(b, index.of(full), index.of(depth), 1, sums, [&](Value k, ValueRange carried) { //
    return step(carried, 0, k, group, rhs, rhsBase, panelStride, lhs);
  });
}

SmallVector<Value> RegisterTile::reduceTo(Value end, SmallVector<Value> sums, Value rhs, Value rhsBase, AffineExpr panelStride, LeftSide lhs) {
  int64_t group = product.getGroup();
  return makeLoop(b, indexOf(b, 0), end, getSteps(), sums, [&](Value k, ValueRange carried) {
    SmallVector<Value> next(carried);
    for (int64_t u = 0; u * group < getSteps(); ++u)
      next = step(next, u % chains, offsetBy(b, k, u * group), group, rhs, rhsBase, panelStride, lhs);
    return next;
  });
}

SmallVector<Value> RegisterTile::finish(SmallVector<Value> sums) {
  size_t one = rows * panels;
  for (int64_t width = chains; width > 1; width /= 2) // a tree, the same for every division of the work
    for (size_t i = 0; i < one * width / 2; ++i)
      sums[i] = ElementMath(b, sums[i].getType()).add(sums[i], sums[i + one * width / 2]);
  sums.resize(one);
  return sums;
}

void RegisterTile::prefetch(KernelContext &context, int64_t products, ArrayRef<SmallVector<Value>> rowIndices, Value column) {
  for (ArrayRef<Value> indices : rowIndices)
    for (Value output : context.outputs) {
      int64_t lineElements = kCacheLine / llvm::divideCeil(cast<MemRefType>(output.getType()).getElementTypeBitWidth(), 8);
      for (int64_t j = 0; j < panels / products * kPanel; j += std::max(lineElements, kPanel)) {
        SmallVector<Value> at(indices);
        at.push_back(offsetBy(b, column, j));
        memref::PrefetchOp::create(b, output, at, /*isWrite=*/true, /*localityHint=*/3, /*isDataCache=*/true);
      }
    }
}

void RegisterTile::store(KernelContext &context, ArrayRef<Value> products, ArrayRef<Value> sums, ArrayRef<SmallVector<Value>> rowIndices,
                         Value column) {
  BodyEmitter body(b, context);
  auto count = static_cast<int64_t>(products.size());
  bool single =
      cast<RankedTensorType>(products.front().getType()).getShape().back() == 1; // a last dim of 1 broadcasts, so it is computed as a scalar
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t j = 0; j < panels; j += count) {
      SmallVector<Value> indices(rowIndices[r]);
      indices.push_back(offsetBy(b, column, j / count * kPanel));
      int64_t lanes = vectorOf(j).getNumElements(), rest = columns - j * kPanel;
      if (single) {
        body.bind(products.front(), vector::ExtractOp::create(b, sums[r], 0));
        body.emitAndStore(indices, 1);
        continue;
      }
      for (int64_t i = 0; i < count; ++i)
        body.bind(products[i], sums[r * panels + j + i]);
      body.emitAndStore(indices, lanes, active && j == panels - 1 ? active : rest < lanes ? indexOf(b, rest) : Value());
    }
}

//===-- Rows times panels --------------------------------------------------------------------------------------------------------------------===//

namespace {

/// Writes
///   for unit in [begin, end)                         (column block, row block), row block fastest: a block of the rhs stays in the cache (walkTiles;
///                                                    with batches: batch first; with a prologue the column block is fastest, and the first one
///                                                    computes the lhs:
///     lhs[tileRows][depth] = body(...)               vectors along the depth, into a few rows on the stack)
///     sums[tileRows][panels] = 0
///     for k                                          the sums are loop-carried: they stay in registers
///       sums[r][j] += broadcast(lhs[row + r, k]) * rhs[panel + j, k, :]
///     out[row + r, column + 16 j ...] = body(sums[r][j], ...)       with two products: body(sums[r][2 j], sums[r][2 j + 1], ...)
class RowsTimesPanelsEmitter {
public:
  RowsTimesPanelsEmitter(ImplicitLocOpBuilder &b, KernelContext &context, RowsTimesPanels product)
      : b(b), context(context), index(b, context), p(std::move(product)) {
    auto inner = llvm::find_if_not(llvm::reverse(p.rowDims), isOne);
    innerDim = inner == p.rowDims.rend() ? p.rowDims.size() - 1 : std::distance(inner, p.rowDims.rend()) - 1;
    // Rows that lie at one distance from each other need no division to be found.
    rowStride = isOne(p.rowDims[innerDim]) ? b.getAffineConstantExpr(0) : p.rowStrides[innerDim];
    linear = liesInRow(p.rowDims, p.rowStrides);
    rows = b.getAffineConstantExpr(1);
    for (AffineExpr dim : p.rowDims)
      rows = simplifyDim(rows * dim);
    if (!getConstant(rows) && linear && rowsAreOneDim()) {
      llvm::fill(p.rowDims, b.getAffineConstantExpr(1));
      p.rowDims[innerDim] = rows;
    }
    rowBlocks = countTiles(rows, p.tileRows);
    columnBlocks = countTiles(p.columns, p.tileColumns);
    // Tiles that never cross the innermost row dim share the outer coordinates.
    aligned = p.rowDims[innerDim] == rows || getConstant(simplifyDim(p.rowDims[innerDim] % p.tileRows)) == 0;
  }

  void emit() {
    if (!p.lhsBuffer) {
      scratchStride = prologueRowStride(*getConstant(p.depth));
      auto type = MemRefType::get({p.tileRows * scratchStride}, getStorageType(cast<RankedTensorType>(p.lhsValue.getType()).getElementType()));
      scratch = memref::AllocaOp::create(b, type, b.getI64IntegerAttr(kCacheLine));
    }
    AffineExpr units = rowBlocks * columnBlocks;
    for (AffineExpr dim : p.batchDims)
      units = simplifyDim(units * dim);
    auto [begin, end] = shareOf(b, context, simplifyDim(units * p.parts));
    if (std::optional<int64_t> tiles = getConstant(units); tiles && p.batchDims.empty())
      guest = GuestFetch::of(b, context, *tiles);
    if (p.batchDims.empty() && !scratch) {
      double depth = estimateDim(p.depth), columns = estimateDim(p.columns), rowElements = estimateDim(rows) * (depth + columns);
      TileOrder order = TileOrder::choose(rowBlocks, columnBlocks, rowElements, columns * depth);
      inBands = order.inBands;
      order.chooseAtRun(b, index, simplifyDim(rows * (p.depth + p.columns)), simplifyDim(p.columns * p.depth));
      lastColumn = order.pick(
          b, [&] { return index.of(simplifyDim(columnBlocks - 1)); },
          [&] { return b.createOrFold<arith::DivUIOp>(offsetBy(b, end, -1), index.of(rowBlocks)); });
      if (p.parts == 1)
        firstBlock = FirstBlockFetch::of(b, context, index, order, begin, end, rows, getConstant(p.depth).value_or(0), p.unroll);
      walkTiles(
          b, context, index, order, p.parts, begin, end, [&](Value rowBlock, Value columnBlock) { emitUnit({}, rowBlock, columnBlock); },
          [&](Value rowBlock, Value columnBlock, Value number) {
            // In columns of one result; a part has a panel of each.
            auto products = static_cast<int64_t>(p.results.size());
            emitPart(b, index, columnBlock, number, simplifyDim(p.columns.floorDiv(products)), p.tileColumns / products, [&](TilePiece ownColumns) {
              ownColumns.size *= products;
              ownColumns.whole *= products;
              if (ownColumns.offset)
                ownColumns.offset = scaleIndex(b, ownColumns.offset, products);
              emitEvenly(b, index, rowBlock, rows, p.tileRows,
                         [&](const TilePiece &ownRows) { emitTile({}, rowBlock, ownRows, columnBlock, ownColumns); });
            });
          });
      return;
    }
    std::tie(begin, end) = partOfShare(b, context, begin, end);
    auto loop = scf::ForOp::create(b, begin, end, indexOf(b, 1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Dims sizes(p.batchDims);
    sizes.append({scratch ? rowBlocks : columnBlocks, scratch ? columnBlocks : rowBlocks});
    SmallVector<Value> position = index.decode(loop.getInductionVar(), sizes);
    Value rowBlock = position.pop_back_val(), columnBlock = position.pop_back_val();
    if (scratch) {
      std::swap(rowBlock, columnBlock);
      Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, loop.getInductionVar(), begin);
      Value startsRow = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, columnBlock, indexOf(b, 0));
      newRows = arith::OrIOp::create(b, isFirst, startsRow);
    }
    emitUnit(position, rowBlock, columnBlock);
  }

private:
  void emitUnit(ArrayRef<Value> batch, Value rowBlock, Value columnBlock) {
    emitByPanels(b, index, columnBlock, p.columns, p.tileColumns, [&](const TilePiece &ownColumns) {
      auto byRows = scratch ? emitByTile : emitEvenly;                             // rows of a prologue have a place in their tile
      byRows(b, index, rowBlock, rows, p.tileRows, [&](const TilePiece &ownRows) { //
        emitTile(batch, rowBlock, ownRows, columnBlock, ownColumns);
      });
    });
  }

  /// Whether dims of these sizes and strides are one dim.
  static bool liesInRow(ArrayRef<AffineExpr> sizes, ArrayRef<AffineExpr> strides) {
    AffineExpr next; // the stride that the next dim has to have
    for (auto [size, stride] : llvm::reverse(llvm::zip_equal(sizes, strides))) {
      if (isOne(size))
        continue;
      if (next && simplifyDim(stride) != next)
        return false;
      next = simplifyDim(stride * size);
    }
    return true;
  }

  /// Whether the body's operands and results have all rows at one distance from each other, or one for all rows.
  bool rowsAreOneDim() {
    RegionOp region = context.region;
    SmallVector<Value> tensors(region.getBody().getArguments());
    llvm::append_range(tensors, region.getYielded());
    size_t rank = p.batchDims.size() + p.rowDims.size() + 1;
    for (auto [number, tensor] : llvm::enumerate(tensors)) {
      if (tensor == p.rhsValue || tensor.use_empty()) // what is only fetched says nothing about rows
        continue;
      Dims dims = getDims(cast<RankedTensorType>(tensor.getType())), strides(region.getBufferStrides(number));
      dims.insert(dims.begin(), rank - dims.size(), b.getAffineConstantExpr(1));
      strides.insert(strides.begin(), rank - strides.size(), b.getAffineConstantExpr(0));
      auto own = ArrayRef(dims).slice(p.batchDims.size(), p.rowDims.size());
      bool isRows = own == ArrayRef(p.rowDims) && liesInRow(own, ArrayRef(strides).slice(p.batchDims.size(), own.size()));
      if (!isRows && !llvm::all_of(own, isOne))
        return false;
    }
    return true;
  }

  void emitTile(ArrayRef<Value> batch, Value rowBlock, const TilePiece &ownRows, Value columnBlock, const TilePiece &ownColumns) {
    int64_t tileRows = ownRows.size;
    auto products = static_cast<int64_t>(p.results.size());
    Value row = ownRows.start(b, rowBlock, p.tileRows), column = ownColumns.start(b, columnBlock, p.tileColumns);
    if (products > 1)
      column = b.createOrFold<arith::DivUIOp>(column, indexOf(b, products));
    SmallVector<SmallVector<Value>> coordinates = locateRows(batch, row, tileRows);
    AffineExpr columnStride = simplifyDim(p.depth.ceilDiv(p.step.getGroup()) * p.step.getGroup()), panelStride = simplifyDim(columnStride * kPanel);
    Value rhsBase = index.scale(columnBlock, simplifyDim(panelStride * (p.tileColumns / kPanel)));
    if (ownColumns.offset)
      rhsBase = addIndex(b, rhsBase, index.scale(ownColumns.offset, columnStride));
    for (auto [i, coordinate] : llvm::enumerate(batch))
      rhsBase = addIndex(b, rhsBase, index.scale(coordinate, p.rhsBatchStrides[i]));

    RegisterTile tile(b, index, tileRows, ownColumns, p.unroll, p.step);
    if (getConstant(p.depth).value_or(kPrefetchDepth) >= kPrefetchDepth)
      tile.prefetch(context, products, coordinates, column);
    SmallVector<Value> bases;
    if (p.lhsBuffer)
      bases = startRows(batch, row, coordinates);
    else
      makeIf(b, newRows, [&] { emitPrologue(coordinates, ownRows); });
    auto left = [&](int64_t r, Value k, int64_t present) -> Value {
      if (p.lhsBuffer)
        return p.step.loadLeft(b, p.lhsBuffer, addIndex(b, bases[r], index.scale(k, p.depthStride)), present);
      return p.step.loadLeft(b, scratch, inScratch(ownRows, r, k), present);
    };
    // The rows of the next tile are one piece of memory, of which each step fetches its share: hardware loses track where a row ends.
    bool ahead = p.lhsBuffer && linear && rowStride == p.depth && isOne(p.depthStride) && !isOne(rowBlocks) && !ownColumns.offset;
    int64_t lineElements = elementsOfLine(p.lhsValue);
    std::optional<WeightFetch> rhs = fetchRhs(rhsBase, rowBlock, columnBlock, ownColumns, panelStride);
    Value tileNumber;
    FirstBlockFetch::Part firstPart;
    if (firstBlock)
      firstPart = firstBlock->partOf(b, rowBlock, columnBlock);
    if (guest)
      tileNumber =
          inBands ? addIndex(b, index.scale(rowBlock, columnBlocks), columnBlock) : addIndex(b, index.scale(columnBlock, rowBlocks), rowBlock);
    auto prefetch = [&](Value k, int64_t depth) {
      Value next = ahead ? index.offset(addIndex(b, bases[0], scaleIndex(b, k, tileRows)), simplifyDim(rowStride * tileRows)) : Value();
      for (int64_t i = 0; ahead && i < tileRows * depth; i += lineElements)
        memref::PrefetchOp::create(b, p.lhsBuffer, offsetBy(b, next, i), /*isWrite=*/false, /*localityHint=*/3, /*isDataCache=*/true);
      if (rhs)
        rhs->emit(b, k, depth);
      if (firstBlock && depth == p.unroll)
        firstBlock->emit(b, firstPart, k);
      if (guest && !ownColumns.offset)
        guest->emit(b, tileNumber, k, depth, *getConstant(p.depth));
    };
    SmallVector<Value> sums = tile.reduce(tile.start(), p.depth, p.rhsBuffer, rhsBase, panelStride, left, prefetch);
    tile.store(context, p.results, tile.finish(sums), coordinates, column);
  }

  /// How weights are fetched while a tile is multiplied. With a prologue the rows stay, and the next block is used at once.
  std::optional<WeightFetch> fetchRhs(Value rhsBase, Value rowBlock, Value columnBlock, const TilePiece &ownColumns, AffineExpr panelStride) {
    LoadSchedule schedule = LoadSchedule::of(context.region);
    std::optional<int64_t> stride = getConstant(panelStride);
    if (schedule.isNone() || !stride || ownColumns.size != p.tileColumns)
      return std::nullopt;
    WeightFetch fetch{
        schedule, p.rhsBuffer, rhsBase, p.tileColumns / kPanel, *stride / kPanel, *stride, scratch || isOne(columnBlocks) ? Value() : rowBlock};
    if (lastColumn)
      fetch.isLast = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, columnBlock, lastColumn);
    return fetch;
  }

  static int64_t elementsOfLine(Value tensor) {
    return kCacheLine / llvm::divideCeil(cast<RankedTensorType>(tensor.getType()).getElementTypeBitWidth(), 8);
  }

  /// Computes the lhs rows of a tile into `scratch`.
  void emitPrologue(ArrayRef<SmallVector<Value>> coordinates, const TilePiece &ownRows) {
    auto columnsAt = [&](Value k, int64_t lanes, Value active) {
      for (auto [r, own] : llvm::enumerate(coordinates)) {
        SmallVector<Value> indices(own);
        indices.push_back(k);
        Value computed = BodyEmitter(b, context).emit(p.lhsValue, indices, lanes, active);
        vector::StoreOp::create(b, computed, scratch, inScratch(ownRows, r, k));
      }
    };
    int64_t depth = *getConstant(p.depth), rest = depth % kPanel, full = depth - rest;
    if (full > 0)
      makeLoop(b, indexOf(b, 0), indexOf(b, full), kPanel, {}, [&](Value k, ValueRange) {
        columnsAt(k, kPanel, Value());
        return SmallVector<Value>();
      });
    if (rest > 0)
      columnsAt(indexOf(b, full), kPanel, indexOf(b, rest));
  }

  /// Where step `k` of row `r` of a piece lies in `scratch`.
  Value inScratch(const TilePiece &ownRows, int64_t r, Value k) {
    Value at = offsetBy(b, k, r * scratchStride);
    return ownRows.offset ? addIndex(b, at, scaleIndex(b, ownRows.offset, scratchStride)) : at;
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
      } else if (!getConstant(rows) && r > 0) {
        own = nextRow(located.back(), batch.size());
      } else {
        own.append(batch.begin(), batch.end());
        own.append(index.decode(offsetBy(b, row, r), p.rowDims));
      }
      located.push_back(own);
    }
    return located;
  }

  /// The coordinates of the row after `row`: by counting, as dividing by a size that only a run tells is slow.
  SmallVector<Value> nextRow(SmallVector<Value> row, size_t batchDims) {
    Value zero = indexOf(b, 0), one = indexOf(b, 1), carry = one;
    size_t outermost = std::distance(p.rowDims.begin(), llvm::find_if_not(p.rowDims, isOne));
    for (size_t i = innerDim + 1; i-- > outermost;) {
      if (isOne(p.rowDims[i]))
        continue;
      Value &coordinate = row[batchDims + i];
      coordinate = arith::AddIOp::create(b, coordinate, carry);
      if (i == outermost)
        break;
      Value wraps = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, coordinate, index.of(p.rowDims[i]));
      coordinate = arith::SelectOp::create(b, wraps, zero, coordinate);
      carry = arith::SelectOp::create(b, wraps, one, zero);
    }
    return row;
  }

  /// Where each row of a tile starts in the lhs.
  SmallVector<Value> startRows(ArrayRef<Value> batch, Value row, ArrayRef<SmallVector<Value>> coordinates) {
    Value base = indexOf(b, 0);
    for (auto [i, coordinate] : llvm::enumerate(batch))
      base = addIndex(b, base, index.scale(coordinate, p.batchStrides[i]));
    SmallVector<Value> starts;
    for (auto [r, own] : llvm::enumerate(coordinates)) {
      if (linear) {
        starts.push_back(index.offset(addIndex(b, base, index.scale(row, rowStride)), simplifyDim(rowStride * r)));
      } else if (aligned && r > 0) {
        starts.push_back(index.offset(starts.front(), simplifyDim(p.rowStrides[innerDim] * r)));
      } else {
        Value start = base;
        for (auto [coordinate, stride] : llvm::zip_equal(ArrayRef(own).drop_front(batch.size()), p.rowStrides))
          start = addIndex(b, start, index.scale(coordinate, stride));
        starts.push_back(start);
      }
    }
    return starts;
  }

  ImplicitLocOpBuilder &b;
  KernelContext &context;
  SymbolicIndex index;
  RowsTimesPanels p;
  Value scratch; ///< the lhs rows of a tile, when the body computes them: once for all its column blocks
  Value newRows; ///< whether the unit is the first one of these rows
  int64_t scratchStride = 0;
  AffineExpr rows, rowBlocks, columnBlocks, rowStride;
  size_t innerDim;
  bool linear, aligned;
  bool inBands = true;             ///< as tiles are numbered
  std::optional<GuestFetch> guest; ///< what comes from memory for a later region
  std::optional<FirstBlockFetch> firstBlock;
  Value lastColumn; ///< of the call's share, if its tiles are walked by columns; else null
};

} // namespace

void emitRowsTimesPanels(ImplicitLocOpBuilder &b, KernelContext &context, RowsTimesPanels product) {
  RowsTimesPanelsEmitter(b, context, std::move(product)).emit();
}

} // namespace ingot
