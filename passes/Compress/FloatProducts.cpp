// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Compress/FloatProducts.h"

#include "mlir/IR/TypeUtilities.h"
#include "passes/Graph/ConstantOperands.h"

using namespace mlir;

namespace ingot {
namespace {

/// What makes the value of integers, perhaps behind moves of its elements; null if nothing does.
DequantizeOp dequantizationOf(Value value) {
  while (isa_and_present<ReshapeOp, TransposeOp, SliceOp, PadOp, BroadcastOp>(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  return value.getDefiningOp<DequantizeOp>();
}

std::string reasonOf(DequantizeOp left, DequantizeOp right) {
  if (!left)
    return "its activation is not quantised";
  if (!right)
    return "its weights are not quantised";
  for (DequantizeOp side : {left, right})
    if (unsigned bits = getElementTypeOrSelf(side.getX()).getIntOrFloatBitWidth(); bits != 8)
      return "it multiplies integers of " + std::to_string(bits) + " bits";
  if (!isComputedFromConstants(right.getX()))
    return "its right side is no constant";
  if (left.getBlock() != 0 || right.getBlock() != 0)
    return "its scales belong to blocks";
  return "no kernel for bytes covers its layout, or its scales vary along what is added up";
}

} // namespace

std::vector<FloatProduct> findFloatProducts(Operation *root) {
  std::vector<FloatProduct> products;
  root->walk([&](Operation *op) {
    if (!isa<MatMulOp, ConvOp, ConvTransposeOp>(op) || !isa<FloatType>(getElementTypeOrSelf(op->getResult(0))))
      return;
    DequantizeOp left = dequantizationOf(op->getOperand(0)), right = dequantizationOf(op->getOperand(1));
    if (left || right)
      products.push_back({op, reasonOf(left, right)});
  });
  return products;
}

} // namespace ingot
