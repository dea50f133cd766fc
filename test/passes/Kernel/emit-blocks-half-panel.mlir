// RUN: ingot-opt %s --ingot-emit-kernels -canonicalize -cse | FileCheck %s

// Twelve rows of one and a half panels: whole panels are computed, and of the second one the lower half is stored.
// CHECK-LABEL: func.func private @region_0
// CHECK: vector.extract_strided_slice {{.*}} : vector<16xf32> to vector<8xf32>
// CHECK: vector.store {{.*}} vector<16xf32>
// CHECK-NEXT: vector.store {{.*}} vector<8xf32>
// CHECK: return
func.func @main(%x: memref<12x128xf32>, %w: memref<2x4x256xi8>, %s: memref<2x4x16xf32>, %y: memref<12x24xf32>, %arena: memref<0xi8> {ingot.arena},
                %weights: memref<0xi8> {ingot.weights}) attributes {ingot.input_count = 3 : i64, ingot.output_count = 1 : i64} {
  ingot.region ins(%x, %w, %s) outs(%y) plan <family = blocks, tile = [12, 32, 12], unroll = 1, lanes = 16, units = 1, parallel = false, scratch = 7680>
      : (memref<12x128xf32>, memref<2x4x256xi8>, memref<2x4x16xf32>, memref<12x24xf32>) -> () {
  ^bb0(%x0: tensor<12x128xf32>, %w0: tensor<2x4x256xui8>, %s0: tensor<2x4x16xf32>):
    %c = ingot.block_matmul %x0, %w0 scales %s0 block 32 columns 24 bytes 4 : (tensor<12x128xf32>, tensor<2x4x256xui8>, tensor<2x4x16xf32>) -> tensor<12x24xf32>
    ingot.yield %c : tensor<12x24xf32>
  }
  return
}
