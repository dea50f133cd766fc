// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef DIALECTS_INGOT_INGOTDIALECT_TD
#define DIALECTS_INGOT_INGOTDIALECT_TD

include "mlir/IR/OpBase.td"

def Ingot_Dialect : Dialect {
  let name = "ingot";
  let cppNamespace = "::ingot";
  let summary = "models as tensor operations, and regions of fused computation with their plans";
  let description = [{
    A small, orthogonal core into which ONNX operators are imported; it is not a mirror of ONNX. Tensors are ranked. Element types: floats, signless integers
    (signed values), `ui8`..`ui64`, and `i1` for booleans. A symbolic dim is `?` with an `#ingot.dims` encoding. Binary elementwise operations broadcast as ONNX
    does (numpy rules). Weights are `ingot.constant #ingot.weight<...>`: a handle into the weight store, never the values.

    The same `ingot.region` carries a fused computation through two stages: on tensors after region formation, on planned buffers with a `#ingot.plan` after planning.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
}

class Ingot_Op<string mnemonic, list<Trait> traits = []> : Op<Ingot_Dialect, mnemonic, traits>;

#endif
