// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Structured control flow, and symbols whose values follow from data. Each of these operations stands in a block between the others, takes tensors up
// to the region stage and buffers from the plan stage on. Bodies read values of the blocks around them directly.
#ifndef DIALECTS_INGOT_INGOTOPSCONTROL_TD
#define DIALECTS_INGOT_INGOTOPSCONTROL_TD

include "dialects/Ingot/IngotOpsBase.td"

def Ingot_BindDimOp : Ingot_Op<"bind_dim", [MemoryEffects<[MemWrite]>, DeclareOpInterfaceMethods<Ingot_SymbolDefinitionInterface>]> {
  let summary = "gives a symbol the value that a scalar has at run time";
  let description = [{
    From here on tensors may have `symbol` in their dims. The value must be within the symbol's range (`ingot.ranges` of the function) and at most `limit`, a function of symbols known before; else the run
    fails and says so. Plan stage: `value` is a buffer, and the result is the symbol's value.
    Example: `ingot.bind_dim %count symbol 2 limit affine_map<()[s0, s1] -> (s0 * 4)> : (tensor<i64>) -> ()`
  }];
  let arguments = (ins AnyShaped:$value, I64Attr:$symbol, OptionalAttr<AffineMapAttr>:$limit);
  let results = (outs Optional<Index>:$size);
  let assemblyFormat = "$value `symbol` $symbol (`limit` $limit^)? attr-dict `:` functional-type($value, $size)";
}

def Ingot_IfOp : Ingot_Op<"if", [RecursiveMemoryEffects, NoRegionArguments, DeclareOpInterfaceMethods<Ingot_SymbolDefinitionInterface>]> {
  let summary = "one of two bodies, chosen by a condition";
  let description = [{
    Both bodies end with an `ingot.yield` of one tensor per result. Where these differ in a dim, the result's dim is one of `symbols`, which becomes `then_dims` or `else_dims` (one expression per symbol).
    Plan stage: `condition` is a buffer, the bodies yield nothing, and the results are the values of `symbols`.
    Example:
    ```mlir
    %y = ingot.if %c symbols [] : (tensor<i1>) -> tensor<4xf32> {
      %a = ingot.unary relu %x : tensor<4xf32> -> tensor<4xf32>
      ingot.yield %a : tensor<4xf32>
    } else {
      ingot.yield %x : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins AnyShaped:$condition, DenseI64ArrayAttr:$symbols, OptionalAttr<AffineMapAttr>:$then_dims, OptionalAttr<AffineMapAttr>:$else_dims);
  let results = (outs Variadic<AnyType>:$results);
  let regions = (region SizedRegion<1>:$then_body, SizedRegion<1>:$else_body);
  let assemblyFormat = [{
    $condition `symbols` $symbols (`then` $then_dims^)? (`else` $else_dims^)? attr-dict `:` functional-type($condition, $results) $then_body `else` $else_body
  }];
  let hasVerifier = 1;
}

def Ingot_LoopOp : Ingot_Op<"loop", [RecursiveMemoryEffects, AttrSizedOperandSegments, DeclareOpInterfaceMethods<Ingot_SymbolDefinitionInterface>]> {
  let summary = "a body that runs `trips` times, or while a condition holds";
  let description = [{
    The symbol `counter` is 0 in the first trip, 1 in the second, and known inside the body only. With a `condition` the body runs while that is true, at most `trips` times; the symbol `count` is the number
    of trips made.
    The body takes the carried tensors and yields the condition of the next trip (if there is a condition), the next value of each carried tensor, and after them tensors that are stacked: result i of
    these is `[count (or trips), ...]`, with the tensor of each trip one after the other.
    Plan stage: `condition` is a buffer, nothing is carried or yielded, the body takes the value of `counter`, and the result is the value of `count`.
    Example: a sum and all its steps
    ```mlir
    %sum, %sums = ingot.loop inits(%zero) trips affine_map<()[s0] -> (4)> counter 0 : (tensor<3xf32>) -> (tensor<3xf32>, tensor<4x3xf32>) {
    ^bb0(%so_far: tensor<3xf32>):
      %next = ingot.binary add %so_far, %x : tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>
      ingot.yield %next, %next : tensor<3xf32>, tensor<3xf32>
    }
    ```
  }];
  let arguments = (ins Optional<AnyShaped>:$condition, Variadic<AnyRankedTensor>:$inits, AffineMapAttr:$trips, I64Attr:$counter, OptionalAttr<I64Attr>:$count);
  let results = (outs Variadic<AnyType>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    (`while` $condition^)? (`inits` `(` $inits^ `)`)? `trips` $trips `counter` $counter (`count` $count^)? attr-dict `:` functional-type(operands, results) $body
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::ValueRange getYielded() { return getBody().front().getTerminator()->getOperands(); }
    /// What is yielded for the carried tensors, and for those that are stacked.
    ::mlir::ValueRange getCarried() { return getYielded().slice(getCondition() ? 1 : 0, getInits().size()); }
    ::mlir::ValueRange getStacked() { return getYielded().drop_front((getCondition() ? 1 : 0) + getInits().size()); }
    ::mlir::ResultRange getStackedResults() { return getResults().drop_front(getInits().size()); }
    ::mlir::AffineExpr getTripsExpr() { return getTrips().getResult(0); }
    /// The first dim of what is stacked.
    ::mlir::AffineExpr getCountExpr();
  }];
}

#endif
