// RUN: ingot-opt %s -ingot-mark-regions=first-region=100 -split-input-file -verify-diagnostics | FileCheck %s
// RUN: ingot-opt %s -ingot-mark-regions -ingot-emit-entry=symbol=net_run -split-input-file -verify-diagnostics | FileCheck %s --check-prefix=ENTRY

// One body: behind each region and barrier the call of a function that tests the new last argument, and does hardly ever more. Other calls are left
// alone.
// CHECK: llvm.func @ingot_profiler_mark(!llvm.ptr, i64, i32)
// CHECK: llvm.func internal @mark_region(%[[TOLD:.*]]: !llvm.ptr, %[[WHO:.*]]: i64, %[[WHAT:.*]]: i32) attributes {no_inline}
// CHECK: %[[NULL:.*]] = llvm.mlir.zero : !llvm.ptr
// CHECK-NEXT: %[[WANTED:.*]] = llvm.icmp "ne" %[[TOLD]], %[[NULL]] : !llvm.ptr
// CHECK-NEXT: llvm.cond_br %[[WANTED]] weights([1, 2000]), ^[[TELL:.*]], ^[[LEAVE:.*]]
// CHECK-NEXT: ^[[TELL]]:
// CHECK-NEXT: llvm.call @ingot_profiler_mark(%[[TOLD]], %[[WHO]], %[[WHAT]])
// CHECK-NEXT: llvm.br ^[[LEAVE]]
// CHECK: llvm.func @main({{.*}}, %[[THREAD:.*]]: i64, %{{.*}}: i64, %{{.*}}: !llvm.ptr, %[[PROFILER:.*]]: !llvm.ptr {ingot.profiler})
// CHECK-NEXT: llvm.call @region_0(%arg0) : (!llvm.ptr) -> ()
// CHECK-NEXT: %[[FIRST:.*]] = llvm.mlir.constant(100 : i32) : i32
// CHECK-NEXT: llvm.call @mark_region(%[[PROFILER]], %[[THREAD]], %[[FIRST]])
// CHECK-NEXT: llvm.call @ingot_team_barrier
// CHECK-NEXT: llvm.mlir.constant(-101 : i32) : i32
// CHECK-NEXT: llvm.call @mark_region
// CHECK-NEXT: llvm.call @region_0(%arg1) : (!llvm.ptr) -> ()
// CHECK-NEXT: llvm.mlir.constant(101 : i32) : i32
// CHECK-NEXT: llvm.call @mark_region
// CHECK-NEXT: llvm.call @other
// CHECK-NOT: mark_region
// CHECK: llvm.return

// The runtime's function of a call loads the profiler from behind the scratch memory.
// ENTRY-COUNT-1: llvm.func internal @main
// ENTRY: llvm.func @net_run(%[[CALL:.*]]: !llvm.ptr
// ENTRY: %[[AT:.*]] = llvm.getelementptr %[[CALL]][8]
// ENTRY: %[[PROFILER:.*]] = llvm.load %[[AT]]
// ENTRY: llvm.call @main({{.*}}, %[[PROFILER]])
llvm.func @main(%in: !llvm.ptr, %out: !llvm.ptr, %arena: !llvm.ptr, %weights: !llvm.ptr, %team: !llvm.ptr, %thread: i64, %threads: i64,
                %failure: !llvm.ptr) attributes {ingot.input_count = 1 : i64, ingot.output_count = 1 : i64, ingot.thread_argument = 5 : i64} {
  llvm.call @region_0(%in) {ingot.profile_number = 0 : i32} : (!llvm.ptr) -> ()
  %stop = llvm.call @ingot_team_barrier(%team) {ingot.profile_after = 0 : i32} : (!llvm.ptr) -> i32
  llvm.call @region_0(%out) {ingot.profile_number = 1 : i32} : (!llvm.ptr) -> ()
  llvm.call @other() : () -> ()
  llvm.return
}
llvm.func @region_0(%buffer: !llvm.ptr) {
  llvm.return
}
llvm.func @other() {
  llvm.return
}
llvm.func @ingot_team_barrier(!llvm.ptr) -> i32

// -----

// Without regions nothing changes.
// CHECK-NOT: mark_region
// CHECK: llvm.func @main(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: i64, %{{.*}}: i64, %{{.*}}: !llvm.ptr) attributes
// ENTRY: llvm.func @net_run
llvm.func @main(%arena: !llvm.ptr, %weights: !llvm.ptr, %team: !llvm.ptr, %thread: i64, %threads: i64, %failure: !llvm.ptr)
    attributes {ingot.input_count = 0 : i64, ingot.output_count = 0 : i64, ingot.thread_argument = 3 : i64} {
  llvm.return
}

// -----

llvm.func @region_0() {
  llvm.return
}
// expected-error @+1 {{has regions to mark, but no argument is known to be the number of the thread}}
llvm.func @main(%team: !llvm.ptr) attributes {ingot.input_count = 0 : i64, ingot.output_count = 0 : i64} {
  llvm.call @region_0() {ingot.profile_number = 0 : i32} : () -> ()
  llvm.return
}
