// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Region/Dequantization.h"

#include "dialects/Ingot/Constants.h"
#include "dialects/Ingot/Shapes.h"

using namespace mlir;

namespace ingot {
namespace {

bool isElementwise(Operation *op) {
  auto member = dyn_cast<RegionFormationInterface>(op);
  return member && member.isEpilogue() && !isa<PackOp>(op);
}

bool isRow(Operation *op) {
  auto member = dyn_cast<RegionFormationInterface>(op);
  return member && member.getAnchor() == Anchor::Row;
}

/// Whether `op` computes what it reads in its own kernel, element by element: a row kernel does so for what it reduces.
bool computesOperands(Operation *op) { return isElementwise(op) || isRow(op); }

/// To floats, or to wider integers that are added up.
bool isWideningCast(Operation &op) {
  auto cast = dyn_cast<CastOp>(op);
  auto from = cast ? dyn_cast<IntegerType>(typeOf(cast.getX()).getElementType()) : IntegerType();
  return from && from.getWidth() > 1 && from.getWidth() <= 16 && (isa<FloatType>(cast.getTo()) || llvm::all_of(op.getUsers(), isRow));
}

/// The arithmetic with a constant that alone reads `value` and gives a tensor of its shape; null if there is none.
BinaryOp onlyArithmeticOn(Value value) {
  auto op = value.hasOneUse() ? dyn_cast<BinaryOp>(*value.user_begin()) : BinaryOp();
  bool isScaling = op && op.getLhs() == value && isConstant(op.getRhs()) && typeOf(op.getResult()) == typeOf(value);
  bool isLinear = isScaling && (op.getKind() == BinaryKind::Add || op.getKind() == BinaryKind::Sub || op.getKind() == BinaryKind::Mul);
  return isLinear ? op : BinaryOp();
}

/// The cast and all arithmetic behind it, up to where something else begins.
SmallVector<Operation *> chainFrom(Operation &cast) {
  SmallVector<Operation *> chain{&cast};
  while (BinaryOp next = onlyArithmeticOn(chain.back()->getResult(0)))
    chain.push_back(next);
  return chain;
}

} // namespace

DequantizingOps dequantizeAtReaders(Block &body) {
  DequantizingOps made;
  for (Operation &op : llvm::make_early_inc_range(body.without_terminator())) {
    if (!isWideningCast(op) || made.contains(&op))
      continue;
    SmallVector<Operation *> chain = chainFrom(op);
    Value result = chain.back()->getResult(0);
    bool canMove = llvm::all_of(result.getUsers(), [&](Operation *user) { return user->getBlock() == &body && computesOperands(user); });
    if (!canMove || result.use_empty())
      continue;
    made.insert(chain.begin(), chain.end());
    for (OpOperand &use : llvm::make_early_inc_range(llvm::drop_begin(result.getUses()))) {
      OpBuilder b(chain.back()->getContext());
      b.setInsertionPointAfter(chain.back());
      Value value = op.getOperand(0);
      for (Operation *member : chain) {
        Operation *copy = b.clone(*member);
        copy->setOperand(0, value);
        made.insert(copy);
        value = copy->getResult(0);
      }
      use.set(value);
    }
  }
  return made;
}

} // namespace ingot
