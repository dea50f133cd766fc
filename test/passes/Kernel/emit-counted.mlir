// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam,ingot-auto-parallelize),ingot-emit-kernels)' | FileCheck %s

// The positions are written where the count says; the count goes through the loops.
// CHECK-LABEL: func.func private @region_0
// CHECK: scf.for {{.*}} iter_args
// CHECK: scf.for {{.*}} iter_args(%[[COUNT:.*]] = %{{.*}})
// CHECK: %[[COUNTS:.*]] = arith.cmpf une
// CHECK: scf.if %[[COUNTS]]
// CHECK-COUNT-2: memref.store %{{.*}}, %{{.*}}[%{{.*}}, %[[COUNT]]] : memref<2x6xi64>
// CHECK: memref.store %{{.*}}, %{{.*}}[] : memref<i64>
func.func @nonzero(%x: memref<2x3xf32>, %indices: memref<2x6xi64>, %count: memref<i64>) {
  ingot.region ins(%x) outs(%indices, %count) : (memref<2x3xf32>, memref<2x6xi64>, memref<i64>) -> () {
  ^bb0(%x0: tensor<2x3xf32>):
    %0:2 = ingot.nonzero %x0 : tensor<2x3xf32> -> tensor<2x6xi64>, tensor<i64>
    ingot.yield %0#0, %0#1 : tensor<2x6xi64>, tensor<i64>
  }
  return
}

// One column: two elements are compared without a loop. The results are the only memory.
// CHECK-LABEL: func.func private @region_1
// CHECK-NOT: memref.alloc
// CHECK-COUNT-2: scf.while
// CHECK-NOT: scf.while
func.func @unique(%x: memref<5x1xi8>, %first: memref<5xi64>, %inverse: memref<5xi64>, %occurrences: memref<5xi64>, %count: memref<i64>) {
  ingot.region ins(%x) outs(%first, %inverse, %occurrences, %count)
      : (memref<5x1xi8>, memref<5xi64>, memref<5xi64>, memref<5xi64>, memref<i64>) -> () {
  ^bb0(%x0: tensor<5x1xui8>):
    %0:4 = ingot.unique %x0 {sorted} : tensor<5x1xui8> -> tensor<5xi64>, tensor<5xi64>, tensor<5xi64>, tensor<i64>
    ingot.yield %0#0, %0#1, %0#2, %0#3 : tensor<5xi64>, tensor<5xi64>, tensor<5xi64>, tensor<i64>
  }
  return
}

// The most boxes per class are what data says, but no more than there are; all rows of the result bound the loop too.
// CHECK-LABEL: func.func private @region_2
// CHECK: memref.view %{{.*}} : memref<72xi8> to memref<9xi64>
// CHECK: %[[BOXES:.*]] = arith.minsi %c9{{.*}}, %c9{{.*}} : index
// CHECK: %[[MOST:.*]] = arith.minsi %{{.*}}, %[[BOXES]]
// CHECK: %[[ROWS:.*]] = arith.constant 4 : index
// CHECK: %[[SUM:.*]] = arith.addi %{{.*}}, %[[MOST]]
// CHECK: arith.minsi %[[SUM]], %[[ROWS]]
func.func @suppression(%boxes: memref<1x9x4xf32>, %scores: memref<1x2x9xf32>, %most: memref<i64>, %t: memref<f32>, %selected: memref<4x3xi64>,
                       %count: memref<i64>, %scratch: memref<72xi8>) {
  ingot.region ins(%boxes, %scores, %most, %t) outs(%selected, %count, %scratch)
      : (memref<1x9x4xf32>, memref<1x2x9xf32>, memref<i64>, memref<f32>, memref<4x3xi64>, memref<i64>, memref<72xi8>) -> () {
  ^bb0(%boxes0: tensor<1x9x4xf32>, %scores0: tensor<1x2x9xf32>, %most0: tensor<i64>, %t0: tensor<f32>):
    %0:2 = ingot.non_max_suppression %boxes0, %scores0, %most0, %t0, %t0
      : (tensor<1x9x4xf32>, tensor<1x2x9xf32>, tensor<i64>, tensor<f32>, tensor<f32>) -> (tensor<4x3xi64>, tensor<i64>)
    ingot.yield %0#0, %0#1 : tensor<4x3xi64>, tensor<i64>
  }
  return
}
