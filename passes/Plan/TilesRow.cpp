// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/EmitRow.h"
#include "passes/Kernel/RowWalk.h"
#include "passes/Plan/BodyCost.h"

using namespace mlir;

namespace ingot {

OwnedModel modelRow(RegionOp region, const MachineModel &machine) {
  std::string why;
  FailureOr<RowSpace> space = matchRow(region, why);
  if (failed(space))
    return {};
  int64_t lanes = lanesOf(region, machine);
  if (space->element.getIntOrFloatBitWidth() == 64)
    lanes = std::min<int64_t>(lanes, 8);
  // An exponential and two more walks, or the walks alone, or the reduction itself.
  auto norm = dyn_cast<NormOp>(rowAnchor(region));
  bool hasExponential = norm && (norm.getKind() == NormKind::Softmax || norm.getKind() == NormKind::LogSoftmax);
  double perVector = hasExponential ? 30.0 : norm ? 6.0 : 1.0;
  Type reduced = rowAnchor(region)->getOperand(0).getType();
  return std::make_unique<SharedModel>(Family::Row, lanes, lanes, rowPieces(*space, lanes), [=](int64_t symbol) {
    return bodyCycles(region, lanes, symbol) + perVector * estimateElements(reduced, symbol) / lanes;
  });
}

} // namespace ingot
