// Sums of tiles are those of the plan's tiles.
// RUN: ingot-opt %s --ingot-emit-kernels -split-input-file -verify-diagnostics

func.func @other_tiles(%x: memref<1x8x8x16xf32>, %w: memref<1x9x16xf32>, %y: memref<1x8x8x16xf32>, %s: memref<1x4x2x16xf32>,
                       %arena: memref<0xi8> {ingot.arena}, %weights: memref<0xi8> {ingot.weights})
    attributes {ingot.input_count = 4 : i64, ingot.output_count = 0 : i64} {
  // expected-error @+1 {{'ingot.region' op adds up tiles of [2, 4], which are not those of its plan}}
  ingot.region ins(%x, %w) outs(%y, %s) plan <family = depthwise, tile = [2, 5, 16], unroll = 1, lanes = 16, units = 8, parallel = false>
      : (memref<1x8x8x16xf32>, memref<1x9x16xf32>, memref<1x8x8x16xf32>, memref<1x4x2x16xf32>) -> () {
  ^bb0(%a: tensor<1x8x8x16xf32>, %b: tensor<1x9x16xf32>):
    %0 = ingot.conv %a, %b channels_last kernel [3, 3] strides [1, 1] pads [1, 1, 1, 1] dilations [1, 1] groups 16 channels 16
      : tensor<1x8x8x16xf32>, tensor<1x9x16xf32> -> tensor<1x8x8x16xf32>
    %1 = ingot.tile_sums %0 tile [2, 4] : tensor<1x8x8x16xf32> -> tensor<1x4x2x16xf32>
    ingot.yield %0, %1 : tensor<1x8x8x16xf32>, tensor<1x4x2x16xf32>
  }
  return
}
