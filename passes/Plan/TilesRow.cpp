// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/EmitRow.h"
#include "passes/Kernel/RowWalk.h"
#include "passes/Plan/BodyCost.h"
#include "passes/Plan/Tiles.h"

using namespace mlir;

namespace ingot {

PlanAttr planRow(RegionOp region, const MachineModel &machine) {
  std::string why;
  FailureOr<RowSpace> space = matchRow(region, why);
  if (failed(space))
    return {};
  int64_t lanes = lanesOf(region, machine);
  if (space->element.getIntOrFloatBitWidth() == 64)
    lanes = std::min<int64_t>(lanes, 8);
  double cycles = bodyCycles(region, lanes);
  // An exponential and two more walks, or the reduction itself.
  cycles += (isa<NormOp>(rowAnchor(region)) ? 30.0 : 1.0) * estimateElements(rowAnchor(region)->getOperand(0).getType()) / lanes;
  return makeSharedPlan(region, Family::Row, {lanes}, lanes, rowPieces(*space, lanes), cycles);
}

} // namespace ingot
