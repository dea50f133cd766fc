// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef DIALECTS_INGOT_INGOTOPSCOMPUTE_TD
#define DIALECTS_INGOT_INGOTOPSCOMPUTE_TD

include "dialects/Ingot/IngotOpsBase.td"

//===-- Contractions ---------------------------------------------------------------------------------------------------------------------===//

def Ingot_MatMulOp : Ingot_TensorOp<"matmul", "Contraction"> {
  let summary = "matrix product with broadcast batch dims";
  let description = [{
    `lhs [batch..., M, K]` (or `[..., K, M]` with `transpose_lhs`) times `rhs [batch..., K, N]` (or `[..., N, K]` with `transpose_rhs`). Ranks are at least 2; batch dims
    broadcast. Floats accumulate in f32 or wider, integers in their own type, but those of 8 bits, signed or not on either side, in i32.
    Example: `%y = ingot.matmul %a, %b : tensor<8x4x16xf32>, tensor<16x5xf32> -> tensor<8x4x5xf32>`
  }];
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs, UnitAttr:$transpose_lhs, UnitAttr:$transpose_rhs);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs) `->` type($result)";
}

def Ingot_PackOp : Ingot_TensorOp<"pack", "Elementwise"> {
  let summary = "the right side of a contraction in panels of 16 columns";
  let description = [{
    `x [batch..., K, N]` becomes `[batch..., ceil(N / 16), K, 16]`, filled up with zeros. With a `group` of `g` the elements of `g` rows lie side by side for each column, as
    instructions read them that multiply and add up several small elements at once: `[batch..., ceil(N / 16), ceil(K / g), 16 * g]`. Of a constant it is a recipe of the
    weight store, run at compile time; of an activation it is a region (with a group of 1).
    Example: `%p = ingot.pack %w {group = 2} : tensor<768x10xbf16> -> tensor<1x384x32xbf16>`
  }];
  let arguments = (ins AnyRankedTensor:$x, DefaultValuedAttr<I64Attr, "1">:$group);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($result)";
}

def Ingot_PackedMatMulOp : Ingot_PureOp<"packed_matmul", "Contraction"> {
  let summary = "matrix product with a packed right side";
  let description = [{
    `lhs [batch..., M, K]` times `rhs [batch..., ceil(N / 16), K, 16]` gives `[batch..., M, N]`. The rhs has the same batch dims or none. It may be packed in groups; its
    elements may be f16, bf16, f8E4M3FN or f8E5M2: products are added up in f32, which is then the result's type. A lhs of bf16 goes with a rhs of groups of two, one of ui8 with a rhs of i8 in
    groups of four: their products are added up in i32, exactly.
    Example: `%y = ingot.packed_matmul %a, %p : tensor<4x768xbf16>, tensor<1x384x32xbf16> -> tensor<4x10xf32>`
  }];
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs) `->` type($result)";
  let hasVerifier = 1;
  let extraClassDeclaration = anchorMethod # [{
    /// Rows of the right side that lie side by side.
    int64_t getGroup();
  }];
}

def Ingot_AttentionOp : Ingot_TensorOp<"attention", "Attention"> {
  let summary = "softmax(scale * q k^T + mask) v for every head";
  let description = [{
    `q [B, M, H, D]`, `k [B, N, G, D]`, `v [B, N, G, E]` give `[B, M, H, E]`: query head `h` meets key head `h / (H / G)`, and G divides H. `mask` broadcasts to
    `[B, H, M, N]`: of `f32` it is added to the scaled scores; of `i1` it says which scores stay, and the others become `fill`. A row whose scores are all
    -infinity gives NaN, as softmax does. `causal` promises that row `i` gives no weight to keys behind `i + causal`, whatever their scores are: the mask rules them out,
    and kernels need not compute them.
    Example: `%y = ingot.attention %q, %k, %v scale 0.125 : (tensor<1x128x12x64xf32>, tensor<1x128x12x64xf32>, tensor<1x128x12x64xf32>) -> tensor<1x128x12x64xf32>`
  }];
  let arguments = (ins AnyRankedTensor:$q, AnyRankedTensor:$k, AnyRankedTensor:$v, Optional<AnyRankedTensor>:$mask, F64Attr:$scale,
                       OptionalAttr<F64Attr>:$fill, OptionalAttr<I64Attr>:$causal);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $q `,` $k `,` $v (`mask` $mask^)? `scale` $scale (`fill` $fill^)? (`causal` $causal^)? attr-dict `:` functional-type(operands, results)
  }];
}

