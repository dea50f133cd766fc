// RUN: ingot-opt %s --ingot-emit-kernels --canonicalize --cse | FileCheck %s

// Rows that only a run tells, in tiles of 5: 5 * tiles - rows of the last tiles have 4, which begin earlier by 1 for each of these before. (32 rows are 5, 5, 5, 5, 4,
// 4 and 4.) Where there are not so many tiles, the last one is divided into pieces of 4, 2 and 1.
// CHECK-LABEL: func.func private @region_0
// CHECK: %[[SMALLER:.+]] = arith.subi %{{.+}}, %[[ROWS:.+]] : index
// CHECK: %[[EVEN:.+]] = arith.cmpi sle, %[[SMALLER]], %[[TILES:.+]] : index
// CHECK: %[[LEFT:.+]] = arith.subi %[[ROWS]], %{{.+}}
// CHECK: %[[FIRST:.+]] = arith.subi %[[TILES]], %[[SMALLER]]
// CHECK: %[[FRONT:.+]] = arith.cmpi slt, %[[AT:.+]], %[[FIRST]]
// CHECK: %[[WHOLE:.+]] = arith.cmpi sge, %[[LEFT]], %c5
// CHECK: %[[FULL:.+]] = arith.select %[[EVEN]], %[[FRONT]], %[[WHOLE]]
// CHECK: scf.if %[[FULL]] {
// CHECK-COUNT-5: vector.store
// CHECK-NOT: vector.store
// CHECK: } else {
// CHECK: scf.if %[[EVEN]] {
// CHECK: arith.subi %[[FIRST]], %[[AT]]
// CHECK-COUNT-4: vector.store
// CHECK-NOT: vector.store
// CHECK: } else {
// CHECK: arith.andi %{{.*}}, %c4
// CHECK-COUNT-4: vector.store
// CHECK: arith.andi %{{.*}}, %c2
// CHECK-COUNT-2: vector.store
// CHECK: arith.andi %{{.*}}, %c1
// CHECK: vector.store
// CHECK: return
func.func @any_rows(%x: memref<800xf32>, %w: memref<1x8x16xf32>, %y: memref<1600xf32>, %values: memref<1xi64> {ingot.values}, %arena: memref<0xi8> {ingot.arena})
    attributes {ingot.symbols = ["s"], ingot.ranges = [array<i64: 1, 100>]} {
  ingot.region ins(%x, %w) outs(%y) plan <family = contraction, tile = [5, 16], unroll = 2, lanes = 16, units = 256, parallel = true>
      strides [affine_map<()[s] -> (8, 1)>, affine_map<()[s] -> (128, 16, 1)>, affine_map<()[s] -> (16, 1)>] : (memref<800xf32>, memref<1x8x16xf32>, memref<1600xf32>) -> () {
  ^bb0(%a: tensor<?x8xf32, #ingot.dims<()[s] -> (s, 8)>>, %b: tensor<1x8x16xf32>):
    %c = ingot.packed_matmul %a, %b : tensor<?x8xf32, #ingot.dims<()[s] -> (s, 8)>>, tensor<1x8x16xf32> -> tensor<?x16xf32, #ingot.dims<()[s] -> (s, 16)>>
    ingot.yield %c : tensor<?x16xf32, #ingot.dims<()[s] -> (s, 16)>>
  }
  return
}
