// RUN: ingot-opt %s --ingot-emit-kernels --canonicalize --cse | FileCheck %s

// One block of 2 x 2 whole tiles, and one tile of 2 x 4, 4 x 2 or 2 x 2 at each edge: 9 tiles. Whole tiles have 6 x 6 points, those at the edges 4 x 6 ...:
// at 4 x 4 points all nine have products, at the others those at the edges drop out.
// CHECK-LABEL: func.func private @region_0
// CHECK-SAME: %[[X:.+]]: memref<1x12x12x32xf32>, %[[W:.+]]: memref<2x36x32x16xf32>, {{.*}}, %[[SCRATCH:.+]]: memref<{{[0-9]+}}xi8>)
// CHECK-DAG: %[[V:.+]] = memref.view %[[SCRATCH]][%c0][] : memref<{{[0-9]+}}xi8> to memref<10944xf32>
// CHECK-DAG: %[[P:.+]] = memref.view %[[SCRATCH]][%c43776][] : memref<{{[0-9]+}}xi8> to memref<5184xf32>
// CHECK: scf.for
// CHECK: scf.if
// The input of each kind of tiles.
// CHECK-COUNT-24: vector.store %{{.+}}, %[[V]]
// CHECK-COUNT-36: vector.store %{{.+}}, %[[V]]
// CHECK-COUNT-24: vector.store %{{.+}}, %[[V]]
// CHECK-COUNT-16: vector.store %{{.+}}, %[[V]]
// CHECK-NOT: vector.store %{{.+}}, %[[V]]
// The products: of 9, 6, 6 and 4 tiles.
// CHECK-COUNT-9: vector.store %{{.+}}, %[[P]]
// CHECK: scf.for
// CHECK-COUNT-6: vector.store %{{.+}}, %[[P]]
// CHECK: scf.for
// CHECK-COUNT-6: vector.store %{{.+}}, %[[P]]
// CHECK: scf.for
// CHECK-COUNT-4: vector.store %{{.+}}, %[[P]]
// CHECK-NOT: vector.store %{{.+}}, %[[P]]
// The results, each with the epilogue.
// CHECK-COUNT-8: arith.select
func.func @edges(%x: memref<1x12x12x32xf32>, %w: memref<2x36x32x16xf32>, %y: memref<1x10x10x32xf32>, %arena: memref<0xi8> {ingot.arena},
                 %weights: memref<0xi8> {ingot.weights}) attributes {ingot.input_count = 2 : i64, ingot.output_count = 1 : i64} {
  ingot.region ins(%x, %w) outs(%y) plan <family = winograd, tile = [3, 3, 16, 9], unroll = 2, lanes = 16, units = 2, parallel = true, scratch = 65536>
      : (memref<1x12x12x32xf32>, memref<2x36x32x16xf32>, memref<1x10x10x32xf32>) -> () {
  ^bb0(%x0: tensor<1x12x12x32xf32>, %w0: tensor<2x36x32x16xf32>):
    %c = ingot.winograd_conv %x0, %w0 tile 4 channels 32 : tensor<1x12x12x32xf32>, tensor<2x36x32x16xf32> -> tensor<1x10x10x32xf32>
    %r = ingot.unary relu %c : tensor<1x10x10x32xf32> -> tensor<1x10x10x32xf32>
    ingot.yield %r : tensor<1x10x10x32xf32>
  }
  return
}