def Ingot_ConvOp : Ingot_TensorOp<"conv", "Convolution"> {
  let summary = "convolution over 1 to 3 spatial dims";
  let description = [{
    - `channels_first`: `x [N, C, spatial...]`, `w [O, C / groups, kernel...]`, result `[N, O, spatial...]`: ONNX Conv without its bias.
    - `channels_last`: `x [N, spatial..., C]`, result `[N, spatial..., O]`, `w` packed: `[groups, ceil(O / groups / 16), prod(kernel) * C / groups, 16]`, reduction index in
      the order kernel..., channel. Depthwise (groups = C = O): `w [ceil(C / 16), prod(kernel), 16]`. `kernel` gives the kernel's dims. `pads` are zero here: padding is an
      `ingot.pad` of its own that the plan turns into a halo of the buffer. `w` may be packed in groups of channels, f16 or bf16: sums are f32, and so is the result.
    Integers of 8 bits, signed or not on either side, give i32; packed ones are ui8 (`x`) and i8 in groups of four (`w`; depthwise not in groups).
    `pads`: begin of each spatial dim, then end of each.
    Example: `%y = ingot.conv %x, %w channels_first kernel [3, 3] strides [1, 1] pads [1, 1, 1, 1] dilations [1, 1] groups 1 channels 64 : ...`
  }];
  let arguments = (ins AnyRankedTensor:$x, AnyRankedTensor:$w, Ingot_LayoutAttr:$layout, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations, I64Attr:$groups, I64Attr:$channels);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $x `,` $w $layout `kernel` $kernel `strides` $strides `pads` $pads `dilations` $dilations `groups` $groups `channels` $channels attr-dict
    `:` type($x) `,` type($w) `->` type($result)
  }];
  let extraClassDeclaration = [{
    ::ingot::Anchor getAnchor();
    /// One input channel per group and one output channel per group.
    bool isDepthwise();
    /// Each pixel of the result follows from the one at its place: the convolution is a product of pixels and channels, of any number of spatial dims.
    bool isPointwise();
    /// Channels that lie side by side in packed weights.
    int64_t getPackedGroup();
    int64_t getIterationCount();
  }];
}

