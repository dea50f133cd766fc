// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_REGION_PASSES_TD
#define PASSES_REGION_PASSES_TD

include "mlir/Pass/PassBase.td"

def FormRegionsPass : Pass<"ingot-form-regions", "::mlir::func::FuncOp"> {
  let summary = "put every compute operation into exactly one region";
  let description = [{
    Each operation with an anchor kind other than constant opens a region. With `fuse`, an elementwise operation joins the region of one of its operands (the one
    computed last, if it can) that has the operation's shape, and elementwise regions that serve only this one are taken in: chains and diamonds become maps, and
    what follows an anchor becomes its epilogue. A cheap elementwise region that computes the left side of a narrow product (`packed_matmul`, 1x1 convolution) for it
    alone becomes its prologue. What integers of 8 or 16 bits stand for (a cast and arithmetic with constants) is computed by each elementwise reader, so that the integers
    are what is stored. A value that others read too becomes a further result. No two regions may need each other. View operations stay outside of regions,
    for the plan to turn into views. Splat constants are copied into the body; other constants become inputs.
    Without `fuse` every operation, views included, is a region of its own (-O0).
    Example: test/passes/Region/form-regions.mlir
  }];
  let options = [Option<"fuse", "fuse", "bool", /*default=*/"true", "Join elementwise operations into the regions of their producers">];
  let dependentDialects = ["::ingot::IngotDialect"];
}

def VerifyRegionPass : Pass<"ingot-verify-region", "::mlir::func::FuncOp"> {
  let summary = "check what the region stage promises";
  let description = [{
    Every operation of the function is a constant, a view operation, a region or the return; every tensor has a static shape.
    Example: test/passes/Region/verify-region.mlir
  }];
}

#endif
