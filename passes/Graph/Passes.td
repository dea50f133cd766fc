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

def SkipMaskedKeysPass : Pass<"ingot-skip-masked-keys", "::mlir::ModuleOp"> {
  let summary = "attentions whose constant mask is causal compute no scores behind it";
  let description = [{
    An attention whose mask is known at compile time and rules out all keys behind `i + c` for each row `i` gets `causal c`. Ruled out is what a mask of i1 gives a
    fill of at most -1e9, or what has at most that added: such scores have a weight of 0 beside one that is not ruled out, and every row must have one. The mask itself stays. Who
    runs the pass gives it a view of the weights (`ConstantEvaluator`); without one nothing is known. Masks that a run computes are left as they are.
    Example: test/passes/Graph/skip-masked-keys.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
}

def SplitPaddingPass : Pass<"ingot-split-padding", "::mlir::func::FuncOp"> {
  let summary = "make the padding of convolutions an operation of its own";
  let description = [{
    A convolution with pads becomes an `ingot.pad` with zeros (negative pads: an `ingot.slice`) and a convolution without; a zero pad in front of that one joins it.
    The plan turns the pad into a halo of its producer's buffer, so that the loops of a convolution need no bounds checks. Symbolic shapes stay as they are.
    Depthwise convolutions keep theirs (along the last dim only where its size is known): their kernel leaves out what of the filter would lie there.
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
    between two image operations. Convolutions with pads that are not left out (`ingot-split-padding` comes first), of other types than f32 or of symbolic shape stay as they are.
    Example: test/passes/Graph/channels-last.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
}

def ChooseAlgorithmsPass : Pass<"ingot-choose-algorithms", "::mlir::ModuleOp"> {
  let summary = "compute 3x3 convolutions with fewer multiplications where that is faster and exact enough";
  let description = [{
    A channels-last 3x3 convolution with stride 1 and constant weights becomes `ingot.winograd_conv` with tiles of 4x4 or 2x2, whose filters are transformed by operations on the weights
    (a recipe). Decided for each layer: first by cost (few channels or a small image do not pay for the transforms and the larger filters), then by precision: the error is measured with the
    layer's own weights on synthetic pixels, and must be below 1e-5 of the largest result. Who runs the pass gives it a view of the weights for that
    (`ConstantEvaluator`); without one, as in `ingot-opt`, cost decides alone. `exact` forbids all but direct convolutions. Everything else stays as it is.
    Example: test/passes/Graph/choose-algorithms.mlir
  }];
  let options = [Option<"exact", "exact", "bool", /*default=*/"false", "Only algorithms that round as the direct one does">,
                 Option<"remarks", "remarks", "bool", /*default=*/"false", "Say at each channels-last convolution what was chosen, and why">];
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
    Nothing that folds on small constants is left, so no shape arithmetic; a convolution with channels last has packed weights and no pads;
    no constant makes every run fail (an index out of range, a divisor of zero).
    Example: test/passes/Graph/verify-graph.mlir
  }];
}

def FoldScalesPass : Pass<"ingot-fold-scales", "::mlir::func::FuncOp"> {
  let summary = "move constant scales into the weights before them, and merge constant biases";
  let description = [{
    A product of a convolution's or matrix product's result with a constant that varies along the output channels only is taken by the weights; `(x + c1) * c2` becomes
    `x * c2 + c1 * c2` on the way there, divisions become products with the reciprocal. Constants in a row are merged, subtractions become additions. What is
    computed from constants is written as operations on them, which `ingot-outline-recipes` moves to compile time: convolution and batch norm become
    convolution and bias. Results differ from the unfolded ones by rounding.
    Example: test/passes/Graph/fold-scales.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
}

def CommuteMeansPass : Pass<"ingot-commute-means", "::mlir::func::FuncOp"> {
  let summary = "take the mean of an image before the 1x1 convolution that computes it";
  let description = [{
    The mean over the pixels of what a 1x1 convolution computes is the convolution of the mean of its pixels (a bias is added behind both). Where the convolution
    has more outputs than inputs, the mean reads fewer numbers, and the scale of squeeze-and-excitation that is made of it is known before the convolution runs,
    which then can apply it. Convolutions have their channels first. Results differ by rounding.
    Example: test/passes/Graph/commute-means.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
}

def MergeContractionsPass : Pass<"ingot-merge-contractions", "::mlir::func::FuncOp"> {
  let summary = "queries, keys and values as one product with all their weights";
  let description = [{
    Products of one activation with different weights whose results (with their biases) only attentions read become one product with the weights side by side: one
    region and one barrier instead of three, and wider rows of tiles. The results are slices, which attentions read where they lie. Weights and biases become recipes;
    halves are joined before they are widened. Expects transposes to have met (`ingot-sink-views`). Other readers are left alone: an elementwise one would lose its
    place behind its own product, and what a caller gets must not be a part of something larger.
    Example: test/passes/Graph/merge-contractions.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
}

def PackContractionsPass : Pass<"ingot-pack-contractions", "::mlir::func::FuncOp"> {
  let summary = "bring the right sides of matrix products into panels";
  let description = [{
    `ingot.matmul` becomes `ingot.packed_matmul` with an `ingot.pack` of its right side: of weights a recipe, of an activation a region of its own. Transposed sides
    become `ingot.transpose`; batch dims are made equal, or dropped from a right side that all batches share. Types other than f32 and products of few rows with
    an activation stay as they are.
    Example: test/passes/Graph/pack-contractions.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
}

def JoinGatesPass : Pass<"ingot-join-gates", "::mlir::func::FuncOp"> {
  let summary = "a gate and what it lets through as one product";
  let description = [{
    Two products of one activation with weights of one shape whose results meet in elementwise operations (`silu(x g) * (x u)`: SwiGLU, GeGLU) become one product
    whose packed weights hold a panel of the first, a panel of the second, and so on (a recipe); views behind it are the two (passes/Region/AlternatingPanels.h). The
    kernel has both sums in registers and stores what the elementwise operations make of them: one tensor less is written and read, one barrier less is
    met, and the left side is read once. Needs packed weights, sums in f32 and whole panels of columns; products that something else than elementwise operations reads stay.
    Example: test/passes/Graph/join-gates.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
}

def RecognizeCompositesPass : Pass<"ingot-recognize-composites", "::mlir::func::FuncOp"> {
  let summary = "find norms and activations that a model spells out";
  let description = [{
    Softmax, log softmax, layer norm, root mean square and Euclidean norm written as reductions and elementwise operations become `ingot.norm`; silu, hard swish,
    hard sigmoid and both kinds of gelu written as products become `ingot.unary`. Only the operation that computes the result is replaced: intermediate values that
    the model reads elsewhere stay. Powers by 2, -1, 0.5 and -0.5 become products, reciprocals and square roots.
    Example: test/passes/Graph/recognize-composites.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
}

def RecognizeAttentionPass : Pass<"ingot-recognize-attention", "::mlir::func::FuncOp"> {
  let summary = "find the two products and the softmax of an attention";
  let description = [{
    `matmul(softmax(scale * matmul(q, k^T) + mask), v)` becomes `ingot.attention`, whose scores never leave the cache. Scales by one number may stand at the
    queries, the keys or the scores; the mask is added or chooses between the scores and one number. The last batch dims are heads; keys and values
    that a broadcast repeats for several heads are read once. Heads are brought next to their vectors by transposes, which cancel those that models have there.
    It stays as it is where something else reads the scores or there are only a few queries. Softmaxes have been recognised before.
    Example: test/passes/Graph/recognize-attention.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
}

def HoistInvariantsPass : Pass<"ingot-hoist-invariants", "::mlir::func::FuncOp"> {
  let summary = "move what does not change out of bodies";
  let description = [{
    Out of a loop's body goes what is the same in every trip and cannot fail; out of a branch what the compiler computes from constants, which recipes then take. Numbers that follow from symbols stay.
    Example: test/passes/Graph/hoist-invariants.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
}

def OutlineRecipesPass : Pass<"ingot-outline-recipes", "::mlir::ModuleOp"> {
  let summary = "move what depends on constants alone out of the model, to be computed when the weights are written";
  let description = [{
    Every value that is computed from constants only and read by something else becomes `ingot.constant #ingot.recipe<@recipes::@recipe_N, [inputs]>`; the operations
    that make it become the function `@recipe_N` of a nested module `@recipes`, with the weights (and constants of more than one value) as its arguments. Equal
    computations share a function. The driver compiles the module once and runs a recipe when its place among the weights is written; later passes do not touch it.
    Broadcasts stay with their readers, as does what is more than 16 times larger than its inputs and larger than 1 MiB, unless it is packed.
    Example: test/passes/Graph/outline-recipes.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect", "::mlir::func::FuncDialect"];
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

def FuseRepeatsPass : Pass<"ingot-fuse-repeats", "::mlir::func::FuncOp"> {
  let summary = "read repeated elements where they are needed instead of writing them out";
  let description = [{
    An elementwise operation that reads the result of nearest upsampling (a broadcast along dims of its own, joined by a reshape) is computed, with those that
    serve it alone, on the dims before they are joined: there the broadcast is one that kernels do for nothing. A 1x1 convolution that nothing else reads goes with
    them, as a product of pixels of these dims (the lateral convolution of a feature pyramid). It stays as it is where that would part it from another convolution
    or product that it could join. Example: test/passes/Graph/fuse-repeats.mlir
  }];
  let options = [Option<"remarks", "remarks", "bool", /*default=*/"false", "Say why operations that read repeated elements stay as they are">];
  let dependentDialects = ["::ingot::IngotDialect"];
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