def Ingot_WinogradConvOp : Ingot_TensorOp<"winograd_conv", "Convolution"> {
  let summary = "3x3 convolution, stride 1, channels last, with fewer multiplications";
  let description = [{
    What `ingot.conv` of a 3x3 kernel without strides, pads, dilations and groups computes, by the algorithm F(m x m, 3 x 3) with m = `tile` (Winograd; Lavin and Gray, "Fast
    Algorithms for Convolutional Neural Networks", 2016): tiles of the input and the filters are each transformed (dialects/Ingot/Winograd.h), multiplied point by point and summed over
    the channels, and the sums transformed back: (m + 2)^2 multiplications for m^2 results of 9 each. `x [N, H, W, C]`, result `[N, H - 2, W - 2, channels]`, `w` the
    transformed filters in panels of 16 output channels: `[ceil(channels / 16), (m + 2)^2, C, 16]`.
    Example: `%y = ingot.winograd_conv %x, %w tile 4 channels 64 : tensor<1x58x58x64xf32>, tensor<4x36x64x16xf32> -> tensor<1x56x56x64xf32>`
  }];
  let arguments = (ins AnyRankedTensor:$x, AnyRankedTensor:$w, I64Attr:$tile, I64Attr:$channels);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$x `,` $w `tile` $tile `channels` $channels attr-dict `:` type($x) `,` type($w) `->` type($result)";
  let extraClassDeclaration = anchorMethod # "int64_t getIterationCount();";
}

def Ingot_ConvTransposeOp : Ingot_TensorOp<"conv_transpose", "Plain"> {
  let summary = "transposed convolution, channels first, without bias";
  let description = [{
    `x [N, C, spatial...]`, `w [C, O / groups, kernel...]`; `pads` crop the result: begin of each spatial dim, then end of each (already resolved from `auto_pad`,
    `output_shape` and `output_padding`, may be negative).
  }];
  let arguments = (ins AnyRankedTensor:$x, AnyRankedTensor:$w, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations, I64Attr:$groups);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$x `,` $w `strides` $strides `pads` $pads `dilations` $dilations `groups` $groups attr-dict `:` type($x) `,` type($w) `->` type($result)";
}

//===-- Windows, rows, reductions --------------------------------------------------------------------------------------------------------===//

def Ingot_PoolOp : Ingot_TensorOp<"pool", "Pool"> {
  let summary = "maximum, average or p-norm of windows over 1 to 3 spatial dims";
  let description = [{
    `ceil_mode` is resolved into the end pads (which may then be larger than ONNX's own: `count_pads` holds the pads that count for `count_include_pad`).
    Elements outside `x` are ignored by `max`; by `average` they are ignored unless `count_include_pad`, where those within `count_pads` count as zeros. `p` is the norm of
    `lp`. Example: see test/dialects/Ingot/ops.mlir
  }];
  let arguments = (ins Ingot_PoolKindAttr:$kind, AnyRankedTensor:$x, Ingot_LayoutAttr:$layout, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$count_pads, UnitAttr:$count_include_pad,
                       DefaultValuedAttr<I64Attr, "2">:$p);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $kind $x $layout `kernel` $kernel `strides` $strides `pads` $pads `dilations` $dilations `count_pads` $count_pads attr-dict `:` type($x) `->` type($result)
  }];
}

def Ingot_MaxPoolIndicesOp : Ingot_PureOp<"max_pool_indices", "Plain"> {
  let summary = "for each window of a channels-first max pool, the flat index of its maximum in `x`";
  let description = [{ The second result of ONNX MaxPool. `column_major`: ONNX `storage_order` 1. The result type has the pooled shape and `i64` elements. }];
  let arguments = (ins AnyRankedTensor:$x, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations,
                       UnitAttr:$column_major);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$x `kernel` $kernel `strides` $strides `pads` $pads `dilations` $dilations attr-dict `:` type($x) `->` type($result)";
}

def Ingot_ReduceOp : Ingot_TensorOp<"reduce", "Row"> {
  let summary = "combines the elements along `axes`";
  let description = [{
    `keep_dims` leaves dims of size 1. `max` and `min` of `i1` are any and all. Empty reductions give the neutral element.
    Example: `%y = ingot.reduce sum %x axes [1] {keep_dims} : tensor<2x3xf32> -> tensor<2x1xf32>`
  }];
  let arguments = (ins Ingot_ReduceKindAttr:$kind, AnyRankedTensor:$x, DenseI64ArrayAttr:$axes, UnitAttr:$keep_dims);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$kind $x `axes` $axes attr-dict `:` type($x) `->` type($result)";
  let extraClassDeclaration = anchorMethod # "int64_t getIterationCount();";
}

def Ingot_TileSumsOp : Ingot_TensorOp<"tile_sums", "Row"> {
  let summary = "the sum of each tile of a channels-last image, for each channel";
  let description = [{
    `tile` has a size for each spatial dim; the last tiles of a dim may be smaller. What a kernel that computes an image tile by tile can add up on the way, so that a
    mean of the whole image need not read it again: `ingot-fuse-squeeze` makes it, and the family `depthwise` writes it beside the image.
    Example: `%y = ingot.tile_sums %x tile [2, 7] : tensor<1x7x7x96xf32> -> tensor<1x4x1x96xf32>`
  }];
  let arguments = (ins AnyRankedTensor:$x, DenseI64ArrayAttr:$tile);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$x `tile` $tile attr-dict `:` type($x) `->` type($result)";
}

