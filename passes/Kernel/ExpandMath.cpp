// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Elementwise/EmitElementwise.h"
#include "passes/Kernel/Passes.h"
#include "passes/Kernel/Product/ProductStep.h"
#include "passes/Kernel/VectorFunctions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_EXPANDMATHPASS
#include "passes/Kernel/Passes.h.inc"

namespace {

/// Whether the processor has no instruction for the operation on vectors.
bool isFunctionOfVector(Operation *op) {
  if (op->getNumResults() != 1 || !isa<VectorType>(op->getResult(0).getType()))
    return false;
  if (isa<arith::RemFOp>(op))
    return true;
  return isa_and_nonnull<math::MathDialect>(op->getDialect()) &&
         !isa<math::AbsFOp, math::AbsIOp, math::CeilOp, math::CopySignOp, math::CountLeadingZerosOp, math::CountTrailingZerosOp, math::CtPopOp,
              math::FloorOp, math::FmaOp, math::IsFiniteOp, math::IsInfOp, math::IsNaNOp, math::IsNormalOp, math::RoundEvenOp, math::RsqrtOp,
              math::SqrtOp, math::TruncOp>(op);
}

bool isRoundingToBf16(Operation *op) {
  auto round = dyn_cast<arith::TruncFOp>(op);
  return round && getElementTypeOrSelf(round.getType()).isBF16();
}

struct ExpandMathPass : impl::ExpandMathPassBase<ExpandMathPass> {
  using ExpandMathPassBase::ExpandMathPassBase;

  void runOnOperation() override {
    SmallVector<Operation *> functions;
    GroupInstructions groups{.bf16Pairs = avx512Bf16, .byteGroups = avx512Vnni, .wordPairs = wordPairs, .wide = avx512};
    getOperation()->walk([&](Operation *op) {
      if (isFunctionOfVector(op) || needsExpansion(op, groups) || (!avx512Bf16 && isRoundingToBf16(op)))
        functions.push_back(op);
    });
    for (Operation *op : functions) {
      ImplicitLocOpBuilder b(op->getLoc(), op);
      Value result = needsExpansion(op, groups) ? expandGroupProduct(b, op, groups)
                     : isRoundingToBf16(op)     ? roundToBf16(b, op->getOperand(0))
                                                : emitVectorFunction(b, op, avx512);
      if (!result)
        result = emitElementByElement(b, op);
      op->getResult(0).replaceAllUsesWith(result);
      op->erase();
    }
  }
};

} // namespace
} // namespace ingot
