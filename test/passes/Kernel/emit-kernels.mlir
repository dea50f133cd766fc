// RUN: ingot-opt %s -ingot-emit-kernels -split-input-file -verify-diagnostics | FileCheck %s

// Regions that are alike share a function; a barrier stands where one thread's region reads what others have written.
// CHECK-LABEL: func.func @shared
// CHECK-SAME: %[[TEAM:[a-z0-9]+]]: !llvm.ptr, %[[THREAD:[a-z0-9]+]]: index, %[[THREADS:[a-z0-9]+]]: index, %{{[a-z0-9]+}}: !llvm.ptr)
// CHECK: call @[[KERNEL:region_[0-9]+]](%{{.*}}, %[[MIDDLE:.*]], %{{.*}}, %{{.*}})
// CHECK: call @ingot_team_barrier(%[[TEAM]])
// CHECK: call @[[KERNEL]](%[[MIDDLE]],
// CHECK: return
// CHECK: func.func private @[[KERNEL]](%{{.*}}: memref<64xf32>, %{{.*}}: memref<64xf32>, %[[BEGIN:.*]]: index, %[[END:.*]]: index)
// CHECK: scf.for
// CHECK-NOT: ingot.region
func.func @shared(%x: memref<64xf32>, %y: memref<64xf32>, %arena: memref<256xi8> {ingot.arena}, %weights: memref<0xi8> {ingot.weights})
    attributes {ingot.input_count = 1 : i64, ingot.output_count = 1 : i64} {
  %zero = arith.constant 0 : index
  %a = memref.view %arena[%zero][] : memref<256xi8> to memref<64xf32>
  ingot.region ins(%x) outs(%a) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 64, parallel = true>
      : (memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%in: tensor<64xf32>):
    %0 = ingot.unary relu %in : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %0 : tensor<64xf32>
  }
  ingot.region ins(%a) outs(%y) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 64, parallel = true>
      : (memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%in: tensor<64xf32>):
    %0 = ingot.unary relu %in : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %0 : tensor<64xf32>
  }
  return
}

// -----

// What is not divided is run by thread 0, which needs no barrier between its own regions.
// CHECK-LABEL: func.func @serial
// CHECK: %[[FIRST:.*]] = arith.cmpi eq
// CHECK: scf.if %[[FIRST]]
// CHECK-NEXT: call @region_0
// CHECK-NOT: ingot_team_barrier
func.func @serial(%x: memref<4xf32>, %y: memref<4xf32>, %z: memref<4xf32>, %arena: memref<0xi8> {ingot.arena}) {
  ingot.region ins(%x) outs(%y) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 4, parallel = false>
      : (memref<4xf32>, memref<4xf32>) -> () {
  ^bb0(%in: tensor<4xf32>):
    %0 = ingot.unary relu %in : tensor<4xf32> -> tensor<4xf32>
    ingot.yield %0 : tensor<4xf32>
  }
  ingot.region ins(%y) outs(%z) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 4, parallel = false>
      : (memref<4xf32>, memref<4xf32>) -> () {
  ^bb0(%in: tensor<4xf32>):
    %0 = ingot.unary relu %in : tensor<4xf32> -> tensor<4xf32>
    ingot.yield %0 : tensor<4xf32>
  }
  return
}

// -----

func.func @no_plan(%x: memref<4xf32>, %y: memref<4xf32>) {
  // expected-error @+1 {{'ingot.region' op has no plan: run the plan stage first}}
  ingot.region ins(%x) outs(%y) : (memref<4xf32>, memref<4xf32>) -> () {
  ^bb0(%in: tensor<4xf32>):
    %0 = ingot.unary relu %in : tensor<4xf32> -> tensor<4xf32>
    ingot.yield %0 : tensor<4xf32>
  }
  return
}

// -----

// Everything that has no kernel is reported at once.
func.func @no_kernels(%x: memref<4xf32>, %y: memref<4xf32>, %z: memref<4xf32>) {
  // expected-error @+1 {{'ingot.region' op is no map}}
  ingot.region ins(%x) outs(%y) plan <family = map, tile = [16], unroll = 1, lanes = 16, units = 1, parallel = false>
      : (memref<4xf32>, memref<4xf32>) -> () {
  ^bb0(%in: tensor<4xf32>):
    %0 = ingot.norm softmax %in axes [0] : tensor<4xf32> -> tensor<4xf32>
    ingot.yield %0 : tensor<4xf32>
  }
  // expected-error @+1 {{'ingot.region' op is no map}}
  ingot.region ins(%x) outs(%z) plan <family = map, tile = [16], unroll = 1, lanes = 16, units = 1, parallel = false>
      : (memref<4xf32>, memref<4xf32>) -> () {
  ^bb0(%in: tensor<4xf32>):
    %0 = ingot.norm log_softmax %in axes [0] : tensor<4xf32> -> tensor<4xf32>
    ingot.yield %0 : tensor<4xf32>
  }
  return
}

// -----

// Scratch memory of a thread: whole cache lines, the most that a region of the module needs, passed to the kernels that asked for it.
// CHECK-LABEL: module attributes {{.*}}ingot.scratch_bytes = 128 : i64}
// CHECK: func.func @scratch({{.*}}, %[[SCRATCH:[a-z0-9]+]]: memref<128xi8>)
// CHECK: call @[[WITH:region_[0-9]+]]({{.*}}, %[[SCRATCH]])
// CHECK: call @[[WITHOUT:region_[0-9]+]](
// CHECK-NOT: %[[SCRATCH]]
// CHECK: func.func private @[[WITH]]({{.*}}: memref<128xi8>)
// CHECK: func.func private @[[WITHOUT]]({{.*}}: index)
func.func @scratch(%x: memref<64xf32>, %y: memref<64xf32>, %z: memref<64xf32>, %arena: memref<0xi8> {ingot.arena}) {
  ingot.region ins(%x) outs(%y) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 64, parallel = true, scratch = 100>
      : (memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%in: tensor<64xf32>):
    %0 = ingot.unary relu %in : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %0 : tensor<64xf32>
  }
  ingot.region ins(%x) outs(%z) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 64, parallel = true>
      : (memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%in: tensor<64xf32>):
    %0 = ingot.unary relu %in : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %0 : tensor<64xf32>
  }
  return
}
