// RUN: ingot-opt %s -ingot-verify-plan -split-input-file -verify-diagnostics

func.func @no_plan(%x: memref<4xf32>, %y: memref<4xf32>) {
  // expected-error @+1 {{'ingot.region' op has no plan or no buffers after the plan stage}}
  ingot.region ins(%x) outs(%y) : (memref<4xf32>, memref<4xf32>) -> () {
  ^bb0(%a: tensor<4xf32>):
    %0 = ingot.unary relu %a : tensor<4xf32> -> tensor<4xf32>
    ingot.yield %0 : tensor<4xf32>
  }
  return
}

// -----

func.func @no_buffers(%x: tensor<4xf32>) {
  // expected-error @+1 {{'ingot.region' op has no plan or no buffers after the plan stage}}
  %0 = ingot.region ins(%x) plan <family = plain, tile = [], unroll = 1, lanes = 1, units = 4, parallel = false> : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %1 = ingot.unary relu %a : tensor<4xf32> -> tensor<4xf32>
    ingot.yield %1 : tensor<4xf32>
  }
  return
}

// -----

func.func @tensor_left(%x: memref<4xf32>) {
  // expected-error @+1 {{'ingot.constant' op leaves a tensor outside of regions after the plan stage}}
  %0 = ingot.constant #ingot.weight<0, "c"> : tensor<4xf32>
  return
}

// -----

func.func @far_ahead(%x: memref<4x64xf32>, %w: memref<2x64x16xf32>, %y: memref<4x32xf32>) {
  // expected-error @+1 {{'ingot.region' op fetches weights by 'ingot.loads = array<i64: 0, 5000>', which is not two numbers: tiles, and 0 to 4096 steps}}
  ingot.region ins(%x, %w) outs(%y) plan <family = contraction, tile = [4, 16], unroll = 2, lanes = 16, units = 2, parallel = false> {ingot.loads = array<i64: 0, 5000>} : (memref<4x64xf32>, memref<2x64x16xf32>, memref<4x32xf32>) -> () {
  ^bb0(%a: tensor<4x64xf32>, %b: tensor<2x64x16xf32>):
    %0 = ingot.packed_matmul %a, %b : tensor<4x64xf32>, tensor<2x64x16xf32> -> tensor<4x32xf32>
    ingot.yield %0 : tensor<4x32xf32>
  }
  // expected-error @+1 {{'ingot.region' op fetches weights by 'ingot.loads = 3 : i64', which is not two numbers}}
  ingot.region ins(%x, %w) outs(%y) plan <family = contraction, tile = [4, 16], unroll = 2, lanes = 16, units = 2, parallel = false> {ingot.loads = 3 : i64} : (memref<4x64xf32>, memref<2x64x16xf32>, memref<4x32xf32>) -> () {
  ^bb0(%a: tensor<4x64xf32>, %b: tensor<2x64x16xf32>):
    %0 = ingot.packed_matmul %a, %b : tensor<4x64xf32>, tensor<2x64x16xf32> -> tensor<4x32xf32>
    ingot.yield %0 : tensor<4x32xf32>
  }
  return
}

// -----

func.func @fetches_nothing(%x: memref<4x64xf32>, %w: memref<2x64x16xf32>, %y: memref<4x32xf32>) {
  // expected-error @+1 {{'ingot.region' op fetches for others by 'ingot.fetches = array<i64: 1, 2000, 49>', which is not an input, the first element and how many of those that it has}}
  ingot.region ins(%x, %w) outs(%y) plan <family = contraction, tile = [4, 16], unroll = 2, lanes = 16, units = 2, parallel = false> {ingot.fetches = array<i64: 1, 2000, 49>} : (memref<4x64xf32>, memref<2x64x16xf32>, memref<4x32xf32>) -> () {
  ^bb0(%a: tensor<4x64xf32>, %b: tensor<2x64x16xf32>):
    %0 = ingot.packed_matmul %a, %b : tensor<4x64xf32>, tensor<2x64x16xf32> -> tensor<4x32xf32>
    ingot.yield %0 : tensor<4x32xf32>
  }
  // expected-error @+1 {{'ingot.region' op fetches for others by 'ingot.fetches = array<i64: 2, 0, 16>', which is not an input}}
  ingot.region ins(%x, %w) outs(%y) plan <family = contraction, tile = [4, 16], unroll = 2, lanes = 16, units = 2, parallel = false> {ingot.fetches = array<i64: 2, 0, 16>} : (memref<4x64xf32>, memref<2x64x16xf32>, memref<4x32xf32>) -> () {
  ^bb0(%a: tensor<4x64xf32>, %b: tensor<2x64x16xf32>):
    %0 = ingot.packed_matmul %a, %b : tensor<4x64xf32>, tensor<2x64x16xf32> -> tensor<4x32xf32>
    ingot.yield %0 : tensor<4x32xf32>
  }
  return
}

// -----

