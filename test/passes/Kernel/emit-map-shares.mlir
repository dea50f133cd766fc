// Shares of a map that is cut into boxes: pieces count by their vectors, so who gets the short pieces of a border gets rows of the inside as well.
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam,ingot-auto-parallelize{always=true},ingot-plan-buffers),ingot-emit-kernels,canonicalize)' | FileCheck %s

// A row of 65 vectors above, a column of 32, and 32 rows of 64: 65 + 32 + 2048 vectors.
// CHECK-LABEL: func private @region_0
// CHECK-SAME: %[[FROM:[a-z0-9]+]]: index, %[[TO:[a-z0-9]+]]: index)
// CHECK: %[[ABOVE:.*]] = arith.minui %[[FROM]], %c65
// CHECK: arith.divui %[[ABOVE]], %c65
// CHECK: %[[LEFT:.*]] = arith.maxui %[[FROM]], %c65
// CHECK: arith.minui %[[LEFT]], %c97
// CHECK: %[[BEHIND:.*]] = arith.maxui %[[FROM]], %c97
// CHECK: %[[INSIDE:.*]] = arith.minui %[[BEHIND]], %c2145
// CHECK: %[[VECTORS:.*]] = arith.subi %[[INSIDE]], %c97
// CHECK: %[[FIRST:.*]] = arith.divui %[[VECTORS]], %c64
// CHECK: scf.for %{{.*}} = %[[FIRST]] to
func.func @main(%x: tensor<1x32x64x16xf32>) -> tensor<1x33x65x16xf32> {
  %y = ingot.region ins(%x) : (tensor<1x32x64x16xf32>) -> tensor<1x33x65x16xf32> {
  ^bb0(%a: tensor<1x32x64x16xf32>):
    %c = ingot.pad constant %a low [0, 1, 1, 0] high [0, 0, 0, 0] value dense<0.0> : tensor<f32> : tensor<1x32x64x16xf32> -> tensor<1x33x65x16xf32>
    ingot.yield %c : tensor<1x33x65x16xf32>
  }
  return %y : tensor<1x33x65x16xf32>
}
