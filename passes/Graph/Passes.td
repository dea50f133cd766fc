// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_GRAPH_PASSES_TD
#define PASSES_GRAPH_PASSES_TD

include "mlir/Pass/PassBase.td"

def DecomposeImagesPass : Pass<"ingot-decompose-images", "::mlir::func::FuncOp"> {
  let summary = "write image operations as simpler ones that have kernels of their own";
  let description = [{
    A nearest resize by whole factors that repeats every element becomes a broadcast between two reshapes; an average or maximum pool over the whole image becomes a reduction.
    Example: test/passes/Graph/decompose-images.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
}

def SplitPaddingPass : Pass<"ingot-split-padding", "::mlir::func::FuncOp"> {
  let summary = "make the padding of convolutions an operation of its own";
  let description = [{
    A convolution with pads becomes an `ingot.pad` with zeros (negative pads: an `ingot.slice`) and a convolution without; a zero pad in front of that one joins it.
    The plan turns the pad into a halo of its producer's buffer, so that the loops of a convolution need no bounds checks. Symbolic shapes stay as they are.
    Example: test/passes/Graph/split-padding.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
}

def ChannelsLastPass : Pass<"ingot-channels-last", "::mlir::func::FuncOp"> {
  let summary = "give image operations the layout of their kernels: channels last, weights packed";
  let description = [{
    Convolutions and pools over one or two spatial dims become channels-last ones between a transpose of their operand and one of their result; the weights of
    convolutions are packed by operations on the constants. A transposed convolution whose windows do not overlap becomes pointwise
    convolutions whose columns are the pixels of a window. Convolutions of one pixel become matrix products. `ingot-sink-views` then removes the transposes
    between two image operations. Convolutions with pads (`ingot-split-padding` comes first), of other types than f32 or of symbolic shape stay as they are.
    Example: test/passes/Graph/channels-last.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
}

def SinkViewsPass : Pass<"ingot-sink-views", "::mlir::func::FuncOp"> {
  let summary = "move transposes and reshapes towards the results until they meet their inverse";
  let description = [{
    A transpose in front of an operation that works in any order of dims (elementwise operations with broadcasts, concat, pad, slice, resize, broadcast, reductions,
    reshapes that split or join neighbouring dims) moves behind it, and a reshape or concat behind elementwise operations, which can then join the operations in front
    of it. Other operands must follow for nothing: constants (by a recipe), operands where only dims of size 1 move, and others behind the same transpose or reshape.
    Example: test/passes/Graph/sink-views.mlir
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

def WidenNarrowConvsPass : Pass<"ingot-widen-narrow-convs", "::mlir::func::FuncOp"> {
  let summary = "fill the panels of convolutions with few channels with neighbouring pixels";
  let description = [{
    A convolution with O channels, fewer than a panel of packed weights has columns, computes mostly zeros. One with `P * O` channels, `P` times the stride and the
    old kernel at `P` places of a wider one computes `P` neighbouring pixels at once; with channels last they lie as they should. `P` is what makes the work of
    the panels per pixel smallest; the zeros of the wider kernel are part of it.
    Example: test/passes/Graph/widen-narrow-convs.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
}

#endif
