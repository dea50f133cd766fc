// RUN: ingot-opt %s --ingot-emit-kernels --canonicalize --cse | FileCheck %s

// 16 x 16 results in 4 blocks of 2 x 2 tiles, each times two blocks of columns. With the second one of these, if another block of pixels follows, it is fetched:
// 10 rows of 10 pixels of 32 channels. Of a row 20 lines, 4 (64 elements) at each of 6 points of a row of points; rows 0 to 5 with their own, 6 to 11 with the
// first ones again.
// CHECK-LABEL: func.func private @region_0
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<1x18x18x32xf32>
// CHECK: %[[FLAT:.+]] = memref.reinterpret_cast %[[X]]
// CHECK: scf.for %[[UNIT:.+]] =
// CHECK: %[[NEXT:.+]] = arith.addi %[[UNIT]], %c1
// CHECK: %[[EXISTS:.+]] = arith.cmpi ult, %[[NEXT]]
// CHECK: %[[COLUMNS:.+]] = arith.cmpi eq, %{{.+}}, %c1
// CHECK: %[[FOLLOWS:.+]] = arith.andi %[[EXISTS]], %[[COLUMNS]]
// CHECK: %[[COUNT:.+]] = arith.select %[[FOLLOWS]], %c64, %c0
// CHECK: scf.for %[[I:.+]] = %c0 to %c6
// CHECK: scf.for %[[J:.+]] = %c0 to %c6
// CHECK: arith.muli %[[I]], %c576
// CHECK: arith.muli %[[J]], %c64
// CHECK: scf.for %{{.+}} = %c0 to %[[COUNT]] step %c16
// CHECK: memref.prefetch %[[FLAT]][%{{.+}}], read, locality<3>, data
// CHECK: arith.addi %[[I]], %c6
// CHECK: scf.for %{{.+}} = %c0 to %[[COUNT]] step %c16
// CHECK: memref.prefetch %[[FLAT]][%{{.+}}], read, locality<3>, data
// The plan does not say so.
// CHECK-LABEL: func.func private @region_1
// CHECK-NOT: arith.cmpi ult
// CHECK: return
func.func @main(%x: memref<1x18x18x32xf32>, %w: memref<2x36x32x16xf32>, %y: memref<1x16x16x32xf32>, %z: memref<1x16x16x32xf32>,
                %arena: memref<0xi8> {ingot.arena}, %weights: memref<0xi8> {ingot.weights})
    attributes {ingot.input_count = 2 : i64, ingot.output_count = 2 : i64} {
  ingot.region ins(%x, %w) outs(%y) plan <family = winograd, tile = [2, 2, 16, 4], unroll = 2, lanes = 16, units = 8, parallel = true, scratch = 65536>
      {ingot.loads = array<i64: 1, 0>} : (memref<1x18x18x32xf32>, memref<2x36x32x16xf32>, memref<1x16x16x32xf32>) -> () {
  ^bb0(%a: tensor<1x18x18x32xf32>, %b: tensor<2x36x32x16xf32>):
    %c = ingot.winograd_conv %a, %b tile 4 channels 32 : tensor<1x18x18x32xf32>, tensor<2x36x32x16xf32> -> tensor<1x16x16x32xf32>
    ingot.yield %c : tensor<1x16x16x32xf32>
  }
  ingot.region ins(%x, %w) outs(%z) plan <family = winograd, tile = [2, 2, 16, 4], unroll = 2, lanes = 16, units = 8, parallel = true, scratch = 65536>
      : (memref<1x18x18x32xf32>, memref<2x36x32x16xf32>, memref<1x16x16x32xf32>) -> () {
  ^bb0(%a: tensor<1x18x18x32xf32>, %b: tensor<2x36x32x16xf32>):
    %c = ingot.winograd_conv %a, %b tile 4 channels 32 : tensor<1x18x18x32xf32>, tensor<2x36x32x16xf32> -> tensor<1x16x16x32xf32>
    ingot.yield %c : tensor<1x16x16x32xf32>
  }
  return
}
