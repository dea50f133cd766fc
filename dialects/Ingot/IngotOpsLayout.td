// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef DIALECTS_INGOT_INGOTOPSLAYOUT_TD
#define DIALECTS_INGOT_INGOTOPSLAYOUT_TD

include "dialects/Ingot/IngotOpsBase.td"

def Ingot_ConstantOp : Ingot_TensorOp<"constant", "Constant", [ConstantLike]> {
  let summary = "a constant tensor: small values in the IR, the handle of a weight, or the recipe that makes it of weights";
  let description = [{
    Values up to 4 KiB may be a dense attribute; everything larger is `#ingot.weight` or `#ingot.recipe`.
    Example: `%w = ingot.constant #ingot.weight<3, "conv1.weight"> : tensor<64x3x7x7xf32>`
  }];
  let arguments = (ins TypedAttrInterface:$value);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
}

def Ingot_ReshapeOp : Ingot_PureOp<"reshape", "View"> {
  let summary = "the same elements in the same row-major order under another shape";
  let description = [{ Example: `%y = ingot.reshape %x : tensor<2x3xf32> -> tensor<6xf32>` }];
  let arguments = (ins AnyRankedTensor:$x);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($result)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Ingot_TransposeOp : Ingot_TensorOp<"transpose", "View"> {
  let summary = "permuted dims: `result.dim[i] = x.dim[permutation[i]]`";
  let description = [{ Example: `%y = ingot.transpose %x [1, 0] : tensor<2x3xf32> -> tensor<3x2xf32>` }];
  let arguments = (ins AnyRankedTensor:$x, DenseI64ArrayAttr:$permutation);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$x $permutation attr-dict `:` type($x) `->` type($result)";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Ingot_BroadcastOp : Ingot_PureOp<"broadcast", "Elementwise"> {
  let summary = "repeats dims of size 1 up to the result's shape (ONNX Expand); ranks are aligned at the last dim";
  let description = [{ Example: `%y = ingot.broadcast %x : tensor<3x1xf32> -> tensor<2x3x4xf32>` }];
  let arguments = (ins AnyRankedTensor:$x);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($result)";
  let hasFolder = 1;
}

def Ingot_EqualDimsOp : Ingot_PureOp<"equal_dims", "View"> {
  let summary = "the same tensor with its symbolic dims written as others that equal them";
  let description = [{
    Import adds it where an operation needs two symbolic dims to be equal; the model's `ingot.relations` hold what has to be true, and each run checks it first.
    Example: `%y = ingot.equal_dims %x : tensor<?xf32, #ingot.dims<()[s0, s1] -> (s1)>> -> tensor<?xf32, #ingot.dims<()[s0] -> (s0)>>`
  }];
  let arguments = (ins AnyRankedTensor:$x);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($result)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Ingot_DimsOp : Ingot_PureOp<"dims", "Plain"> {
  let summary = "numbers that follow from the model's symbols, as a tensor";
  let description = [{
    Example: `%y = ingot.dims affine_map<()[s0] -> (s0, s0 * 2)> : tensor<2xi64>`
  }];
  let arguments = (ins AffineMapAttr:$values);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$values attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Ingot_SliceOp : Ingot_TensorOp<"slice", "View"> {
  let summary = "`result[i] = x[offsets + i * strides]`, strides may be negative";
  let description = [{
    Offsets, sizes and strides, one of each per dim. Where an offset or a size depends on symbols, `bounds` has all offsets and then all sizes as expressions, and
    the number stands as `ShapedType::kDynamic`.
    Example: `%y = ingot.slice %x [1] [2] [1] : tensor<4xf32> -> tensor<2xf32>`
  }];
  let arguments = (ins AnyRankedTensor:$x, DenseI64ArrayAttr:$offsets, DenseI64ArrayAttr:$sizes, DenseI64ArrayAttr:$strides,
                       OptionalAttr<AffineMapAttr>:$bounds);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$x $offsets $sizes $strides (`bounds` $bounds^)? attr-dict `:` type($x) `->` type($result)";
  let hasFolder = 1;
  let builders = [
    OpBuilder<(ins "::mlir::Value":$x, "::llvm::ArrayRef<int64_t>":$offsets, "::llvm::ArrayRef<int64_t>":$sizes, "::llvm::ArrayRef<int64_t>":$strides),
              [{ build($_builder, $_state, x, offsets, sizes, strides, ::mlir::AffineMapAttr()); }]>,
    OpBuilder<(ins "::mlir::Type":$type, "::mlir::Value":$x, "::llvm::ArrayRef<int64_t>":$offsets, "::llvm::ArrayRef<int64_t>":$sizes,
                   "::llvm::ArrayRef<int64_t>":$strides),
              [{ build($_builder, $_state, type, x, offsets, sizes, strides, ::mlir::AffineMapAttr()); }]>];
}

def Ingot_ConcatOp : Ingot_TensorOp<"concat", "View"> {
  let summary = "tensors one after the other along `axis`";
  let description = [{ Example: `%y = ingot.concat %a, %b axis 0 : (tensor<2xf32>, tensor<3xf32>) -> tensor<5xf32>` }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$inputs `axis` $axis attr-dict `:` functional-type($inputs, $result)";
  let hasFolder = 1;
}

def Ingot_PadOp : Ingot_TensorOp<"pad", "View"> {
  let summary = "a border of `low` and `high` elements per dim";
  let description = [{
    `low` and `high` are not negative. `value` (a scalar tensor attribute of the element type) fills the border in mode `constant`.
    Example: `%y = ingot.pad constant %x low [0, 1] high [0, 1] value dense<0.0> : tensor<f32> : tensor<2x3xf32> -> tensor<2x5xf32>`
  }];
  let arguments = (ins Ingot_PadModeAttr:$mode, AnyRankedTensor:$x, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high, ElementsAttr:$value);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$mode $x `low` $low `high` $high `value` $value attr-dict `:` type($x) `->` type($result)";
  let hasFolder = 1;
}

#endif
