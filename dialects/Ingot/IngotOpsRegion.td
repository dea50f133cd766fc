// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef DIALECTS_INGOT_INGOTOPSREGION_TD
#define DIALECTS_INGOT_INGOTOPSREGION_TD

include "dialects/Ingot/IngotOpsBase.td"

def Ingot_RegionOp : Ingot_Op<"region", [IsolatedFromAbove, SingleBlock, AttrSizedOperandSegments, DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "a fused computation: an anchor with its prologue and epilogue";
  let description = [{
    Region stage: `inputs` are tensors, there are no `outputs`, and the results are the tensors that the body yields. Plan stage: `inputs` and `outputs` are
    memrefs of the same shapes (with the element's storage type: `i8` for `i1`, signless integers), there are no results, and `plan` holds every decision.
    The body always computes on tensors: one argument per input, and `ingot.yield` of one tensor per result (or output). One more output `memref<Nxi8>` is scratch
    memory for the kernel.

    With symbolic dims, at the plan stage: `strides` has an affine map from the symbols to the strides of each buffer, in elements. A buffer whose shape or
    strides depend on symbols is a flat memref of the most elements that it can have; its sizes are those of the body's tensor.

    Example (region stage):
    ```mlir
    %y = ingot.region ins(%x, %w, %b) : (tensor<4x768xf32>, tensor<48x768x16xf32>, tensor<768xf32>) -> tensor<4x768xf32> {
    ^bb0(%x0: tensor<4x768xf32>, %w0: tensor<48x768x16xf32>, %b0: tensor<768xf32>):
      %c = ingot.packed_matmul %x0, %w0 : tensor<4x768xf32>, tensor<48x768x16xf32> -> tensor<4x768xf32>
      %s = ingot.binary add %c, %b0 : tensor<4x768xf32>, tensor<768xf32> -> tensor<4x768xf32>
      ingot.yield %s : tensor<4x768xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<AnyShaped>:$inputs, Variadic<AnyMemRef>:$outputs, OptionalAttr<Ingot_PlanAttr>:$plan, OptionalAttr<AffineMapArrayAttr>:$strides);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    `ins` `(` $inputs `)` (`outs` `(` $outputs^ `)`)? (`plan` $plan^)? (`strides` $strides^)? attr-dict `:` functional-type(operands, results) $body
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Operation *getYield() { return getBody().front().getTerminator(); }
    /// The tensors that the body computes, one per result or output.
    ::mlir::ValueRange getYielded() { return getYield()->getOperands(); }
    /// The operation whose loops the region's kernel is built around: the one that is not elementwise, or the last one.
    ::mlir::Operation *getAnchorOp();
    /// The strides of a buffer as expressions of the symbols: operand `i` of inputs and outputs together.
    ::llvm::SmallVector<::mlir::AffineExpr, 6> getBufferStrides(unsigned i);
    /// Whether buffer `i` depends on symbols, and therefore is a flat memref.
    bool isSymbolicBuffer(unsigned i);
  }];
}

def Ingot_YieldOp : Ingot_Op<"yield", [Pure, Terminator, ParentOneOf<["::ingot::RegionOp", "::ingot::IfOp", "::ingot::LoopOp"]>]> {
  let summary = "the tensors that a region or the body of control flow computes";
  let description = [{ Example: `ingot.yield %y : tensor<4xf32>` }];
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let builders = [OpBuilder<(ins), [{}]>];
}

def Ingot_StripOp : Ingot_Op<"strip", [MemoryEffects<[MemAlloc]>]> {
  let summary = "the buffer of a tensor of which each thread holds some rows at a time";
  let description = [{
    Plan stage: what one region of a chain (`ingot-chain-rows`) hands to the next. The type is that of the whole tensor, an image `[N, H, W, C]` without gaps; in memory there is
    only, for each thread and in its scratch memory, the strip of rows that the chain is at. Only the regions of one chain use it: one writes, the next one reads it.
    Example: `%rows = ingot.strip : memref<1x256x256x96xf32>`
  }];
  let results = (outs AnyStaticShapeMemRef:$buffer);
  let assemblyFormat = "attr-dict `:` type($buffer)";
}

#endif
