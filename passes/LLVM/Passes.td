// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_LLVM_PASSES_TD
#define PASSES_LLVM_PASSES_TD

include "mlir/Pass/PassBase.td"

def FoldDescriptorsPass : Pass<"ingot-fold-descriptors", "::mlir::ModuleOp"> {
  let summary = "take numbers and pointers from where they are, not out of records";
  let description = [{
    The conversions from `memref` write each buffer as a record of pointers, sizes and strides, of which hardly anything is read. An `llvm.extractvalue` becomes what
    was inserted, and a record that nobody reads goes. LLVM would do the same; for a model with many regions that took longer than all the rest of its function.
    Example: test/passes/LLVM/fold-descriptors.mlir
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def MarkRegionsPass : Pass<"ingot-mark-regions", "::mlir::ModuleOp"> {
  let summary = "tell a profiler when a region or a barrier has ended";
  let description = [{
    Behind each call of a region or barrier in the model's function, which carry the region's number in `ingot.profile_number` or `ingot.profile_after`, stands a call of
    `mark_region`, which calls `ingot_profiler_mark` where the function's new last argument `ingot.profiler` is not null. There is no second body: without a profiler a
    mark is a call, a test and a branch. Numbers begin with `first-region`, as all bodies of a model share one table of regions.
    Example: test/passes/LLVM/mark-regions.mlir
  }];
  let options = [Option<"firstRegion", "first-region", "int32_t", /*default=*/"0", "Number of the module's first region in the table of the model">];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def EmitEntryPass : Pass<"ingot-emit-entry", "::mlir::ModuleOp"> {
  let summary = "write the function that the runtime calls";
  let description = [{
    For the public function of the module, in the LLVM dialect with bare pointers, adds `symbol(call, thread, threads)`, which loads the buffers from the
    `IngotCall` (runtime/include/ingot/ingot.h) and calls the function with them and with the address of the record of a failure (and with the profiler, where ingot-mark-regions has
    added that), and makes the function itself private to the object. Beside a model with symbolic dims stands a function that prepares a run (see ingot-plan-buffers): it becomes `symbol_prepare`.
    Where a module has several public functions (recipes), each gets an entry `symbol_<name of the function>`.
    Example: test/passes/LLVM/emit-entry.mlir
  }];
  let options = [Option<"symbol", "symbol", "std::string", /*default=*/"\"model_run\"", "Name of the function">];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def VerifyLLVMPass : Pass<"ingot-verify-llvm", "::mlir::ModuleOp"> {
  let summary = "check what the llvm stage promises";
  let description = [{
    Only the LLVM dialect is left, and functions without a body are those of the runtime and of libm: what links a model needs nothing else.
    Example: test/passes/LLVM/verify-llvm.mlir
  }];
}

#endif
