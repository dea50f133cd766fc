// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef DIALECTS_INGOT_INGOTOPSSPARSE_TD
#define DIALECTS_INGOT_INGOTOPSSPARSE_TD

include "dialects/Ingot/IngotOpsBase.td"

// Products whose packed weights are mostly zeros. A block is a row of a panel (`ingot.pack`): 16 columns of one row of the weights, or of a group of rows.

def Ingot_SparsePlacesOp : Ingot_TensorOp<"sparse_places", "Plain"> {
  let summary = "where the blocks of packed weights are that are not zero";
  let description = [{
    `weights [panels, steps, 16 * group]`, of which at most `blocks` blocks hold anything but zeros, become `[panels + 1 + blocks] i32`: for each panel the number of the first of
    its blocks and, behind the last panel, the number of all, then the step of each block, ascending in each panel. What is left of the tensor is filled up with zeros. A negative zero is
    a zero. A recipe of the weight store.
    Example: `%p = ingot.sparse_places %w blocks 100 : tensor<4x64x16xf32> -> tensor<105xi32>`
  }];
  let arguments = (ins AnyRankedTensor:$weights, I64Attr:$blocks);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$weights `blocks` $blocks attr-dict `:` type($weights) `->` type($result)";
}

def Ingot_SparseBlocksOp : Ingot_TensorOp<"sparse_blocks", "Plain"> {
  let summary = "the blocks of packed weights at certain places";
  let description = [{
    `weights [panels, steps, 16 * group]` become `[blocks, 16 * group]`, in the order of `places` (`ingot.sparse_places`); what is behind the last of these is zero. A recipe of the
    weight store.
    Example: `%b = ingot.sparse_blocks %w, %p : tensor<4x64x16xf32>, tensor<105xi32> -> tensor<100x16xf32>`
  }];
  let arguments = (ins AnyRankedTensor:$weights, AnyRankedTensor:$places);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$weights `,` $places attr-dict `:` type($weights) `,` type($places) `->` type($result)";
}

def Ingot_SparseMatMulOp : Ingot_TensorOp<"sparse_matmul", "Contraction"> {
  let summary = "matrix product with weights whose zero blocks are left out";
  let description = [{
    `lhs [.., K]` times the weights of which `blocks [blocks, 16 * group]` stand at `places` gives `[.., columns]`. Types and groups are those of `ingot.packed_matmul`. A zero of the weights
    that is left out does not meet its row: an infinity or NaN there does not reach the result, as it would in a dense product.
    Example: `%y = ingot.sparse_matmul %a, %b places %p columns 64 : (tensor<2x64xf32>, tensor<100x16xf32>, tensor<105xi32>) -> tensor<2x64xf32>`
  }];
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$blocks, AnyRankedTensor:$places, I64Attr:$columns);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$lhs `,` $blocks `places` $places `columns` $columns attr-dict `:` functional-type(operands, results)";
  let extraClassDeclaration = anchorMethod # [{
    /// Rows of the weights that lie side by side in a block.
    int64_t getGroup();
    /// How many blocks there is room for.
    int64_t getBlockCount();
  }];
}

//===-- Two of four ----------------------------------------------------------------------------------------------------------------------------===//

def Ingot_PairPlacesOp : Ingot_TensorOp<"pair_places", "Plain"> {
  let summary = "which two of every four weights of a column are not zero";
  let description = [{
    Of packed `weights [panels, rows, 16] f32`, of whose rows 4 g to 4 g + 3 at most two are not zero in a column, `[panels, rows / 32, 16] i32`: a word for 32 rows of a column, in which bits
    4 g + 2 j and the next one say which row of group g the value j of `ingot.pair_values` has (0 to 3). The number of rows is a multiple of 32. A recipe of the weight store.
    Example: `%p = ingot.pair_places %w : tensor<4x64x16xf32> -> tensor<4x2x16xi32>`
  }];
  let arguments = (ins AnyRankedTensor:$weights);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$weights attr-dict `:` type($weights) `->` type($result)";
}

def Ingot_PairValuesOp : Ingot_TensorOp<"pair_values", "Plain"> {
  let summary = "the two of every four weights of a column that are not zero";
  let description = [{
    Packed `weights` as those of `ingot.pair_places` become `[panels, rows / 2, 16] f32`: for each group of four rows two, in their order, filled up with zeros. A recipe of the weight store.
    Example: `%v = ingot.pair_values %w : tensor<4x64x16xf32> -> tensor<4x32x16xf32>`
  }];
  let arguments = (ins AnyRankedTensor:$weights);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$weights attr-dict `:` type($weights) `->` type($result)";
}

def Ingot_PairMatMulOp : Ingot_TensorOp<"pair_matmul", "Contraction"> {
  let summary = "matrix product with weights of which two of four are stored";
  let description = [{
    `lhs [.., K] f32` times the weights that `values [panels, K / 2, 16] f32` and `places [panels, K / 32, 16] i32` stand for gives `[.., columns] f32`. Zeros that are not stored do not meet their row
    (see `ingot.sparse_matmul`).
    Example: `%y = ingot.pair_matmul %a, %v places %p columns 64 : (tensor<1x64xf32>, tensor<4x32x16xf32>, tensor<4x2x16xi32>) -> tensor<1x64xf32>`
  }];
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$values, AnyRankedTensor:$places, I64Attr:$columns);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$lhs `,` $values `places` $places `columns` $columns attr-dict `:` functional-type(operands, results)";
}

#endif
