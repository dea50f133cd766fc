// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/Memory/InPlace.h"

#include "dialects/Ingot/Shapes.h"
#include "mlir/Analysis/SliceAnalysis.h"

using namespace mlir;

namespace ingot {

bool readsWhereItWrites(RegionOp region, size_t input) {
  Block &body = region.getBody().front();
  BlockArgument argument = body.getArgument(input);
  Dims dims = getDims(cast<RankedTensorType>(argument.getType()));
  auto isElementwise = [&](Operation *op) {
    return isa<UnaryOp, BinaryOp, CompareOp, SelectOp, CastOp>(op) && getDims(cast<RankedTensorType>(op->getResult(0).getType())) == dims;
  };
  auto anchor = cast<RegionFormationInterface>(region.getAnchorOp());
  bool fused = anchor.getAnchor() == Anchor::Convolution || anchor.getAnchor() == Anchor::Depthwise ||
               isa<PackedMatMulOp, BlockMatMulOp, SparseMatMulOp, PairMatMulOp>(anchor.getOperation());
  if (!isElementwise(anchor) && !fused)
    return false;
  llvm::SetVector<Operation *> prologue; // reads whole rows before the anchor writes any element
  BackwardSliceOptions inBody;
  inBody.omitBlockArguments = true;
  if (fused)
    (void)getBackwardSlice(anchor.getOperation(), &prologue, inBody);
  for (Operation &op : body.without_terminator())
    if (!isa<ConstantOp>(op) && &op != anchor && !prologue.contains(&op) && !isElementwise(&op))
      return false;
  if (llvm::any_of(argument.getUsers(), [&](Operation *user) { return prologue.contains(user); }))
    return false;
  return llvm::all_of(argument.getUsers(), isElementwise) && !isa<MatMulOp>(anchor.getOperation());
}

} // namespace ingot
