// RUN: ingot-opt %s --ingot-emit-kernels --canonicalize --cse | FileCheck %s

// What `ingot.loads` says is what the kernels do. Without it no weights are fetched, and kernels that differ in nothing else are two.

// Five tiles of rows. The next block of columns (2 panels of 64 steps, 8 KiB) comes during the first two of them: of an iteration's 4 lines two.
// CHECK-LABEL: func.func private @region_0
// CHECK-SAME: memref<20x64xf32, {{.*}}%[[W:[a-z0-9]+]]: memref<4x64x16xf32>
// CHECK: %[[FLAT:.+]] = memref.reinterpret_cast %[[W]]
// With the last block of the share nothing new is fetched: the block itself, again.
// CHECK: %[[LAST:.+]] = arith.cmpi eq, %{{.+}}, %c1
// CHECK: arith.remui %{{.+}}, %c2
// CHECK: %[[BEHIND:.+]] = arith.addi %[[BASE:.+]], %c2048
// CHECK: arith.select %[[LAST]], %[[BASE]], %[[BEHIND]]
// CHECK-COUNT-2: memref.prefetch %[[FLAT]][%{{.+}}], read, locality<3>, data
// CHECK-NOT: memref.prefetch
// Each panel 8 steps ahead: two lines of both.
// CHECK-LABEL: func.func private @region_1
// CHECK: scf.for
// CHECK-COUNT-4: memref.prefetch %{{.+}}[%{{.+}}], read, locality<3>, data
// CHECK-NOT: memref.prefetch
// CHECK-LABEL: func.func private @region_2
// CHECK-NOT: memref.prefetch
// CHECK-LABEL: func.func private @region_3
// CHECK: scf.for
// CHECK-COUNT-2: memref.prefetch %{{.+}}[%{{.+}}], read, locality<3>, data
// For a later region: 10 tiles, each a tenth of 5120 elements (8 KiB behind the start), so 32 lines in 32 iterations.
// CHECK-LABEL: func.func private @region_4
// CHECK-SAME: %[[GUEST:[a-z0-9]+]]: memref<16x64x16xf32>
// CHECK: %[[FLAT:.+]] = memref.reinterpret_cast %[[GUEST]] to offset: [0], sizes: [16384]
// CHECK: scf.for
// CHECK: scf.for %[[K:.+]] = %c0 to %c64 step %c2
// CHECK: %[[PART:.+]] = arith.muli %[[K]], %c512
// CHECK: arith.divui %[[PART]], %c64
// CHECK: memref.prefetch %[[FLAT]][%{{.+}}], read, locality<3>, data
// CHECK-NOT: memref.prefetch %[[FLAT]]
// CHECK: return
// What the next product begins with, one of 8 blocks of 2048 elements: 20 rows are bands there (11 and more are), so the first block. The last 4 of the share's tiles have 32 lines of it each;
// those before fetch the first one again.
// CHECK-LABEL: func.func private @region_5
// CHECK-SAME: %[[GUEST:[a-z0-9]+]]: memref<16x64x16xf32>
// CHECK: %[[FLAT:.+]] = memref.reinterpret_cast %[[GUEST]] to offset: [0], sizes: [16384]
// CHECK: %[[FIRST:.+]] = arith.muli %{{.+}}, %c2048
// CHECK: %[[FROMEND:.+]] = arith.minui %[[LEFT:.+]], %c3
// CHECK: %[[PART:.+]] = arith.subi %c3, %[[FROMEND]]
// CHECK: %[[EARLY:.+]] = arith.cmpi ugt, %[[LEFT]], %c3
// CHECK: %[[STEP:.+]] = arith.select %[[EARLY]], %c0, %c16
// CHECK: scf.for %[[K:.+]] = %c0 to %c64 step %c2
// CHECK: %[[ITERATION:.+]] = arith.divui %[[K]], %c2
// CHECK: arith.muli %[[ITERATION]], %[[STEP]]
// CHECK: memref.prefetch %[[FLAT]][%{{.+}}], read, locality<3>, data
// CHECK: return
func.func @main(%x: memref<20x64xf32, strided<[80, 1]>>, %w: memref<4x64x16xf32>, %y: memref<20x64xf32>, %p: memref<1x9x9x8xf32>, %k: memref<1x2x72x16xf32>,
                %z: memref<1x7x7x32xf32>, %g: memref<16x64x16xf32>, %arena: memref<0xi8> {ingot.arena}, %weights: memref<0xi8> {ingot.weights})
    attributes {ingot.input_count = 7 : i64, ingot.output_count = 0 : i64} {
  ingot.region ins(%x, %w) outs(%y) plan <family = contraction, tile = [4, 32], unroll = 2, lanes = 16, units = 10, parallel = false> {ingot.loads = array<i64: 2, 0>}
      : (memref<20x64xf32, strided<[80, 1]>>, memref<4x64x16xf32>, memref<20x64xf32>) -> () {
  ^bb0(%a: tensor<20x64xf32>, %b: tensor<4x64x16xf32>):
    %0 = ingot.packed_matmul %a, %b : tensor<20x64xf32>, tensor<4x64x16xf32> -> tensor<20x64xf32>
    ingot.yield %0 : tensor<20x64xf32>
  }
  ingot.region ins(%x, %w) outs(%y) plan <family = contraction, tile = [4, 32], unroll = 2, lanes = 16, units = 10, parallel = false> {ingot.loads = array<i64: 0, 8>}
      : (memref<20x64xf32, strided<[80, 1]>>, memref<4x64x16xf32>, memref<20x64xf32>) -> () {
  ^bb0(%a: tensor<20x64xf32>, %b: tensor<4x64x16xf32>):
    %0 = ingot.packed_matmul %a, %b : tensor<20x64xf32>, tensor<4x64x16xf32> -> tensor<20x64xf32>
    ingot.yield %0 : tensor<20x64xf32>
  }
  ingot.region ins(%p, %k) outs(%z) plan <family = convolution, tile = [1, 7, 16], unroll = 2, lanes = 16, units = 14, parallel = false>
      : (memref<1x9x9x8xf32>, memref<1x2x72x16xf32>, memref<1x7x7x32xf32>) -> () {
  ^bb0(%a: tensor<1x9x9x8xf32>, %b: tensor<1x2x72x16xf32>):
    %0 = ingot.conv %a, %b channels_last kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 32 : tensor<1x9x9x8xf32>, tensor<1x2x72x16xf32> -> tensor<1x7x7x32xf32>
    ingot.yield %0 : tensor<1x7x7x32xf32>
  }
  ingot.region ins(%p, %k) outs(%z) plan <family = convolution, tile = [1, 7, 16], unroll = 2, lanes = 16, units = 14, parallel = false> {ingot.loads = array<i64: 1, 0>}
      : (memref<1x9x9x8xf32>, memref<1x2x72x16xf32>, memref<1x7x7x32xf32>) -> () {
  ^bb0(%a: tensor<1x9x9x8xf32>, %b: tensor<1x2x72x16xf32>):
    %0 = ingot.conv %a, %b channels_last kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 32 : tensor<1x9x9x8xf32>, tensor<1x2x72x16xf32> -> tensor<1x7x7x32xf32>
    ingot.yield %0 : tensor<1x7x7x32xf32>
  }
  ingot.region ins(%x, %w, %g) outs(%y) plan <family = contraction, tile = [4, 32], unroll = 2, lanes = 16, units = 10, parallel = false> {ingot.fetches = array<i64: 2, 2048, 5120>}
      : (memref<20x64xf32, strided<[80, 1]>>, memref<4x64x16xf32>, memref<16x64x16xf32>, memref<20x64xf32>) -> () {
  ^bb0(%a: tensor<20x64xf32>, %b: tensor<4x64x16xf32>, %c: tensor<16x64x16xf32>):
    %0 = ingot.packed_matmul %a, %b : tensor<20x64xf32>, tensor<4x64x16xf32> -> tensor<20x64xf32>
    ingot.yield %0 : tensor<20x64xf32>
  }
  ingot.region ins(%x, %w, %g) outs(%y) plan <family = contraction, tile = [4, 32], unroll = 2, lanes = 16, units = 10, parallel = false> {ingot.first_block = array<i64: 2, 2048, 8, 11>}
      : (memref<20x64xf32, strided<[80, 1]>>, memref<4x64x16xf32>, memref<16x64x16xf32>, memref<20x64xf32>) -> () {
  ^bb0(%a: tensor<20x64xf32>, %b: tensor<4x64x16xf32>, %c: tensor<16x64x16xf32>):
    %0 = ingot.packed_matmul %a, %b : tensor<20x64xf32>, tensor<4x64x16xf32> -> tensor<20x64xf32>
    ingot.yield %0 : tensor<20x64xf32>
  }
  return
}
