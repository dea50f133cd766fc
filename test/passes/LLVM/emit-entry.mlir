// RUN: ingot-opt %s -ingot-emit-entry=symbol=net_run -split-input-file -verify-diagnostics | FileCheck %s

// Weights, arena, inputs, outputs and team are the fields of IngotCall, a pointer each; status and failed_site, behind them, are passed by address.
// CHECK: llvm.func internal @main
llvm.func @main(%in: !llvm.ptr, %out: !llvm.ptr, %arena: !llvm.ptr, %weights: !llvm.ptr, %team: !llvm.ptr, %thread: i64, %threads: i64, %failure: !llvm.ptr)
    attributes {ingot.input_count = 1 : i64, ingot.output_count = 1 : i64} {
  llvm.return
}
// CHECK: llvm.func @ingot_team_barrier(!llvm.ptr)
llvm.func @ingot_team_barrier(!llvm.ptr)

// CHECK: llvm.func @net_run(%[[CALL:.*]]: !llvm.ptr, %[[THREAD:.*]]: i64, %[[THREADS:.*]]: i64)
// CHECK: %[[INPUTS_AT:.*]] = llvm.getelementptr %[[CALL]][2]
// CHECK: %[[INPUTS:.*]] = llvm.load %[[INPUTS_AT]]
// CHECK: %[[OUTPUTS_AT:.*]] = llvm.getelementptr %[[CALL]][3]
// CHECK: %[[OUTPUTS:.*]] = llvm.load %[[OUTPUTS_AT]]
// CHECK: %[[INPUT_AT:.*]] = llvm.getelementptr %[[INPUTS]][0]
// CHECK: %[[INPUT:.*]] = llvm.load %[[INPUT_AT]]
// CHECK: %[[OUTPUT_AT:.*]] = llvm.getelementptr %[[OUTPUTS]][0]
// CHECK: %[[OUTPUT:.*]] = llvm.load %[[OUTPUT_AT]]
// CHECK: %[[ARENA_AT:.*]] = llvm.getelementptr %[[CALL]][1]
// CHECK: %[[ARENA:.*]] = llvm.load %[[ARENA_AT]]
// CHECK: %[[WEIGHTS_AT:.*]] = llvm.getelementptr %[[CALL]][0]
// CHECK: %[[WEIGHTS:.*]] = llvm.load %[[WEIGHTS_AT]]
// CHECK: %[[TEAM_AT:.*]] = llvm.getelementptr %[[CALL]][4]
// CHECK: %[[TEAM:.*]] = llvm.load %[[TEAM_AT]]
// CHECK: %[[FAILURE:.*]] = llvm.getelementptr %[[CALL]][5]
// CHECK: llvm.call @main(%[[INPUT]], %[[OUTPUT]], %[[ARENA]], %[[WEIGHTS]], %[[TEAM]], %[[THREAD]], %[[THREADS]], %[[FAILURE]])

// -----

// A barrier that says that the call was cancelled ends the function.
// CHECK: llvm.func internal @main
// CHECK: %[[STOP:.*]] = llvm.call @ingot_team_barrier
// CHECK: %[[CANCELLED:.*]] = llvm.icmp "ne" %[[STOP]], %{{.*}} : i32
// CHECK: llvm.cond_br %[[CANCELLED]], ^[[LEAVE:.*]], ^[[GO_ON:.*]]
// CHECK: ^[[GO_ON]]:
// CHECK-NEXT: llvm.store
// CHECK-NEXT: llvm.return
// CHECK: ^[[LEAVE]]:
// CHECK-NEXT: llvm.return
llvm.func @main(%in: !llvm.ptr, %out: !llvm.ptr, %arena: !llvm.ptr, %weights: !llvm.ptr, %team: !llvm.ptr, %thread: i64, %threads: i64,
                %failure: !llvm.ptr)
    attributes {ingot.input_count = 1 : i64, ingot.output_count = 1 : i64} {
  %stop = llvm.call @ingot_team_barrier(%team) : (!llvm.ptr) -> i32
  llvm.store %thread, %out : i64, !llvm.ptr
  llvm.return
}
llvm.func @ingot_team_barrier(!llvm.ptr) -> i32

// -----

// What the model's function calls stays a function of its own.
// CHECK: llvm.func internal @main(%{{.*}}) attributes {ingot.input_count
// CHECK: llvm.func internal @region_0() attributes {no_inline}
llvm.func @main(%arena: !llvm.ptr, %weights: !llvm.ptr, %team: !llvm.ptr, %thread: i64, %threads: i64, %failure: !llvm.ptr)
    attributes {ingot.input_count = 0 : i64, ingot.output_count = 0 : i64} {
  llvm.call @region_0() : () -> ()
  llvm.return
}
llvm.func @region_0() {
  llvm.return
}

// -----

// A thread's scratch memory, where the module says how much each has.
// CHECK: llvm.func @net_run(%[[CALL:.*]]: !llvm.ptr, %[[THREAD:.*]]: i64, %{{.*}}: i64)
// CHECK: %[[BYTES:.*]] = llvm.mlir.constant(192 : i64)
// CHECK: %[[OFFSET:.*]] = llvm.mul %[[THREAD]], %[[BYTES]]
// CHECK: %[[SCRATCH_AT:.*]] = llvm.getelementptr %[[CALL]][7]
// CHECK: %[[SCRATCH:.*]] = llvm.load %[[SCRATCH_AT]]
// CHECK: %[[MINE:.*]] = llvm.getelementptr %[[SCRATCH]][%[[OFFSET]]] : (!llvm.ptr, i64) -> !llvm.ptr, i8
// CHECK: llvm.call @main({{.*}}, %[[MINE]])
module attributes {ingot.scratch_bytes = 192 : i64} {
  llvm.func @main(%in: !llvm.ptr, %out: !llvm.ptr, %arena: !llvm.ptr, %weights: !llvm.ptr, %team: !llvm.ptr, %thread: i64, %threads: i64,
                  %failure: !llvm.ptr, %scratch: !llvm.ptr)
      attributes {ingot.input_count = 1 : i64, ingot.output_count = 1 : i64} {
    llvm.return
  }
}

// -----

// expected-error @+1 {{has no model function: run the stages up to kernel first}}
module {
  llvm.func @helper() {
    llvm.return
  }
}