def Ingot_ArgReduceOp : Ingot_TensorOp<"arg_reduce", "Plain"> {
  let summary = "index (`i64`) of the maximum or minimum along `axis`";
  let description = [{ `kind` is `max` or `min`; the first such index, or the last with `select_last`. }];
  let arguments = (ins Ingot_ReduceKindAttr:$kind, AnyRankedTensor:$x, I64Attr:$axis, UnitAttr:$keep_dims, UnitAttr:$select_last);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$kind $x `axis` $axis attr-dict `:` type($x) `->` type($result)";
}

def Ingot_NormOp : Ingot_TensorOp<"norm", "Row"> {
  let summary = "normalises each row along `axes`";
  let description = [{
    `softmax`: exp(x - max) / sum; `log_softmax`: its logarithm; `standardize`: (x - mean) / sqrt(variance + epsilon), population variance; `rms`: x / sqrt(mean(x^2) + epsilon).
    Scale and bias of ONNX's norms are elementwise operations after it. f16 and bf16 compute in f32.
    Example: `%y = ingot.norm softmax %x axes [1] : tensor<2x3xf32> -> tensor<2x3xf32>`
  }];
  let arguments = (ins Ingot_NormKindAttr:$kind, AnyRankedTensor:$x, DenseI64ArrayAttr:$axes, DefaultValuedAttr<F64Attr, "0.0">:$epsilon);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$kind $x `axes` $axes attr-dict `:` type($x) `->` type($result)";
}

def Ingot_CumulativeOp : Ingot_TensorOp<"cumulative", "Plain"> {
  let summary = "running sum or product along `axis`";
  let description = [{ `kind` is `sum` or `prod`. As ONNX CumSum and CumProd. }];
  let arguments = (ins Ingot_ReduceKindAttr:$kind, AnyRankedTensor:$x, I64Attr:$axis, UnitAttr:$exclusive, UnitAttr:$reverse);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$kind $x `axis` $axis attr-dict `:` type($x) `->` type($result)";
}

def Ingot_TopKOp : Ingot_TensorOp<"top_k", "Plain"> {
  let summary = "the `k` largest (or smallest) elements along `axis` and their indices (`i64`), sorted, ties by the lower index";
  let description = [{ Example: `%v, %i = ingot.top_k %x k 2 axis 1 {largest} : tensor<2x8xf32> -> tensor<2x2xf32>, tensor<2x2xi64>` }];
  let arguments = (ins AnyRankedTensor:$x, I64Attr:$k, I64Attr:$axis, UnitAttr:$largest);
  let results = (outs AnyRankedTensor:$values, AnyRankedTensor:$indices);
  let assemblyFormat = "$x `k` $k `axis` $axis attr-dict `:` type($x) `->` type($values) `,` type($indices)";
}

//===-- Indexing -------------------------------------------------------------------------------------------------------------------------===//

