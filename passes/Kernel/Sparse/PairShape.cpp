// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Sparse/PairShape.h"

using namespace mlir;

namespace ingot {

std::optional<PairShape> PairShape::match(RegionOp region, std::string &why) {
  auto op = dyn_cast_or_null<PairMatMulOp>(region.getAnchorOp());
  if (!op)
    return why = "is built around 'ingot.pair_matmul' only", std::nullopt;
  Type f32 = Float32Type::get(op.getContext());
  if (!checkComputeRegion(region, op, ProductStep(f32, f32, 1), why))
    return std::nullopt;
  if (!llvm::all_of(op->getOperands(), llvm::IsaPred<BlockArgument>))
    return why = "reads both sides from buffers only", std::nullopt;
  PairShape shape;
  shape.op = op;
  shape.rowDims = getDims(cast<RankedTensorType>(op.getResult().getType()));
  shape.columns = *getConstant(shape.rowDims.pop_back_val());
  shape.rows = productOf(shape.rowDims, op.getContext());
  shape.depth = cast<RankedTensorType>(op.getLhs().getType()).getShape().back();
  return shape;
}

} // namespace ingot
