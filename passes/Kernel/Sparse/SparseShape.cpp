// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Sparse/SparseShape.h"

#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace ingot {

std::optional<SparseShape> SparseShape::match(RegionOp region, std::string &why) {
  auto op = dyn_cast_or_null<SparseMatMulOp>(region.getAnchorOp());
  if (!op)
    return why = "is built around 'ingot.sparse_matmul' only", std::nullopt;
  SparseShape shape;
  shape.op = op;
  shape.step = ProductStep(getElementTypeOrSelf(op.getLhs()), getElementTypeOrSelf(op.getBlocks()), op.getGroup());
  if (!checkComputeRegion(region, op, shape.step, why))
    return std::nullopt;
  if (!llvm::all_of(op->getOperands(), llvm::IsaPred<BlockArgument>))
    return why = "reads both sides from buffers only", std::nullopt;
  shape.rowDims = getDims(cast<RankedTensorType>(op.getResult().getType()));
  shape.columns = *getConstant(shape.rowDims.pop_back_val());
  shape.rows = productOf(shape.rowDims, op.getContext());
  shape.depth = cast<RankedTensorType>(op.getLhs().getType()).getShape().back();
  shape.blocks = op.getBlockCount();
  return shape;
}

} // namespace ingot