def Ingot_GatherOp : Ingot_TensorOp<"gather", "Plain"> {
  let summary = "`result[.., i.., ..] = x[.., indices[i..], ..]` at `axis`; negative indices count from the end";
  let description = [{ ONNX Gather. An index outside the range is reported as a failure of the run and reads element 0, here and in all that follow. }];
  let arguments = (ins AnyRankedTensor:$x, AnyRankedTensor:$indices, I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
  let hasCanonicalizer = 1;
  let assemblyFormat = "$x `,` $indices `axis` $axis attr-dict `:` type($x) `,` type($indices) `->` type($result)";
}

def Ingot_GatherElementsOp : Ingot_TensorOp<"gather_elements", "Plain"> {
  let summary = "ONNX GatherElements: one index per result element, along `axis`";
  let description = [{ `result[i, j] = x[indices[i, j], j]` for axis 0. Negative indices count from the end. }];
  let arguments = (ins AnyRankedTensor:$x, AnyRankedTensor:$indices, I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$x `,` $indices `axis` $axis attr-dict `:` type($x) `,` type($indices) `->` type($result)";
}

def Ingot_GatherNdOp : Ingot_TensorOp<"gather_nd", "Plain"> {
  let summary = "ONNX GatherND: the last dim of `indices` indexes `x` after `batch_dims` shared dims";
  let description = [{ Negative indices count from the end. }];
  let arguments = (ins AnyRankedTensor:$x, AnyRankedTensor:$indices, I64Attr:$batch_dims);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$x `,` $indices `batch_dims` $batch_dims attr-dict `:` type($x) `,` type($indices) `->` type($result)";
}

def Ingot_ScatterElementsOp : Ingot_TensorOp<"scatter_elements", "Plain"> {
  let summary = "ONNX ScatterElements: a copy of `x` with one update per index, along `axis`";
  let description = [{ Updates are applied in row-major order of `indices`. }];
  let arguments = (ins Ingot_ScatterKindAttr:$kind, AnyRankedTensor:$x, AnyRankedTensor:$indices, AnyRankedTensor:$updates, I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$kind $x `,` $indices `,` $updates `axis` $axis attr-dict `:` type($x) `,` type($indices) `,` type($updates) `->` type($result)";
}

def Ingot_ScatterNdOp : Ingot_TensorOp<"scatter_nd", "Plain"> {
  let summary = "ONNX ScatterND: a copy of `x` with slices updated at the positions in the last dim of `indices`";
  let description = [{ Updates are applied in row-major order of `indices`. }];
  let arguments = (ins Ingot_ScatterKindAttr:$kind, AnyRankedTensor:$x, AnyRankedTensor:$indices, AnyRankedTensor:$updates);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$kind $x `,` $indices `,` $updates attr-dict `:` type($x) `,` type($indices) `,` type($updates) `->` type($result)";
}

def Ingot_ResizeOp : Ingot_PureOp<"resize", "Plain"> {
  let summary = "ONNX Resize by interpolation";
  let description = [{
    One entry of `scales` per dim; 0 stands for the ratio of the sizes, when that depends on symbols. `roi` (starts, then ends, one per dim) is used by `coordinates = "tf_crop_and_resize"`, where outside positions give
    `extrapolation`. `coordinates` and `rounding` are ONNX's `coordinate_transformation_mode` and `nearest_mode`. With `antialias`, linear and cubic filters widen when shrinking.
  }];
  let arguments = (ins Ingot_InterpolationAttr:$mode, AnyRankedTensor:$x, DenseF64ArrayAttr:$scales, StrAttr:$coordinates, StrAttr:$rounding,
                       DefaultValuedAttr<F64Attr, "-0.75">:$cubic_coefficient, UnitAttr:$exclude_outside, DefaultValuedAttr<F64Attr, "0.0">:$extrapolation,
                       UnitAttr:$antialias, OptionalAttr<DenseF64ArrayAttr>:$roi);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$mode $x `scales` $scales $coordinates $rounding attr-dict `:` type($x) `->` type($result)";
}

//===-- Results whose size depends on data -------------------------------------------------------------------------------------------------===//
//
// Each gives tensors of the largest size that there may be, and how much of them is used. What lies behind that is not specified; import binds the
// number to a symbol and slices.

def Ingot_NonZeroOp : Ingot_PureOp<"nonzero", "Plain"> {
  let summary = "the positions of the elements that are not zero";
  let description = [{
    `indices [rank, elements of x] i64`: column k has the coordinates of the k-th such element in row-major order (-0.0 is zero, NaN is not). `count`: how many columns there are, a scalar of `i64`.
    ONNX NonZero. Example: `%i, %n = ingot.nonzero %x : tensor<2x3xf32> -> tensor<2x6xi64>, tensor<i64>`
  }];
  let arguments = (ins AnyRankedTensor:$x);
  let results = (outs AnyRankedTensor:$indices, AnyRankedTensor:$count);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($indices) `,` type($count)";
  let hasVerifier = 1;
}

def Ingot_UniqueOp : Ingot_PureOp<"unique", "Plain"> {
  let summary = "which rows of a matrix are different";
  let description = [{
    Of `x [rows, columns]`: `first [rows] i64`, where each different row stands first, in order of that place, or `sorted` by the rows' values (column by column; NaN last); `inverse [rows] i64`, for each row its position in
    `first`; `occurrences [rows] i64`, how often each entry of `first` stands in `x`; `count i64`, how many there are. ONNX Unique is a gather of `first`.
    Example: `%f, %i, %o, %n = ingot.unique %x {sorted} : tensor<5x1xf32> -> tensor<5xi64>, tensor<5xi64>, tensor<5xi64>, tensor<i64>`
  }];
  let arguments = (ins AnyRankedTensor:$x, UnitAttr:$sorted);
  let results = (outs AnyRankedTensor:$first, AnyRankedTensor:$inverse, AnyRankedTensor:$occurrences, AnyRankedTensor:$count);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($first) `,` type($inverse) `,` type($occurrences) `,` type($count)";
  let hasVerifier = 1;
}

def Ingot_NonMaxSuppressionOp : Ingot_PureOp<"non_max_suppression", "Plain"> {
  let summary = "boxes with high scores that overlap little with better ones";
  let description = [{
    ONNX NonMaxSuppression: `boxes [batch, spatial, 4] f32` (two opposite corners y x y x, or with `center_point_box` centre and size x y w h), `scores [batch, classes, spatial] f32`, and three scalars: the most boxes per class
    (`i64`), the largest intersection over union, and the score that a box must exceed (both `f32`). `selected [most, 3] i64`: batch, class and box, per class the best score first (ties by the lower index); `count i64`: how many.
    `most`: batch * classes * (the spatial dim, or fewer where the most boxes per class are known).
  }];
  let arguments = (ins AnyRankedTensor:$boxes, AnyRankedTensor:$scores, AnyRankedTensor:$max_output, AnyRankedTensor:$iou_threshold, AnyRankedTensor:$score_threshold,
                       UnitAttr:$center_point_box);
  let results = (outs AnyRankedTensor:$selected, AnyRankedTensor:$count);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

//===-- Recurrent ------------------------------------------------------------------------------------------------------------------------===//

def Ingot_RecurrentOp : Ingot_PureOp<"recurrent", "Plain"> {
  let summary = "one direction of ONNX LSTM, GRU or RNN";
  let description = [{
    `x [steps, batch, inputs]`, `w [gates * hidden, inputs]`, `r [gates * hidden, hidden]`, `bias [2 * gates * hidden]` (of w, then of r), `h0 [batch, hidden]`, and for LSTM
    `c0 [batch, hidden]` and `peephole [3 * hidden]` (zeros when absent; for the other cells pass tensors of size 0). Gate order is ONNX's: LSTM i o f c, GRU z r h.
    `activations`: one name per gate function (LSTM f g h, GRU f g, RNN f) with `alphas` and `betas`. `clip` of 0 means none. `reverse` walks the steps backwards, results stay in
    the order of the input. Results: all hidden states `[steps, batch, hidden]`, the last hidden state and the last cell state.
    `linear_before_reset` as in GRU; `input_forget` couples LSTM's gates. `lengths [batch] i32` gives each sequence's own number of steps.
  }];
  let arguments = (ins Ingot_CellKindAttr:$kind, AnyRankedTensor:$x, AnyRankedTensor:$w, AnyRankedTensor:$r, AnyRankedTensor:$bias, AnyRankedTensor:$h0,
                       AnyRankedTensor:$c0, AnyRankedTensor:$peephole, AnyRankedTensor:$lengths, StrArrayAttr:$activations, DenseF64ArrayAttr:$alphas,
                       DenseF64ArrayAttr:$betas, DefaultValuedAttr<F64Attr, "0.0">:$clip, UnitAttr:$reverse, UnitAttr:$linear_before_reset, UnitAttr:$input_forget);
  let results = (outs AnyRankedTensor:$states, AnyRankedTensor:$last_h, AnyRankedTensor:$last_c);
  let assemblyFormat = [{
    $kind `(` $x `,` $w `,` $r `,` $bias `,` $h0 `,` $c0 `,` $peephole `,` $lengths `)` $activations `alphas` $alphas `betas` $betas attr-dict
    `:` functional-type(operands, results)
  }];
}

#endif
