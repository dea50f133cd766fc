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

#endif
