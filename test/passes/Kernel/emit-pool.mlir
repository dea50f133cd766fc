// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam,ingot-auto-parallelize),ingot-emit-kernels)' | FileCheck %s

// Vectors over channels. Rows and border columns are clipped; four pixels inside share their inputs and need no test.
// CHECK-LABEL: func.func private @region_0
// CHECK: arith.maxsi
// CHECK: scf.for %{{.*}} = %{{.*}} to %{{.*}} step %c4
// CHECK: scf.for
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK-COUNT-9: vector.load
// CHECK: scf.yield
// CHECK-COUNT-4: vector.store
func.func @max(%x: memref<1x12x12x32xf32>, %y: memref<1x6x6x32xf32>) {
  ingot.region ins(%x) outs(%y) : (memref<1x12x12x32xf32>, memref<1x6x6x32xf32>) -> () {
  ^bb0(%x0: tensor<1x12x12x32xf32>):
    %c = ingot.pool max %x0 channels_last kernel [3, 3] strides [2, 2] pads [1, 1, 1, 1] dilations [1, 1] count_pads [1, 1, 1, 1]
      : tensor<1x12x12x32xf32> -> tensor<1x6x6x32xf32>
    ingot.yield %c : tensor<1x6x6x32xf32>
  }
  return
}
