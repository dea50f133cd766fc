// Regions of different lanes: each is run by one thread, the number of which goes round, and no barrier stands between them. What reads both waits.
// RUN: ingot-opt %s -ingot-emit-kernels | FileCheck %s

// CHECK-LABEL: func @main
// CHECK: arith.cmpi eq, %{{.*}}, %c0
// CHECK-NOT: ingot_team_barrier
// CHECK: %[[LANE:.*]] = arith.constant 1 : index
// CHECK: %[[OWNER:.*]] = arith.remui %{{.*}}, %{{.*}} : index
// CHECK: arith.cmpi eq, %{{.*}}, %[[OWNER]]
// CHECK: call @ingot_team_barrier
func.func @main(%x: memref<64xf32>, %a: memref<64xf32>, %b: memref<64xf32>, %y: memref<64xf32>) {
  ingot.region ins(%x) outs(%a) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 1, parallel = false> {ingot.beside = array<i64: 0, 0>}
      : (memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%0: tensor<64xf32>):
    %1 = ingot.cumulative sum %0 axis 0 : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %1 : tensor<64xf32>
  }
  ingot.region ins(%x) outs(%b) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 1, parallel = false> {ingot.beside = array<i64: 0, 1>}
      : (memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%0: tensor<64xf32>):
    %1 = ingot.cumulative prod %0 axis 0 : tensor<64xf32> -> tensor<64xf32>
    ingot.yield %1 : tensor<64xf32>
  }
  ingot.region ins(%a, %b) outs(%y) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 1, parallel = false>
      : (memref<64xf32>, memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%0: tensor<64xf32>, %1: tensor<64xf32>):
    %2 = ingot.binary add %0, %1 : tensor<64xf32>, tensor<64xf32> -> tensor<64xf32>
    ingot.yield %2 : tensor<64xf32>
  }
  return
}
