// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_GRAPH_PASSES_TD
#define PASSES_GRAPH_PASSES_TD

include "mlir/Pass/PassBase.td"

def SplitPaddingPass : Pass<"ingot-split-padding", "::mlir::func::FuncOp"> {
  let summary = "make the padding of convolutions an operation of its own";
  let description = [{
    A convolution with pads becomes an `ingot.pad` with zeros (negative pads: an `ingot.slice`) and a convolution without; a zero pad in front of that one joins it.
    The plan turns the pad into a halo of its producer's buffer, so that the loops of a convolution need no bounds checks. Symbolic shapes stay as they are.
    Example: test/passes/Graph/split-padding.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
}

#endif
