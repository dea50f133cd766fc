// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_KERNEL_PASSES_TD
#define PASSES_KERNEL_PASSES_TD

include "mlir/Pass/PassBase.td"

def EmitKernelsPass : Pass<"ingot-emit-kernels", "::mlir::ModuleOp"> {
  let summary = "write the loops of every planned region";
  let description = [{
    Turns each planned `ingot.region` into a function `region_<n>(buffers..., begin, end)` whose loops the region's family writes, and calls it from the model's
    function with the thread's share of the units. Regions that are alike (same body, buffer types and plan) share one function. The model's function gets the
    arguments `(team, thread, threads)`, and a barrier wherever a region reads or overwrites what another thread may have written.
    Obeys the plan and decides nothing. Example: test/passes/Kernel/emit-kernels.mlir
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect", "::mlir::LLVM::LLVMDialect"];
}

#endif
