// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_VIEWPLACEMENT_H
#define PASSES_PLAN_VIEWPLACEMENT_H

#include "passes/Kernel/SymbolicIndex.h"
#include "llvm/ADT/SetVector.h"

namespace ingot {

/// Where the elements of a tensor lie: in the buffer of `root`, from `offset` on, `strides` apart (both in elements, one stride per dim of the
/// tensor, functions of the model's symbols).
struct Box {
  mlir::Value
      root; ///< an argument, a constant, a result of a region or of control flow, or a concat, pad or returned value whose buffer others write into
  mlir::AffineExpr offset;
  Dims strides;
};

/// Finds a place for every tensor of a function of the region stage such that view operations move no data:
///
/// - backwards, what is returned, concatenated or padded claims its operands: the region that computes them writes straight into the larger buffer;
/// - the tensors that a loop carries or stacks, and those that its body or a branch yields, claim what computes them in the same way;
/// - forwards, reshape, transpose and slice become strided boxes of what they read.
///
/// What stays impossible is listed: `copies` (view operations) and `operandCopies` (a value that two buffers want, or that cannot be written where it
/// is wanted). `ingot-copy-views` turns these into regions; after it both lists are empty.
class ViewPlacement {
public:
  explicit ViewPlacement(mlir::Block &body);

  const Box &of(mlir::Value value) const { return boxes.find(value)->second; }

  llvm::ArrayRef<mlir::Operation *> getCopies() const { return copies.getArrayRef(); }
  llvm::ArrayRef<mlir::OpOperand *> getOperandCopies() const { return operandCopies; }

  /// Whether a pad's border lies around its operand and must be filled (false: it lies inside the border of another pad).
  bool ownsBorder(PadOp pad) const { return borderOf.lookup(pad.getX()) == pad; }

private:
  void place(mlir::Block &block);
  bool claim(mlir::Value value, const Box &box);
  void claimInits(LoopOp op);
  void claimYielded(LoopOp op);
  void placeBodies(mlir::Operation &op);
  void claimConcat(ConcatOp op);
  void claimPad(PadOp op);
  bool liesInBorder(PadOp op);
  void view(mlir::Operation &op);
  void checkReader(RegionOp region);

  mlir::Block *current = nullptr; ///< the one whose operations are given places
  llvm::DenseMap<mlir::Value, Box> boxes;
  llvm::DenseMap<mlir::Value, PadOp> borderOf; ///< padded tensor -> the pad whose buffer it lies in
  llvm::SetVector<mlir::Operation *> copies;
  llvm::SmallVector<mlir::OpOperand *> operandCopies;
};

} // namespace ingot

#endif
