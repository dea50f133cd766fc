// RUN: ingot-opt %s --ingot-emit-kernels --split-input-file | FileCheck %s

// A product that only a sum of its shape reads is rounded with it.
// CHECK-LABEL: func.func private @region_0
// CHECK: math.fma
// CHECK-NOT: arith.mulf
// CHECK-NOT: arith.addf
func.func @sum(%x: memref<64xf32>, %y: memref<64xf32>, %z: memref<64xf32>) {
  ingot.region ins(%x, %y) outs(%z) plan <family = map, tile = [64], unroll = 1, lanes = 16, units = 1, parallel = false>
      : (memref<64xf32>, memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%a: tensor<64xf32>, %b: tensor<64xf32>):
    %scale = ingot.constant dense<0.25> : tensor<f32>
    %0 = ingot.binary mul %a, %scale : tensor<64xf32>, tensor<f32> -> tensor<64xf32>
    %1 = ingot.binary add %b, %0 : tensor<64xf32>, tensor<64xf32> -> tensor<64xf32>
    ingot.yield %1 : tensor<64xf32>
  }
  return
}

// -----

// z - x y and x y - z change signs.
// CHECK-LABEL: func.func private @region_0
// CHECK: %[[X:.*]] = arith.negf
// CHECK: math.fma %[[X]]
// CHECK: %[[Z:.*]] = arith.negf
// CHECK: math.fma %{{.*}}, %{{.*}}, %[[Z]]
func.func @differences(%x: memref<64xf32>, %y: memref<64xf32>, %z: memref<64xf32>, %t: memref<64xf32>) {
  ingot.region ins(%x, %y) outs(%z, %t) plan <family = map, tile = [64], unroll = 1, lanes = 16, units = 1, parallel = false>
      : (memref<64xf32>, memref<64xf32>, memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%a: tensor<64xf32>, %b: tensor<64xf32>):
    %scale = ingot.constant dense<0.25> : tensor<f32>
    %0 = ingot.binary mul %a, %scale : tensor<64xf32>, tensor<f32> -> tensor<64xf32>
    %1 = ingot.binary sub %b, %0 : tensor<64xf32>, tensor<64xf32> -> tensor<64xf32>
    %2 = ingot.binary mul %b, %a : tensor<64xf32>, tensor<64xf32> -> tensor<64xf32>
    %3 = ingot.binary sub %2, %a : tensor<64xf32>, tensor<64xf32> -> tensor<64xf32>
    ingot.yield %1, %3 : tensor<64xf32>, tensor<64xf32>
  }
  return
}

// -----

// A product that somebody else reads, too, is what they read.
// CHECK-LABEL: func.func private @region_0
// CHECK-NOT: math.fma
// CHECK: arith.mulf
// CHECK: arith.addf
func.func @shared(%x: memref<64xf32>, %y: memref<64xf32>, %z: memref<64xf32>) {
  ingot.region ins(%x) outs(%y, %z) plan <family = map, tile = [64], unroll = 1, lanes = 16, units = 1, parallel = false>
      : (memref<64xf32>, memref<64xf32>, memref<64xf32>) -> () {
  ^bb0(%a: tensor<64xf32>):
    %scale = ingot.constant dense<0.25> : tensor<f32>
    %0 = ingot.binary mul %a, %scale : tensor<64xf32>, tensor<f32> -> tensor<64xf32>
    %1 = ingot.binary add %0, %a : tensor<64xf32>, tensor<64xf32> -> tensor<64xf32>
    ingot.yield %0, %1 : tensor<64xf32>, tensor<64xf32>
  }
  return
}
