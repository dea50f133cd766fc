// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Kernel/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_VERIFYKERNELPASS
#include "passes/Kernel/Passes.h.inc"

namespace {

/// Sixteen elements of eight bytes: two of the widest registers.
constexpr int64_t kMaxVectorBits = 1024;
constexpr int64_t kMaxStackBytes = 64 * 1024;

struct VerifyKernelPass : impl::VerifyKernelPassBase<VerifyKernelPass> {
  void runOnOperation() override {
    bool broken = false;
    getOperation().walk([&](Operation *op) {
      if (std::string why = problemOf(op); !why.empty()) {
        op->emitOpError(why);
        broken = true;
      }
    });
    if (broken)
      signalPassFailure();
  }

private:
  static std::string problemOf(Operation *op) {
    if (!isa_and_nonnull<arith::ArithDialect, func::FuncDialect, math::MathDialect, memref::MemRefDialect, scf::SCFDialect, vector::VectorDialect,
                         LLVM::LLVMDialect>(op->getDialect()))
      return "is left after the kernel stage";
    if (isa<memref::AllocOp, memref::ReallocOp, memref::DeallocOp, memref::CopyOp>(op))
      return "calls the library after the kernel stage: the plan places buffers, loops copy them";
    if (auto stack = dyn_cast<memref::AllocaOp>(op)) {
      MemRefType type = stack.getType();
      if (!type.hasStaticShape() || type.getNumElements() * llvm::divideCeil(type.getElementTypeBitWidth(), 8) > kMaxStackBytes)
        return "takes more of the stack than " + std::to_string(kMaxStackBytes) + " bytes";
    }
    for (Type type : op->getResultTypes())
      if (auto vector = dyn_cast<VectorType>(type)) {
        int64_t width = vector.getElementType().isIndex() ? 64 : vector.getElementTypeBitWidth();
        if (vector.getNumElements() * width > kMaxVectorBits)
          return "makes a vector of more than " + std::to_string(kMaxVectorBits) + " bits: tiles are several vectors, not one wide one";
      }
    return "";
  }
};

} // namespace
} // namespace ingot
