// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/BodyCost.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "passes/Region/VectorCost.h"

using namespace mlir;

namespace ingot {
namespace {

constexpr int64_t kMostUnits = 4096; ///< enough for an even share on any number of threads

} // namespace

double bodyCycles(RegionOp region, int64_t lanes, int64_t symbol) {
  double cycles = 0;
  for (Operation &op : region.getBody().front().without_terminator())
    if (op.getNumResults() == 1 && !isa<ConstantOp>(op))
      cycles += vectorCycles(&op) * estimateElements(op.getResult(0).getType(), symbol) / lanes;
  for (BlockArgument argument : region.getBody().getArguments())
    cycles += 2.0 * estimateElements(argument.getType(), symbol) / lanes;
  for (Value yielded : region.getYielded())
    cycles += 2.0 * estimateElements(yielded.getType(), symbol) / lanes;
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

double epilogueCycles(RegionOp region, const ProductStep &step) {
  double cycles = 0;
  for (Operation &op : region.getBody().front().without_terminator())
    if (step.multipliesBytes() && !isa<ConstantOp>(op) && &op != region.getAnchorOp())
      cycles += vectorCycles(&op);
  return cycles;
}

int64_t lanesOf(RegionOp region, const MachineModel &machine) {
  bool wide =
      llvm::any_of(region.getYielded(), [](Value yielded) { return cast<RankedTensorType>(yielded.getType()).getElementTypeBitWidth() == 64; });
  return (wide ? 8 : 16) / machine.registersPerVector();
}

int64_t estimateElements(Type type, int64_t symbol) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || tensor.hasStaticShape())
    return countElements(type);
  int64_t count = 1;
  for (AffineExpr dim : getDims(tensor))
    count *= estimateDim(dim, symbol);
  return count;
}

AffineExpr SharedModel::units(ArrayRef<int64_t>) const {
  std::optional<int64_t> number = getConstant(pieces);
  return number ? getAffineConstantExpr(std::clamp<int64_t>(*number, 1, kMostUnits), pieces.getContext()) : pieces;
}

} // namespace ingot
