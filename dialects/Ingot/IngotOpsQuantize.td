// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef DIALECTS_INGOT_INGOTOPSQUANTIZE_TD
#define DIALECTS_INGOT_INGOTOPSQUANTIZE_TD

include "dialects/Ingot/IngotOpsBase.td"

// `ingot.quantize` and `ingot.dequantize` stand between import and the middle of the graph stage only: `ingot-form-integer-products` looks for them,
// `ingot-expand-quantization` replaces the rest.

class Ingot_QuantizationOp<string mnemonic> : Ingot_TensorOp<mnemonic, "Plain"> {
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$x `scale` $scale (`zero_point` $zero_point^)? attr-dict `to` $to `:` functional-type(operands, results)";
}

def Ingot_QuantizeOp : Ingot_QuantizationOp<"quantize"> {
  let summary = "clamp(round(x / scale) + zero_point) as integers of 8 or 16 bits";
  let description = [{
    ONNX QuantizeLinear: halves are rounded to even, and what the type `to` cannot hold becomes its largest or smallest number. Computed in the type of `scale`, f16 and bf16 in f32.
    `scale` (and `zero_point` of the same shape, in the type `to`; without one it is zero) is a scalar, a vector along the dim `axis` of `x`, or, with a `block` of b > 0, a tensor
    of the rank of x with one element for every b elements along `axis`, of which the last block may be cut.
    Example: `%q = ingot.quantize %x scale %s zero_point %z {axis = 1 : i64} to ui8 : (tensor<1x8x4xf32>, tensor<8xf32>, tensor<8xui8>) -> tensor<1x8x4xui8>`
  }];
  let arguments = (ins AnyRankedTensor:$x, AnyRankedTensor:$scale, Optional<AnyRankedTensor>:$zero_point, DefaultValuedAttr<I64Attr, "0">:$axis,
                       DefaultValuedAttr<I64Attr, "0">:$block, TypeAttr:$to);
}

def Ingot_DequantizeOp : Ingot_QuantizationOp<"dequantize"> {
  let summary = "(x - zero_point) * scale";
  let description = [{
    ONNX DequantizeLinear, the inverse of `ingot.quantize`: `scale` and `zero_point` as there, `x` any integers (i32 for a bias) and the result in the float type `to`.
    Example: `%x = ingot.dequantize %q scale %s {axis = 1 : i64, block = 32 : i64} to f32 : (tensor<64x4096xi8>, tensor<64x128xf32>) -> tensor<64x4096xf32>`
  }];
  let arguments = (ins AnyRankedTensor:$x, AnyRankedTensor:$scale, Optional<AnyRankedTensor>:$zero_point, DefaultValuedAttr<I64Attr, "0">:$axis,
                       DefaultValuedAttr<I64Attr, "0">:$block, TypeAttr:$to);
}

def Ingot_UnpackBitsOp : Ingot_TensorOp<"unpack_bits", "Plain"> {
  let summary = "integers of a few bits that lie together in bytes, each in a byte of its own";
  let description = [{
    `x [..., n]` of ui8 becomes `[..., n * 8 / bits]`: element i of a row lies in byte i * bits / 8, the first ones in the low bits, as ONNX stores 4 and 2 bit types and MatMulNBits its
    weights. `bits` is 2 or 4; of type `i8` the highest of them is the sign, of `ui8` there is none.
    Example: `%y = ingot.unpack_bits %x bits 4 to ui8 : tensor<64x16xui8> -> tensor<64x32xui8>`
  }];
  let arguments = (ins AnyRankedTensor:$x, I64Attr:$bits, TypeAttr:$to);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$x `bits` $bits `to` $to attr-dict `:` type($x) `->` type($result)";
}

//===-- Products with weights of 4 bits ------------------------------------------------------------------------------------------------------===//

def Ingot_PackBlocksOp : Ingot_TensorOp<"pack_blocks", "Plain"> {
  let summary = "integers of 4 bits in panels of 16 columns, as `ingot.block_matmul` reads them";
  let description = [{
    `x [N, K]` of ui8 (0 to 15), or of i8 (-8 to 7, stored 8 higher), becomes `[ceil(N / 16), ceil(K / block), 8 * block]` of ui8, filled up with zeros: for each panel and
    each 8 rows of it 64 bytes, of which byte 4 * column + i holds row i in its low half and row i + 4 in its high half. A recipe of the weight store.
    Example: `%p = ingot.pack_blocks %q block 32 : tensor<64x128xui8> -> tensor<4x4x256xui8>`
  }];
  let arguments = (ins AnyRankedTensor:$x, I64Attr:$block);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$x `block` $block attr-dict `:` type($x) `->` type($result)";
}

def Ingot_BlockMatMulOp : Ingot_TensorOp<"block_matmul", "Contraction"> {
  let summary = "matrix product with weights of 4 bits that have scales per column and block";
  let description = [{
    `lhs [.., K] f32` times `(weights - points) * scales` gives `[.., columns] f32`. `weights` are those of `ingot.pack_blocks`; `scales [ceil(columns / 16), ceil(K / block), 16]
    f32` and `points` (ui8, of the same shape; 8 where there are none) belong to a block and a column each. Each row of the lhs becomes, block by block, integers of `bytes` bytes
    times one step, and products of these are exact within a block: with 4 bytes the step is a power of two, at most 2^-29 of the block's largest element, so that f32 numbers
    of at least 1/64 of that are exact; with 1 byte it is 1/127 of it. A block with an infinity or NaN makes its row NaN.
    Example: `%y = ingot.block_matmul %a, %p scales %s block 32 columns 64 bytes 4 : (tensor<1x128xf32>, tensor<4x4x256xui8>, tensor<4x4x16xf32>) -> tensor<1x64xf32>`
  }];
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$weights, AnyRankedTensor:$scales, Optional<AnyRankedTensor>:$points, I64Attr:$block, I64Attr:$columns,
                       I64Attr:$bytes);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $lhs `,` $weights `scales` $scales (`points` $points^)? `block` $block `columns` $columns `bytes` $bytes attr-dict `:` functional-type(operands, results)
  }];
}

#endif
