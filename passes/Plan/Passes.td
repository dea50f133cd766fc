// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_PASSES_TD
#define PASSES_PLAN_PASSES_TD

include "mlir/Pass/PassBase.td"

def ChooseKernelsPass : Pass<"ingot-choose-kernels", "::mlir::func::FuncOp"> {
  let summary = "give every region its plan: family, tile, lanes, units, parallel or not";
  let description = [{
    Asks the cost model of each family in turn (gemv, contraction, convolution, depthwise, row, map) with a model of the machine; the first one that covers the
    region plans it, else the `plain` family does. `plain` forces that one (-O0). A plain region whose loops run fewer iterations than `serial-iterations` is left
    to one thread: dividing it would cost more than it saves.
    Example: test/passes/Plan/choose-kernels.mlir
  }];
  let options = [Option<"plain", "plain", "bool", /*default=*/"false", "Take the plain family for every region">,
                 Option<"avx512", "avx512", "bool", /*default=*/"true", "32 vector registers of 512 bits; else 16 of 256">,
                 Option<"threads", "threads", "int64_t", /*default=*/"2", "Threads that few large units are balanced for; results do not depend on it">,
                 Option<"l1Bytes", "l1-bytes", "int64_t", /*default=*/"32768", "First data cache of a core">,
                 Option<"l2Bytes", "l2-bytes", "int64_t", /*default=*/"1048576", "Second cache of a core">,
                 Option<"serialIterations", "serial-iterations", "int64_t", /*default=*/"20000", "Loop iterations below which a region is not divided">];
}

def FixDimsPass : Pass<"ingot-fix-dims", "::mlir::func::FuncOp"> {
  let summary = "compile for certain sizes of symbolic dims";
  let description = [{
    Replaces symbols by the given sizes (-1 leaves one as it is) in all types of a function of the region stage. The symbols stay the model's: a run gives values
    for all of them, and the sizes of the results stay where a run of the general code has them.
    Example: test/passes/Plan/fix-dims.mlir
  }];
  let options = [ListOption<"sizes", "sizes", "int64_t", "One size per symbol, or -1">];
}

def CopyViewsPass : Pass<"ingot-copy-views", "::mlir::func::FuncOp"> {
  let summary = "turn the view operations that need a copy into regions";
  let description = [{
    A view operation moves no data where a strided view of a buffer will do (passes/Plan/ViewPlacement.h). The others become regions of their own, and a value that
    cannot lie in the concatenated, padded or returned buffer that wants it is copied there.
    Example: test/passes/Plan/copy-views.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
}

def PlanBuffersPass : Pass<"ingot-plan-buffers", "::mlir::func::FuncOp"> {
  let summary = "place every tensor: in an argument, in the arena or among the weights";
  let description = [{
    The function's tensor arguments become buffers, its results become buffers after them, and two more arguments follow: the arena (`ingot.arena`, whose type says
    its size) and the weights (`ingot.weights`). View operations become strided views of the buffers they read, or of the larger buffer that their operands are
    written into; the border of a pad is filled by regions of its own. An elementwise region, or the epilogue of a fast kernel, writes over an input that nobody
    reads afterwards. Every other buffer gets a range of the arena for the time from its first writer to its last reader; ranges are placed largest first at the
    lowest free offset (greedy by size, Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020). Weights get offsets in the order of
    first use, 64-byte aligned, listed in the module's `ingot.weight_layout`. Run `ingot-copy-views` and `ingot-choose-kernels` before.
    Example: test/passes/Plan/plan-buffers.mlir
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
}

def VerifyPlanPass : Pass<"ingot-verify-plan", "::mlir::func::FuncOp"> {
  let summary = "check what the plan stage promises";
  let description = [{
    Every region has buffers and a plan, no tensor is left outside of regions, and what a region writes does not overlap what it reads.
    Example: test/passes/Plan/verify-plan.mlir
  }];
}

#endif