func.func @fetches_no_block(%x: memref<4x64xf32>, %w: memref<2x64x16xf32>, %y: memref<4x32xf32>) {
  // expected-error @+1 {{'ingot.region' op fetches a first block by 'ingot.first_block = array<i64: 1, 1024, 3, 10>', which is not an input, the elements of a block and the number of blocks that it has, and a number of rows}}
  ingot.region ins(%x, %w) outs(%y) plan <family = contraction, tile = [4, 16], unroll = 2, lanes = 16, units = 2, parallel = false> {ingot.first_block = array<i64: 1, 1024, 3, 10>} : (memref<4x64xf32>, memref<2x64x16xf32>, memref<4x32xf32>) -> () {
  ^bb0(%a: tensor<4x64xf32>, %b: tensor<2x64x16xf32>):
    %0 = ingot.packed_matmul %a, %b : tensor<4x64xf32>, tensor<2x64x16xf32> -> tensor<4x32xf32>
    ingot.yield %0 : tensor<4x32xf32>
  }
  // expected-error @+1 {{'ingot.region' op fetches a first block by 'ingot.first_block = array<i64: 1, 1024>', which is not an input}}
  ingot.region ins(%x, %w) outs(%y) plan <family = contraction, tile = [4, 16], unroll = 2, lanes = 16, units = 2, parallel = false> {ingot.first_block = array<i64: 1, 1024>} : (memref<4x64xf32>, memref<2x64x16xf32>, memref<4x32xf32>) -> () {
  ^bb0(%a: tensor<4x64xf32>, %b: tensor<2x64x16xf32>):
    %0 = ingot.packed_matmul %a, %b : tensor<4x64xf32>, tensor<2x64x16xf32> -> tensor<4x32xf32>
    ingot.yield %0 : tensor<4x32xf32>
  }
  return
}

// -----

func.func @strip_for_nobody(%x: memref<1x4x4x16xf32>, %w: memref<1x16x16xf32>) {
  // expected-error @+1 {{'ingot.strip' op is not what one region of a chain writes and the next one reads}}
  %s = ingot.strip : memref<1x4x4x16xf32>
  ingot.region ins(%x, %w) outs(%s) plan <family = convolution, tile = [4, 16], unroll = 1, lanes = 16, units = 4, parallel = true> : (memref<1x4x4x16xf32>, memref<1x16x16xf32>, memref<1x4x4x16xf32>) -> () {
  ^bb0(%a: tensor<1x4x4x16xf32>, %b: tensor<1x16x16xf32>):
    %0 = ingot.conv %a, %b channels_last kernel [1, 1] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 16 : tensor<1x4x4x16xf32>, tensor<1x16x16xf32> -> tensor<1x4x4x16xf32>
    ingot.yield %0 : tensor<1x4x4x16xf32>
  }
  return
}

// -----

func.func @writes_nothing(%x: memref<4x64xf32>, %y: memref<4x64xf32>) {
  // expected-error @+1 {{'ingot.region' op writes past the caches by 'ingot.stores = array<i64: 0, 1>', which is not a list of its results' numbers}}
  ingot.region ins(%x) outs(%y) plan <family = map, tile = [64], unroll = 1, lanes = 16, units = 4, parallel = false> {ingot.stores = array<i64: 0, 1>} : (memref<4x64xf32>, memref<4x64xf32>) -> () {
  ^bb0(%a: tensor<4x64xf32>):
    %0 = ingot.unary relu %a : tensor<4x64xf32> -> tensor<4x64xf32>
    ingot.yield %0 : tensor<4x64xf32>
  }
  // expected-error @+1 {{'ingot.region' op writes past the caches by 'ingot.stores = true', which is not a list}}
  ingot.region ins(%x) outs(%y) plan <family = map, tile = [64], unroll = 1, lanes = 16, units = 4, parallel = false> {ingot.stores = true} : (memref<4x64xf32>, memref<4x64xf32>) -> () {
  ^bb0(%a: tensor<4x64xf32>):
    %0 = ingot.unary relu %a : tensor<4x64xf32> -> tensor<4x64xf32>
    ingot.yield %0 : tensor<4x64xf32>
  }
  return
}

// -----

func.func @no_pieces(%x: memref<4x64xf32>, %w: memref<2x64x16xf32>, %y: memref<4x32xf32>) {
  // expected-error @+1 {{'ingot.region' op is computed in pieces by 'ingot.pieces = array<i64: 2, 0>', which is not two numbers (blocks of columns or 0, and 1 or more at a time)}}
  ingot.region ins(%x, %w) outs(%y) plan <family = contraction, tile = [4, 16], unroll = 2, lanes = 16, units = 2, parallel = true> {ingot.pieces = array<i64: 2, 0>} : (memref<4x64xf32>, memref<2x64x16xf32>, memref<4x32xf32>) -> () {
  ^bb0(%a: tensor<4x64xf32>, %b: tensor<2x64x16xf32>):
    %0 = ingot.packed_matmul %a, %b : tensor<4x64xf32>, tensor<2x64x16xf32> -> tensor<4x32xf32>
    ingot.yield %0 : tensor<4x32xf32>
  }
  // expected-error @+1 {{or it is not a region that all threads share}}
  ingot.region ins(%x, %w) outs(%y) plan <family = contraction, tile = [4, 16], unroll = 2, lanes = 16, units = 2, parallel = false> {ingot.pieces = array<i64: 0, 1>} : (memref<4x64xf32>, memref<2x64x16xf32>, memref<4x32xf32>) -> () {
  ^bb0(%a: tensor<4x64xf32>, %b: tensor<2x64x16xf32>):
    %0 = ingot.packed_matmul %a, %b : tensor<4x64xf32>, tensor<2x64x16xf32> -> tensor<4x32xf32>
    ingot.yield %0 : tensor<4x32xf32>
  }
  return
}
