// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef DIALECTS_INGOT_INGOTOPSBASE_TD
#define DIALECTS_INGOT_INGOTOPSBASE_TD

include "dialects/Ingot/IngotAttrs.td"
include "dialects/Ingot/IngotInterfaces.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

/// An operation on tensors. `anchor` is what it is to region formation.
class Ingot_PureOp<string mnemonic, string anchor, list<Trait> traits = []> : Ingot_Op<mnemonic, !listconcat([Pure, Ingot_RegionFormationInterface], traits)> {
  code anchorMethod = "::ingot::Anchor getAnchor() { return ::ingot::Anchor::" # anchor # "; }";
  let extraClassDeclaration = anchorMethod;
}

/// One whose result type follows from operands and attributes.
class Ingot_TensorOp<string mnemonic, string anchor, list<Trait> traits = []>
  : Ingot_PureOp<mnemonic, anchor, !listconcat([InferTypeOpAdaptor], traits)>;

#endif
