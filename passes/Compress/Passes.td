// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_COMPRESS_PASSES_TD
#define PASSES_COMPRESS_PASSES_TD

include "mlir/Pass/PassBase.td"

def ExpandQuantizationPass : Pass<"ingot-expand-quantization", "::mlir::func::FuncOp"> {
  let summary = "write quantization as arithmetic on elements";
  let description = [{
    Each `ingot.quantize` and `ingot.dequantize` that is left (`ingot-form-integer-products` comes before) becomes elementwise operations, exactly as ONNX defines them,
    which fuse with what stands before and after; clamps before quantising that the integers' own range makes superfluous disappear. Scales and zero points are reshaped and, by blocks, repeated to broadcast. Blocks along an open dim that they may not
    divide are reported.
    Example: test/passes/Compress/expand-quantization.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
}

def FormIntegerProductsPass : Pass<"ingot-form-integer-products", "::mlir::func::FuncOp"> {
  let summary = "multiply bytes where a model multiplies what bytes stand for";
  let description = [{
    A matrix product or convolution (channels first) of two dequantised tensors of bytes (`ingot.dequantize` with one scale on the left, on the right one for all or one per output
    channel), or of two tensors of i32 that are bytes minus zero points, becomes a product of ui8 by i8 with sums of i32; bytes of the other signedness have their highest bits flipped, which
    moves their zero points by 128, and `ingot.quantize` to i8 that only dequantisations read makes ui8. Zero points of the left side cost a bias, which is computed from constants, those of
    the right side sums of the left side's rows. Scales follow as elementwise operations. Images are padded by their zero point, and narrow ones get up to three more channels. The right side has to be
    constant. Integers of i32 stay the same bits; floats are those of exact sums.
    Example: test/passes/Compress/form-integer-products.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
}

def FormSparseProductsPass : Pass<"ingot-form-sparse-products", "::mlir::ModuleOp"> {
  let summary = "leave out weights that are zero";
  let description = [{
    An `ingot.packed_matmul`, or a channels-last 1x1 `ingot.conv` without strides, with constant weights of which whole blocks are zero (16 outputs of one input, or of a group of inputs) becomes
    an `ingot.sparse_matmul`: places and blocks are recipes, zero blocks are neither stored nor multiplied. Weights of f32 of which two of every four along the inputs are zero become an
    `ingot.pair_matmul` where few rows make the product as slow as memory: half of the weights are stored, and where they belong. Where the cost model does not promise at least 1.1 times
    the speed of the dense product, that stays. Whoever runs the pass gives it a view of the weights (`ConstantEvaluator`); without one nothing is known. Weights are looked at
    in samples first, and evaluated one after the other only where many of these are zero.
    Example: test/passes/Compress/form-sparse-products.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
  let options = [Option<"remarks", "remarks", "bool", "false", "say what is decided for each product whose weights have many zeros">,
                 Option<"assume", "assume", "double", "-1", "the share of blocks that are not zero, where nothing is known of the weights; below 0: all">,
                 Option<"assumePairs", "assume-pairs", "bool", "false", "with `assume`: at most two of every four weights of a column are not zero">];
}

def LowerPrecisionPass : Pass<"ingot-lower-precision", "::mlir::func::FuncOp"> {
  let summary = "let products with weights multiply bf16";
  let description = [{
    A packed matrix product, or a channels-last convolution with whole pairs of channels, of f32 with constant weights gets weights and left side in bf16, rounded to
    nearest even; its sums stay f32. The weights are packed in pairs of rows, which recipes do. The conversion of the left side stands in front of transposes, reshapes
    and pads, at the operation that computes it: region formation makes it a part of that one's epilogue, so that where only products read a tensor it is stored in
    bf16, and what others read (residuals, norms) is f32. Depthwise convolutions, odd numbers of channels and products of two activations stay f32.
    With `stored`, nothing is rounded: weights that the model has in f16, bf16, f8E4M3FN or f8E5M2, and that have been widened (`ingot-widen-halves`) and packed, are
    packed as they are, and widened by the kernel that reads them. Where they have a scale for each channel, that is multiplied with the product's result instead.
    Example: test/passes/Compress/lower-precision.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
  let options = [Option<"stored", "stored", "bool", "false", "narrow what the model has stored in narrow types, and nothing else">];
}

def PackBlocksPass : Pass<"ingot-pack-blocks", "::mlir::func::FuncOp"> {
  let summary = "keep weights of 4 bits packed in products";
  let description = [{
    An `ingot.matmul` of f32 whose right side is an `ingot.dequantize` of constants of 4 bits (`ingot.unpack_bits`, perhaps reshaped, cut or transposed), with a block of
    16, 32, 64, 128 or 256 elements along the depth, becomes an `ingot.block_matmul`: its weights are an `ingot.pack_blocks`, its scales and zero points stand in panels of
    16 columns beside them, and all of that is computed from constants. Activations become integers of `bytes` bytes. Anything else is left to
    `ingot-expand-quantization`, which comes after it.
    Example: test/passes/Compress/pack-blocks.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
  let options = [Option<"bytes", "bytes", "int64_t", "4", "of the integers that stand for activations: 4 (as exact as f32) or 1">];
}

def SinkDequantizationPass : Pass<"ingot-sink-dequantization", "::mlir::func::FuncOp"> {
  let summary = "move integers instead of what they stand for";
  let description = [{
    Reshapes, transposes, slices, repetitions, look-ups, resizing to the nearest element, joins of tensors that are quantised alike, and pools that take the largest element work on the integers of 8 or 16 bits that an
    `ingot.dequantize` reads, which then stands behind them. An `ingot.quantize` with constant parameters that undoes an `ingot.dequantize` disappears. No value changes.
    Example: test/passes/Compress/sink-dequantization.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
}

def WidenHalvesPass : Pass<"ingot-widen-halves", "::mlir::func::FuncOp"> {
  let summary = "compute in f32 what a model computes in f16 or bf16";
  let description = [{
    Operations with kernels of their own for f32 (elementwise operations, products, convolutions, pools, reductions, norms) and what moves their operands take and give f32;
    an `ingot.cast` widens inputs and weights, and narrows results of the model. Between them nothing is rounded any more, so results are closer to the exact ones than
    those of arithmetic in halves. What is computed from constants alone stays, so weights are widened last: `ingot-lower-precision` can store them as the model does.
    Look-ups, sorting and control flow keep their types.
    Example: test/passes/Compress/widen-halves.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
}

#endif
