// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/BodyCost.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "passes/Plan/TileCost.h"
#include "passes/Region/VectorCost.h"

using namespace mlir;

namespace ingot {
namespace {

constexpr int64_t kMaxUnits = 256; ///< enough for an even share on any number of threads

} // namespace

double bodyCycles(RegionOp region, int64_t lanes) {
  double cycles = 0;
  for (Operation &op : region.getBody().front().without_terminator())
    if (op.getNumResults() == 1 && !isa<ConstantOp>(op))
      cycles += vectorCycles(&op) * estimateElements(op.getResult(0).getType()) / lanes;
  for (BlockArgument argument : region.getBody().getArguments())
    cycles += 2.0 * estimateElements(argument.getType()) / lanes;
  for (Value yielded : region.getYielded())
    cycles += 2.0 * estimateElements(yielded.getType()) / lanes;
  return cycles;
}

double prologueCycles(Value lhs) {
  Operation *last = lhs.getDefiningOp();
  if (!last)
    return 0;
  llvm::SetVector<Operation *> prologue;
  BackwardSliceOptions inBody;
  inBody.omitBlockArguments = true;
  (void)getBackwardSlice(last, &prologue, inBody);
  double cycles = vectorCycles(last) + 1;
  for (Operation *op : prologue)
    cycles += isa<ConstantOp>(op) ? 0 : vectorCycles(op);
  return cycles;
}

int64_t lanesOf(RegionOp region, const MachineModel &machine) {
  bool wide =
      llvm::any_of(region.getYielded(), [](Value yielded) { return cast<RankedTensorType>(yielded.getType()).getElementTypeBitWidth() == 64; });
  return (wide ? 8 : 16) / machine.registersPerVector();
}

int64_t estimateElements(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || tensor.hasStaticShape())
    return countElements(type);
  int64_t count = 1;
  for (AffineExpr dim : getDims(tensor))
    count *= estimateDim(dim);
  return count;
}

PlanAttr makeSharedPlan(RegionOp region, Family family, ArrayRef<int64_t> tile, int64_t lanes, AffineExpr pieces, double cycles) {
  bool parallel = !isOne(pieces) && getConstant(pieces) != 0 && cycles > kParallelCycles;
  int64_t units = std::min(getConstant(pieces).value_or(kMaxUnits), kMaxUnits);
  return PlanAttr::get(region.getContext(), family, tile, /*unroll=*/1, lanes, parallel ? units : 1, parallel);
}

} // namespace ingot
