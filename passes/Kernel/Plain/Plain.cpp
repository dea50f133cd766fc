// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Plain.h"

#include "passes/Kernel/Plain/PlainBlocks.h"
#include "passes/Kernel/Plain/PlainEmitter.h"
#include "passes/Kernel/Plain/PlainSparse.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ingot {
namespace {

/// Units of a region whose number of pieces depends on symbols: enough to be shared evenly by many threads.
constexpr int64_t kSymbolicUnits = 256;

Dims shapeOf(Value tensor) { return PlainEmitter::shapeOf(tensor); }

/// The operation that the region's loops are written for: the one that is not elementwise, or a pack; null when all are elementwise.
Operation *findAnchor(RegionOp region) {
  for (Operation &op : region.getBody().front().without_terminator())
    if (auto member = dyn_cast<RegionFormationInterface>(op);
        isa<PackOp>(op) || (member && member.getAnchor() != Anchor::Constant && !member.isEpilogue()))
      return &op;
  return nullptr;
}

/// Whether the number of elements is a result too: it is there also when there are none.
bool isCounted(Operation *anchor) { return isa<NonZeroOp, UniqueOp, NonMaxSuppressionOp>(anchor); }

/// The dims of the region's units (see `leadingUnits`), by operation.
Dims unitsOf(RegionOp region) {
  Operation *anchor = findAnchor(region);
  if (!anchor)
    return leadingUnits(shapeOf(region.getYielded().front()));
  Dims result = shapeOf(anchor->getResult(0));
  int64_t rank = result.size();
  return TypeSwitch<Operation *, Dims>(anchor)
      .Case([&](ReshapeOp) -> Dims { return {productOf(result, region.getContext())}; })
      .Case([&](ConcatOp op) { return leadingUnits(result, op.getAxis()); })
      .Case<PadOp, MatMulOp, PackedMatMulOp, BlockMatMulOp, SparseMatMulOp, PairMatMulOp, ConvTransposeOp>(
          [&](auto) { return leadingUnits(result, rank - 1); })
      .Case([&](ConvOp op) {
        Dims shape = result;
        if (op.getLayout() == Layout::ChannelsFirst)
          shape[1] = shape[1].floorDiv(convChannelBlock(op));
        return leadingUnits(shape, rank - 1);
      })
      .Case([&](NormOp op) { return leadingUnits(dropDims(result, op.getAxes())); })
      .Case<CumulativeOp, TopKOp>([&](auto op) { return leadingUnits(dropDims(result, {static_cast<int64_t>(op.getAxis())})); })
      .Case([&](GatherOp op) { return leadingUnits(result, gathersRows(op) ? rank - 1 : rank); })
      .Case<ScatterElementsOp, ScatterNdOp, DimsOp, NonZeroOp, UniqueOp, NonMaxSuppressionOp, SparsePlacesOp, SparseBlocksOp>(
          [&](auto) { return Dims(); })
      .Case([&](RecurrentOp op) -> Dims {
        if (plainScratchBytes(region) != 0)
          return {}; // the sequences take turns with the one scratch buffer
        return {shapeOf(op.getX())[1]};
      })
      .Default([&](Operation *) { return leadingUnits(result); });
}

/// Whether an element of every yielded tensor is a function of the same element of the anchor.
LogicalResult checkEpilogue(RegionOp region, Operation *anchor) {
  if (anchor->getNumResults() > 1) {
    if (isCounted(anchor) && !llvm::all_of(anchor->getResults(), [&](Value result) { return llvm::is_contained(region.getYielded(), result); }))
      return region.emitOpError("does not yield all results of '") << anchor->getName() << "', which works in them";
    for (Value yielded : region.getYielded())
      if (yielded.getDefiningOp() != anchor)
        return region.emitOpError("has an epilogue after '") << anchor->getName() << "', which has several results";
    return success();
  }
  if (isa<ScatterElementsOp, ScatterNdOp>(anchor) && (region.getOutputs().size() != 1 || region.getYielded().front() != anchor->getResult(0)))
    return region.emitOpError("has an epilogue after '") << anchor->getName() << "', which reads its result again";
  for (Value yielded : region.getYielded())
    if (shapeOf(yielded) != shapeOf(anchor->getResult(0)))
      return region.emitOpError("yields ") << yielded.getType() << " from '" << anchor->getName() << "' of type " << anchor->getResult(0).getType();
  return success();
}

LogicalResult check(RegionOp region, Operation *anchor) {
  for (Operation &op : region.getBody().front()) {
    auto member = dyn_cast<RegionFormationInterface>(op);
    if (member && &op != anchor && member.getAnchor() != Anchor::Constant && (!member.isEpilogue() || isa<PackOp>(op)))
      return region.emitOpError("holds '") << op.getName() << "' beside '" << anchor->getName() << "': the family plain writes loops for one of them";
  }
  if (anchor)
    return checkEpilogue(region, anchor);
  for (Value yielded : region.getYielded())
    if (shapeOf(yielded) != shapeOf(region.getYielded().front()))
      return region.emitOpError("yields elementwise results of different shapes");
  return success();
}

} // namespace

int64_t plainUnits(RegionOp region) {
  std::optional<int64_t> units = getConstant(productOf(unitsOf(region), region.getContext()));
  return units ? std::max<int64_t>(*units, 1) : kSymbolicUnits;
}

int64_t plainScratchBytes(RegionOp region) {
  Operation *anchor = findAnchor(region);
  if (auto suppression = dyn_cast_or_null<NonMaxSuppressionOp>(anchor))
    return suppressionScratchBytes(region, suppression);
  if (auto recurrent = dyn_cast_or_null<RecurrentOp>(anchor))
    if (int64_t bytes = recurrentScratchBytes(recurrent); bytes > kMaxStackBytes)
      return bytes;
  return 0;
}

LogicalResult emitPlain(ImplicitLocOpBuilder &b, KernelContext &context) {
  RegionOp region = context.region;
  Operation *anchor = findAnchor(region);
  if (failed(check(region, anchor)))
    return failure();
  PlainEmitter e(b, context, anchor, unitsOf(region));
  if (!anchor) {
    if (!isEmpty(region.getYielded().front()))
      e.forElements(shapeOf(region.getYielded().front()), [&](ValueRange indices) { e.writeBody(indices); });
    return success();
  }
  if (!isa<RecurrentOp>(anchor) && !isCounted(anchor) && isEmpty(anchor->getResult(0)))
    return success();
  return TypeSwitch<Operation *, LogicalResult>(anchor)
      .Case<ResizeOp, RecurrentOp>([&](auto op) {
        if (failed(checkPlain(op)))
          return failure();
        emitPlainOp(e, op);
        return success();
      })
      .Case<ReshapeOp, TransposeOp, SliceOp, DimsOp, ConcatOp, PadOp, PackOp, PackBlocksOp, UnpackBitsOp, MatMulOp, PackedMatMulOp, BlockMatMulOp,
            ConvOp, ConvTransposeOp, PoolOp, MaxPoolIndicesOp, ReduceOp, ArgReduceOp, NormOp, CumulativeOp, TopKOp, GatherOp, GatherElementsOp,
            GatherNdOp, ScatterElementsOp, ScatterNdOp, NonZeroOp, UniqueOp, NonMaxSuppressionOp, SparsePlacesOp, SparseBlocksOp, SparseMatMulOp,
            PairPlacesOp, PairValuesOp, PairMatMulOp>([&](auto op) {
        emitPlainOp(e, op);
        return success();
      })
      .Default([&](Operation *op) { return region.emitOpError("holds '") << op->getName() << "', for which the family plain has no loops"; });
}

} // namespace ingot
