// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef DIALECTS_INGOT_INGOTOPSELEMENTWISE_TD
#define DIALECTS_INGOT_INGOTOPSELEMENTWISE_TD

include "dialects/Ingot/IngotOpsBase.td"

class Ingot_ElementwiseOp<string mnemonic> : Ingot_TensorOp<mnemonic, "Elementwise">;

def Ingot_UnaryOp : Ingot_ElementwiseOp<"unary"> {
  let summary = "a function of each element";
  let description = [{
    The result has the operand's shape; its element type is the operand's, or `i1` for `is_nan` and `is_inf`. `alpha` and `beta` as in the ONNX operator of the
    same name: `leaky_relu` slope; `elu` alpha; `hard_sigmoid` max(0, min(1, alpha x + beta)); `silu` x sigmoid(alpha x); `is_inf` detects +inf when alpha != 0 and
    -inf when beta != 0. `not` is logical on `i1`, bitwise on integers. `round_even` rounds halves to even.
    Example: `%y = ingot.unary relu %x : tensor<4xf32> -> tensor<4xf32>`
  }];
  let arguments = (ins Ingot_UnaryKindAttr:$kind, AnyRankedTensor:$x, DefaultValuedAttr<F64Attr, "0.0">:$alpha, DefaultValuedAttr<F64Attr, "0.0">:$beta);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$kind $x attr-dict `:` type($x) `->` type($result)";
  let hasFolder = 1;
}

def Ingot_BinaryOp : Ingot_ElementwiseOp<"binary"> {
  let summary = "a function of two elements of one type";
  let description = [{
    Operands broadcast by ONNX's multidirectional rule. Integer `div` truncates; `mod` has the sign of the divisor, `fmod` of the dividend; `min` and `max` return
    NaN when an operand is NaN; `and`, `or`, `xor` are logical on `i1` and bitwise on integers; `shl` and `shr` give 0 (or copies of the sign of a signed integer) for amounts outside of the width.
    Example: `%y = ingot.binary add %a, %b : tensor<4x1xf32>, tensor<3xf32> -> tensor<4x3xf32>`
  }];
  let arguments = (ins Ingot_BinaryKindAttr:$kind, AnyRankedTensor:$lhs, AnyRankedTensor:$rhs);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$kind $lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs) `->` type($result)";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Ingot_CompareOp : Ingot_ElementwiseOp<"compare"> {
  let summary = "comparison of two elements of one type, as `i1`";
  let description = [{ Operands broadcast. Example: `%y = ingot.compare lt %a, %b : tensor<4xf32>, tensor<4xf32> -> tensor<4xi1>` }];
  let arguments = (ins Ingot_PredicateAttr:$predicate, AnyRankedTensor:$lhs, AnyRankedTensor:$rhs);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$predicate $lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs) `->` type($result)";
}

def Ingot_SelectOp : Ingot_ElementwiseOp<"select"> {
  let summary = "`condition ? lhs : rhs`, element by element";
  let description = [{ All three operands broadcast. Example: `%y = ingot.select %c, %a, %b : tensor<4xi1>, tensor<4xf32>, tensor<1xf32> -> tensor<4xf32>` }];
  let arguments = (ins AnyRankedTensor:$condition, AnyRankedTensor:$lhs, AnyRankedTensor:$rhs);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$condition `,` $lhs `,` $rhs attr-dict `:` type($condition) `,` type($lhs) `,` type($rhs) `->` type($result)";
}

def Ingot_CastOp : Ingot_ElementwiseOp<"cast"> {
  let summary = "conversion to another element type";
  let description = [{
    As ONNX Cast: float to integer truncates (values outside the range are clamped; NaN gives the smallest number of i32 and i64, which is no index, and 0 of the other types), float to float rounds to nearest even, to `i1` tests for non-zero.
    Example: `%y = ingot.cast %x : tensor<4xf32> -> tensor<4xi64>`
  }];
  let arguments = (ins AnyRankedTensor:$x, TypeAttr:$to);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$x `to` $to attr-dict `:` type($x) `->` type($result)";
  let hasFolder = 1;
}

def Ingot_BitcastOp : Ingot_ElementwiseOp<"bitcast"> {
  let summary = "the same bits as another element type of the same width";
  let description = [{ Example: `%y = ingot.bitcast %x to i32 : tensor<4xf32> -> tensor<4xi32>` }];
  let arguments = (ins AnyRankedTensor:$x, TypeAttr:$to);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$x `to` $to attr-dict `:` type($x) `->` type($result)";
}

#endif
