// RUN: ingot-opt %s --ingot-emit-kernels -verify-diagnostics -split-input-file

func.func @anchor(%x: memref<2x32xf32>, %w: memref<1x32x16xf32>, %y: memref<2x16xf32>) {
  // expected-error @+1 {{is planned for 'sparse', which is built around 'ingot.sparse_matmul' only}}
  ingot.region ins(%x, %w) outs(%y) plan <family = sparse, tile = [2, 16, 2], unroll = 1, lanes = 16, units = 1, parallel = true, scratch = 4096>
      : (memref<2x32xf32>, memref<1x32x16xf32>, memref<2x16xf32>) -> () {
  ^bb0(%x0: tensor<2x32xf32>, %w0: tensor<1x32x16xf32>):
    %c = ingot.packed_matmul %x0, %w0 : tensor<2x32xf32>, tensor<1x32x16xf32> -> tensor<2x16xf32>
    ingot.yield %c : tensor<2x16xf32>
  }
  return
}

// -----

func.func @tile(%x: memref<2x32xf32>, %w: memref<9x16xf32>, %p: memref<11xi32>, %y: memref<2x16xf32>) {
  // expected-error @+1 {{needs a tile [rows, columns, rows of a register tile] with columns in multiples of 16}}
  ingot.region ins(%x, %w, %p) outs(%y) plan <family = sparse, tile = [2, 16], unroll = 1, lanes = 16, units = 1, parallel = true, scratch = 4096>
      : (memref<2x32xf32>, memref<9x16xf32>, memref<11xi32>, memref<2x16xf32>) -> () {
  ^bb0(%x0: tensor<2x32xf32>, %w0: tensor<9x16xf32>, %p0: tensor<11xi32>):
    %c = ingot.sparse_matmul %x0, %w0 places %p0 columns 16 : (tensor<2x32xf32>, tensor<9x16xf32>, tensor<11xi32>) -> tensor<2x16xf32>
    ingot.yield %c : tensor<2x16xf32>
  }
  return
}

// -----

func.func @scratch(%x: memref<2x32xf32>, %w: memref<9x16xf32>, %p: memref<11xi32>, %y: memref<2x16xf32>) {
  // expected-error @+1 {{keeps 256 bytes of rows, but its plan gives it fewer}}
  ingot.region ins(%x, %w, %p) outs(%y) plan <family = sparse, tile = [2, 16, 2], unroll = 1, lanes = 16, units = 1, parallel = true, scratch = 64>
      : (memref<2x32xf32>, memref<9x16xf32>, memref<11xi32>, memref<2x16xf32>) -> () {
  ^bb0(%x0: tensor<2x32xf32>, %w0: tensor<9x16xf32>, %p0: tensor<11xi32>):
    %c = ingot.sparse_matmul %x0, %w0 places %p0 columns 16 : (tensor<2x32xf32>, tensor<9x16xf32>, tensor<11xi32>) -> tensor<2x16xf32>
    ingot.yield %c : tensor<2x16xf32>
  }
  return
}

// -----

func.func @pairs(%x: memref<2x32xf32>, %v: memref<1x16x16xf32>, %p: memref<1x1x16xi32>, %y: memref<2x16xf32>) {
  // expected-error @+1 {{needs a tile [rows, columns] with columns in multiples of 16}}
  ingot.region ins(%x, %v, %p) outs(%y) plan <family = pairs, tile = [2, 8], unroll = 1, lanes = 16, units = 1, parallel = true>
      : (memref<2x32xf32>, memref<1x16x16xf32>, memref<1x1x16xi32>, memref<2x16xf32>) -> () {
  ^bb0(%x0: tensor<2x32xf32>, %v0: tensor<1x16x16xf32>, %p0: tensor<1x1x16xi32>):
    %c = ingot.pair_matmul %x0, %v0 places %p0 columns 16 : (tensor<2x32xf32>, tensor<1x16x16xf32>, tensor<1x1x16xi32>) -> tensor<2x16xf32>
    ingot.yield %c : tensor<2x16xf32>
  }
  return
}
