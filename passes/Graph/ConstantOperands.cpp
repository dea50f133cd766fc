// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Graph/ConstantOperands.h"

#include "dialects/Ingot/Constants.h"

using namespace mlir;

namespace ingot {

bool isComputedFromConstants(Value value) {
  constexpr size_t kMaxOperations = 64; // more than any normalisation or packing needs
  SmallVector<Value> pending{value};
  for (size_t i = 0; i < pending.size(); ++i) {
    if (isConstant(pending[i]))
      continue;
    if (!cast<RankedTensorType>(pending[i].getType()).hasStaticShape())
      return false; // a part of a constant, whose size is known at run time only
    Operation *producer = pending[i].getDefiningOp();
    if (!isa_and_present<RegionFormationInterface>(producer) || producer->getNumOperands() == 0 || pending.size() > kMaxOperations)
      return false;
    pending.append(producer->operand_begin(), producer->operand_end());
  }
  return true;
}

void moveConstantsBefore(Operation *op, Value constant) {
  Operation *producer = constant.getDefiningOp();
  if (!producer || producer->getBlock() != op->getBlock() || producer->isBeforeInBlock(op))
    return;
  for (Value operand : producer->getOperands())
    moveConstantsBefore(op, operand);
  producer->moveBefore(op);
}

void copyValueNames(Operation *from, Value to) {
  if (Attribute names = from->getAttr("ingot.values"))
    to.getDefiningOp()->setAttr("ingot.values", names);
}

std::optional<int64_t> variesAlong(RankedTensorType constant, int64_t rank) {
  int64_t dim = -1;
  for (auto [i, size] : llvm::enumerate(alignedShape(constant, rank)))
    if (size != 1) {
      if (dim >= 0)
        return std::nullopt;
      dim = i;
    }
  return dim;
}

SmallVector<int64_t> alignedShape(Type type, int64_t rank) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(type).getShape();
  SmallVector<int64_t> aligned(rank - shape.size(), 1);
  aligned.append(shape.begin(), shape.end());
  return aligned;
}

} // namespace ingot
