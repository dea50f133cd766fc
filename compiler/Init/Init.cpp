// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/Init/Init.h"

#include "compiler/Pipelines/Stages.h"
#include "dialects/Ingot/Ingot.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Compress/Passes.h"
#include "passes/Graph/Passes.h"
#include "passes/Kernel/Passes.h"
#include "passes/LLVM/Passes.h"
#include "passes/Plan/Passes.h"
#include "passes/Region/Passes.h"

namespace ingot {

void registerDialects(mlir::DialectRegistry &registry) {
  registry.insert<IngotDialect, mlir::affine::AffineDialect, mlir::arith::ArithDialect, mlir::cf::ControlFlowDialect, mlir::func::FuncDialect,
                  mlir::index::IndexDialect, mlir::LLVM::LLVMDialect, mlir::math::MathDialect, mlir::memref::MemRefDialect, mlir::scf::SCFDialect,
                  mlir::vector::VectorDialect>();
}

void registerPasses() {
  mlir::registerTransformsPasses();
  registerCompressPasses();
  registerGraphPasses();
  registerKernelPasses();
  registerLLVMPasses();
  registerPlanPasses();
  registerRegionPasses();
  registerStages();
}

} // namespace ingot
