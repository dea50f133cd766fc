// RUN: ingot-opt %s --ingot-emit-kernels --canonicalize --cse | FileCheck %s

// Rows that only a run tells, and the first of 8 blocks of 2048 elements that the next product begins with: of 11 rows and more all threads begin with block 0, of fewer each with its own. The weights that are
// only fetched have more dims than the product, which says nothing about its rows.
// CHECK-LABEL: func.func private @region_0
// CHECK-SAME: %[[ROWS:[a-z0-9]+]]: index, %[[BEGIN:[a-z0-9]+]]: index, %[[END:[a-z0-9]+]]: index)
// CHECK: %[[SCALED:.+]] = arith.muli %{{.+}}, %c8{{[_0-9]*}}
// CHECK: %[[BANDS:.+]] = arith.cmpi uge, %[[ROWS]], %c11
// CHECK: %[[BLOCK:.+]] = arith.select %[[BANDS]], %c0, %{{.+}}
// CHECK: arith.muli %[[BLOCK]], %c2048
// CHECK: memref.prefetch %{{.+}}[%{{.+}}], read, locality<3>, data : memref<16384xf32
// CHECK: return
func.func @any_rows(%x: memref<6400xf32>, %w: memref<4x64x16xf32>, %g: memref<16x64x16xf32>, %y: memref<6400xf32>, %values: memref<1xi64> {ingot.values}, %arena: memref<0xi8> {ingot.arena})
    attributes {ingot.symbols = ["s"], ingot.ranges = [array<i64: 1, 100>]} {
  ingot.region ins(%x, %w, %g) outs(%y) plan <family = contraction, tile = [4, 32], unroll = 2, lanes = 16, units = 256, parallel = true>
      strides [affine_map<()[s] -> (64, 1)>, affine_map<()[s] -> (1024, 16, 1)>, affine_map<()[s] -> (1024, 16, 1)>, affine_map<()[s] -> (64, 1)>] {ingot.first_block = array<i64: 2, 2048, 8, 11>}
      : (memref<6400xf32>, memref<4x64x16xf32>, memref<16x64x16xf32>, memref<6400xf32>) -> () {
  ^bb0(%a: tensor<?x64xf32, #ingot.dims<()[s] -> (s, 64)>>, %b: tensor<4x64x16xf32>, %c: tensor<16x64x16xf32>):
    %d = ingot.packed_matmul %a, %b : tensor<?x64xf32, #ingot.dims<()[s] -> (s, 64)>>, tensor<4x64x16xf32> -> tensor<?x64xf32, #ingot.dims<()[s] -> (s, 64)>>
    ingot.yield %d : tensor<?x64xf32, #ingot.dims<()[s] -> (s, 64)>>
  }
  return
}
