// RUN: ingot-opt %s --ingot-emit-kernels -verify-diagnostics -split-input-file

func.func @anchor(%x: memref<2x32xf32>, %w: memref<1x32x16xf32>, %y: memref<2x16xf32>) {
  // expected-error @+1 {{is planned for 'blocks', which is built around 'ingot.block_matmul' only}}
  ingot.region ins(%x, %w) outs(%y) plan <family = blocks, tile = [1, 16, 1], unroll = 1, lanes = 16, units = 2, parallel = true, scratch = 4096>
      : (memref<2x32xf32>, memref<1x32x16xf32>, memref<2x16xf32>) -> () {
  ^bb0(%x0: tensor<2x32xf32>, %w0: tensor<1x32x16xf32>):
    %c = ingot.packed_matmul %x0, %w0 : tensor<2x32xf32>, tensor<1x32x16xf32> -> tensor<2x16xf32>
    ingot.yield %c : tensor<2x16xf32>
  }
  return
}

// -----

func.func @tile(%x: memref<2x32xf32>, %w: memref<1x1x256xi8>, %s: memref<1x1x16xf32>, %y: memref<2x16xf32>) {
  // expected-error @+1 {{needs a tile [rows, columns, rows of a register tile] with columns in multiples of 16}}
  ingot.region ins(%x, %w, %s) outs(%y) plan <family = blocks, tile = [2, 8, 1], unroll = 1, lanes = 16, units = 1, parallel = true, scratch = 4096>
      : (memref<2x32xf32>, memref<1x1x256xi8>, memref<1x1x16xf32>, memref<2x16xf32>) -> () {
  ^bb0(%x0: tensor<2x32xf32>, %w0: tensor<1x1x256xui8>, %s0: tensor<1x1x16xf32>):
    %c = ingot.block_matmul %x0, %w0 scales %s0 block 32 columns 16 bytes 4 : (tensor<2x32xf32>, tensor<1x1x256xui8>, tensor<1x1x16xf32>) -> tensor<2x16xf32>
    ingot.yield %c : tensor<2x16xf32>
  }
  return
}

// -----

func.func @scratch(%x: memref<2x32xf32>, %w: memref<1x1x256xi8>, %s: memref<1x1x16xf32>, %y: memref<2x16xf32>) {
  // expected-error @+1 {{keeps 384 bytes of integers, but its plan gives it fewer}}
  ingot.region ins(%x, %w, %s) outs(%y) plan <family = blocks, tile = [2, 16, 1], unroll = 1, lanes = 16, units = 1, parallel = true, scratch = 64>
      : (memref<2x32xf32>, memref<1x1x256xi8>, memref<1x1x16xf32>, memref<2x16xf32>) -> () {
  ^bb0(%x0: tensor<2x32xf32>, %w0: tensor<1x1x256xui8>, %s0: tensor<1x1x16xf32>):
    %c = ingot.block_matmul %x0, %w0 scales %s0 block 32 columns 16 bytes 4 : (tensor<2x32xf32>, tensor<1x1x256xui8>, tensor<1x1x16xf32>) -> tensor<2x16xf32>
    ingot.yield %c : tensor<2x16xf32>
  }
  return
}
