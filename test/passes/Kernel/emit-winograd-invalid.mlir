// RUN: ingot-opt %s --ingot-emit-kernels -verify-diagnostics -split-input-file

func.func @anchor(%x: memref<1x8x8x16xf32>, %w: memref<1x1x144x16xf32>, %y: memref<1x6x6x16xf32>) {
  // expected-error @+1 {{is planned for 'winograd', which is built around 'ingot.winograd_conv' only}}
  ingot.region ins(%x, %w) outs(%y) plan <family = winograd, tile = [1, 1, 16, 1], unroll = 2, lanes = 16, units = 4, parallel = true, scratch = 65536>
      : (memref<1x8x8x16xf32>, memref<1x1x144x16xf32>, memref<1x6x6x16xf32>) -> () {
  ^bb0(%x0: tensor<1x8x8x16xf32>, %w0: tensor<1x1x144x16xf32>):
    %c = ingot.conv %x0, %w0 channels_last kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 16
      : tensor<1x8x8x16xf32>, tensor<1x1x144x16xf32> -> tensor<1x6x6x16xf32>
    ingot.yield %c : tensor<1x6x6x16xf32>
  }
  return
}

// -----

func.func @tile(%x: memref<1x8x8x16xf32>, %w: memref<1x36x16x16xf32>, %y: memref<1x6x6x16xf32>) {
  // expected-error @+1 {{needs a tile [rows of tiles, tiles of a row, columns, rows] with columns in multiples of 16}}
  ingot.region ins(%x, %w) outs(%y) plan <family = winograd, tile = [1, 1, 8, 1], unroll = 2, lanes = 16, units = 4, parallel = true, scratch = 65536>
      : (memref<1x8x8x16xf32>, memref<1x36x16x16xf32>, memref<1x6x6x16xf32>) -> () {
  ^bb0(%x0: tensor<1x8x8x16xf32>, %w0: tensor<1x36x16x16xf32>):
    %c = ingot.winograd_conv %x0, %w0 tile 4 channels 16 : tensor<1x8x8x16xf32>, tensor<1x36x16x16xf32> -> tensor<1x6x6x16xf32>
    ingot.yield %c : tensor<1x6x6x16xf32>
  }
  return
}

// -----

func.func @units(%x: memref<1x8x8x16xf32>, %w: memref<1x36x16x16xf32>, %y: memref<1x6x6x16xf32>) {
  // expected-error @+1 {{has 4 units with this tile, but its plan says 3}}
  ingot.region ins(%x, %w) outs(%y) plan <family = winograd, tile = [1, 1, 16, 1], unroll = 2, lanes = 16, units = 3, parallel = true, scratch = 65536>
      : (memref<1x8x8x16xf32>, memref<1x36x16x16xf32>, memref<1x6x6x16xf32>) -> () {
  ^bb0(%x0: tensor<1x8x8x16xf32>, %w0: tensor<1x36x16x16xf32>):
    %c = ingot.winograd_conv %x0, %w0 tile 4 channels 16 : tensor<1x8x8x16xf32>, tensor<1x36x16x16xf32> -> tensor<1x6x6x16xf32>
    ingot.yield %c : tensor<1x6x6x16xf32>
  }
  return
}

// -----

func.func @scratch(%x: memref<1x8x8x16xf32>, %w: memref<1x36x16x16xf32>, %y: memref<1x6x6x16xf32>) {
  // expected-error @+1 {{needs 4608 bytes of scratch memory, but its plan says 64}}
  ingot.region ins(%x, %w) outs(%y) plan <family = winograd, tile = [1, 1, 16, 1], unroll = 2, lanes = 16, units = 4, parallel = true, scratch = 64>
      : (memref<1x8x8x16xf32>, memref<1x36x16x16xf32>, memref<1x6x6x16xf32>) -> () {
  ^bb0(%x0: tensor<1x8x8x16xf32>, %w0: tensor<1x36x16x16xf32>):
    %c = ingot.winograd_conv %x0, %w0 tile 4 channels 16 : tensor<1x8x8x16xf32>, tensor<1x36x16x16xf32> -> tensor<1x6x6x16xf32>
    ingot.yield %c : tensor<1x6x6x16xf32>
  }
  return
}
