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

def VerifyImportPass : Pass<"ingot-verify-import", "::mlir::func::FuncOp"> {
  let summary = "check what import promises";
  let description = [{
    One block of `ingot` operations without regions, on ranked tensors; the encoding of a type with symbolic dims says what they are.
    Example: test/passes/Graph/verify-import.mlir
  }];
}

def VerifyGraphPass : Pass<"ingot-verify-graph", "::mlir::func::FuncOp"> {
  let summary = "check what the graph stage promises";
  let description = [{
    Nothing that folds on small constants is left, so no shape arithmetic; a convolution with channels last has packed weights and no pads.
    Example: test/passes/Graph/verify-graph.mlir
  }];
}

#endif
