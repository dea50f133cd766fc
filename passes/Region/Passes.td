// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_REGION_PASSES_TD
#define PASSES_REGION_PASSES_TD

include "mlir/Pass/PassBase.td"

def FormRegionsPass : Pass<"ingot-form-regions", "::mlir::func::FuncOp"> {
  let summary = "put every compute operation into exactly one region";
  let description = [{
    Each operation with an anchor kind other than constant opens a region. With `fuse`, an elementwise operation joins the region of the operand that is computed
    last, when that operand has the same shape and no other use: chains become maps, and what follows an anchor becomes its epilogue; view operations stay outside
    of regions, for the plan to turn into views. Splat constants are copied into the body; other constants become inputs.
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
