// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef DIALECTS_INGOT_INGOTINTERFACES_TD
#define DIALECTS_INGOT_INGOTINTERFACES_TD

include "mlir/IR/OpBase.td"

def Ingot_RegionFormationInterface : OpInterface<"RegionFormationInterface"> {
  let cppNamespace = "::ingot";
  let description = [{ What region formation and planning ask of an operation. }];
  let methods = [
    InterfaceMethod<"What the operation is to region formation.", "::ingot::Anchor", "getAnchor">,
    InterfaceMethod<"Iterations of the loop nest that computes it: output elements times reduced elements; 0 when a dim is symbolic.", "int64_t",
      "getIterationCount", (ins), [{}], [{ return ::ingot::countElements($_op->getResult(0).getType()); }]>,
    InterfaceMethod<"Whether it can follow an anchor in the anchor's region, element by element.", "bool", "isEpilogue", (ins), [{}],
      [{ return $_op.getAnchor() == ::ingot::Anchor::Elementwise; }]>
  ];
}

def Ingot_SymbolDefinitionInterface : OpInterface<"SymbolDefinitionInterface"> {
  let cppNamespace = "::ingot";
  let description = [{ An operation that gives symbols of the model their values: operations that need these stand after it. }];
  let methods = [InterfaceMethod<"The symbols that are known after the operation.", "::llvm::SmallVector<int64_t>", "getDefinedSymbols">];
}

#endif
