// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/EmitRecurrent.h"
#include "passes/Kernel/Plain.h"
#include "passes/Kernel/Plain/PlainEmitter.h"
#include "passes/Plan/BodyCost.h"

using namespace mlir;

namespace ingot {

OwnedModel modelRecurrent(RegionOp region, const MachineModel &machine) {
  std::string why;
  RecurrentOp op = matchRecurrent(region, why);
  if (!op)
    return {};
  int64_t lanes = lanesOf(region, machine);
  bool sharesState = plainScratchBytes(region) != 0; // the buffer after the outputs, one for all sequences
  if (!sharesState && recurrentStateBytes(op, lanes) > kMaxStackBytes)
    return {};
  auto x = cast<RankedTensorType>(op.getX().getType());
  double cycles = static_cast<double>(x.getDimSize(0)) * x.getDimSize(1) * countElements(op.getW().getType()) * 2 / lanes;
  AffineExpr pieces = getAffineConstantExpr(sharesState ? 1 : x.getDimSize(1), region.getContext());
  return std::make_unique<SharedModel>(Family::Recurrent, lanes, lanes, pieces, [=](int64_t) { return cycles; });
}

} // namespace ingot
