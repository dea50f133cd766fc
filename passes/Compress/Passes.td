// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_COMPRESS_PASSES_TD
#define PASSES_COMPRESS_PASSES_TD

include "mlir/Pass/PassBase.td"

def ExpandQuantizationPass : Pass<"ingot-expand-quantization", "::mlir::func::FuncOp"> {
  let summary = "write quantization as arithmetic on elements";
  let description = [{
    Each `ingot.quantize` and `ingot.dequantize` that is left (`ingot-form-integer-products` comes before) becomes elementwise operations, exactly as ONNX defines them,
    which fuse with what stands before and after. Scales and zero points are reshaped and, by blocks, repeated to broadcast. Blocks along an open dim that they may not
    divide are reported.
    Example: test/passes/Compress/expand-quantization.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
}

def LowerPrecisionPass : Pass<"ingot-lower-precision", "::mlir::func::FuncOp"> {
  let summary = "let products with weights multiply bf16";
  let description = [{
    A packed matrix product, or a channels-last convolution with whole pairs of channels, of f32 with constant weights gets weights and left side in bf16, rounded to
    nearest even; its sums stay f32. The weights are packed in pairs of rows, which recipes do. The conversion of the left side stands in front of transposes, reshapes
    and pads, at the operation that computes it: region formation makes it a part of that one's epilogue, so that where only products read a tensor it is stored in
    bf16, and what others read (residuals, norms) is f32. Depthwise convolutions, odd numbers of channels and products of two activations stay f32.
    With `stored`, nothing is rounded: weights that the model has in f16 or bf16, and that have been widened (`ingot-widen-halves`) and packed, are packed as they are, and
    widened by the kernel that reads them.
    Example: test/passes/Compress/lower-precision.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
  let options = [Option<"stored", "stored", "bool", "false", "narrow what the model has stored in narrow types, and nothing else">];
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
