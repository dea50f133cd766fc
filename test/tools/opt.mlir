// RUN: ingot opt %s --passes=canonicalize | FileCheck %s --check-prefix=ONE
// RUN: ingot opt %s --passes='canonicalize(max-iterations=1,top-down=true),func.func(cse)' --print-ir-after=cse --time-passes 2>&1 >/dev/null | FileCheck %s --check-prefix=WATCH
// RUN: ingot opt %s --stop-after=region | FileCheck %s --check-prefix=REGION
// RUN: ingot opt %s --stop-after=import | FileCheck %s --check-prefix=IMPORT
// RUN: ingot opt %s -O0 --stop-after=graph --disable-pass=canonicalize --disable-pass=cse | FileCheck %s --check-prefix=IMPORT
// RUN: ingot opt %s -O0 | FileCheck %s --check-prefix=LLVM
// RUN: bash -c 'ingot opt %s --passes=canonicalise; echo code $?' 2>&1 | FileCheck %s --check-prefix=PASS
// RUN: bash -c 'ingot opt %s --stop-after=regoin; echo code $?' 2>&1 | FileCheck %s --check-prefix=STAGE
// RUN: bash -c 'ingot opt %s --disable-pass=ingot-form-region; echo code $?' 2>&1 | FileCheck %s --check-prefix=DISABLE
// RUN: bash -c 'ingot opt %s --stop-after=graph --print-ir-after=ingot-form-regions; echo code $?' 2>&1 | FileCheck %s --check-prefix=LATER
// RUN: bash -c 'ingot opt %s --passes="canonicalize(depth=1)"; echo code $?' 2>&1 | FileCheck %s --check-prefix=OPTION
// RUN: bash -c 'echo "func.func @f() { nonsense }" > %t.mlir; ingot opt %t.mlir; echo code $?' 2>&1 | FileCheck %s --check-prefix=PARSE
// RUN: bash -c 'ingot opt %t.none.mlir; echo code $?' 2>&1 | FileCheck %s --check-prefix=ABSENT

// ONE-COUNT-1: ingot.unary relu
// ONE-NOT: ingot.unary
// WATCH: // IR after cse
// WATCH: ingot.unary relu
// WATCH: seconds share runs pass
// WATCH: 1 canonicalize
// WATCH: 1 cse
// WATCH: all passes
// REGION-COUNT-1: ingot.region
// REGION-NOT: llvm.
// IMPORT-COUNT-2: ingot.unary relu
// LLVM: llvm.func @model_run
// PASS: error: unknown pass 'canonicalise'; did you mean 'canonicalize'?
// PASS: code 2
// STAGE: error: unknown stage 'regoin'; did you mean 'region'? The stages are import, graph, region, plan, kernel, llvm
// STAGE: code 2
// DISABLE: error: unknown pass 'ingot-form-region'; did you mean 'ingot-form-regions'?
// DISABLE: code 2
// LATER: error: the pass 'ingot-form-regions' does not run here
// LATER: code 2
// OPTION: error: --passes: {{.*}}depth
// OPTION: code 2
// PARSE: error: {{.*}}.mlir:1:18: {{.*}}nonsense
// PARSE: code 1
// ABSENT: error: cannot read '{{.*}}none.mlir'
// ABSENT: code 1

func.func @main(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %a = ingot.unary relu %x : tensor<4x8xf32> -> tensor<4x8xf32>
  %unused = ingot.unary relu %x : tensor<4x8xf32> -> tensor<4x8xf32>
  return %a : tensor<4x8xf32>
}
