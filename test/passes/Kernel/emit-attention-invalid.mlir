// RUN: ingot-opt %s -ingot-emit-kernels -split-input-file -verify-diagnostics

// A tile of whole panels, and units of whole tiles.
func.func @tile(%q: memref<1x9x2x8xf32>, %y: memref<1x9x2x8xf32>, %arena: memref<0xi8> {ingot.arena}) {
  // expected-error@+1 {{needs a tile [rows, keys, columns, block keys, unit rows] of whole panels and whole tiles}}
  ingot.region ins(%q) outs(%y) plan <family = attention, tile = [4, 16, 16, 16, 6], unroll = 1, lanes = 16, units = 6, parallel = true, scratch = 65536> : (memref<1x9x2x8xf32>, memref<1x9x2x8xf32>) -> () {
  ^bb0(%a: tensor<1x9x2x8xf32>):
    %c = ingot.attention %a, %a, %a scale 1.0 : (tensor<1x9x2x8xf32>, tensor<1x9x2x8xf32>, tensor<1x9x2x8xf32>) -> tensor<1x9x2x8xf32>
    ingot.yield %c : tensor<1x9x2x8xf32>
  }
  return
}

// -----

func.func @units(%q: memref<1x9x2x8xf32>, %y: memref<1x9x2x8xf32>, %arena: memref<0xi8> {ingot.arena}) {
  // expected-error@+1 {{has 6 units with this tile, but its plan says 4}}
  ingot.region ins(%q) outs(%y) plan <family = attention, tile = [4, 16, 16, 16, 4], unroll = 1, lanes = 16, units = 4, parallel = true, scratch = 65536> : (memref<1x9x2x8xf32>, memref<1x9x2x8xf32>) -> () {
  ^bb0(%a: tensor<1x9x2x8xf32>):
    %c = ingot.attention %a, %a, %a scale 1.0 : (tensor<1x9x2x8xf32>, tensor<1x9x2x8xf32>, tensor<1x9x2x8xf32>) -> tensor<1x9x2x8xf32>
    ingot.yield %c : tensor<1x9x2x8xf32>
  }
  return
}

// -----

func.func @scratch(%q: memref<1x9x2x8xf32>, %y: memref<1x9x2x8xf32>, %arena: memref<0xi8> {ingot.arena}) {
  // expected-error@+1 {{needs 2048 bytes of memory for each thread}}
  ingot.region ins(%q) outs(%y) plan <family = attention, tile = [4, 16, 16, 16, 4], unroll = 1, lanes = 16, units = 6, parallel = true> : (memref<1x9x2x8xf32>, memref<1x9x2x8xf32>) -> () {
  ^bb0(%a: tensor<1x9x2x8xf32>):
    %c = ingot.attention %a, %a, %a scale 1.0 : (tensor<1x9x2x8xf32>, tensor<1x9x2x8xf32>, tensor<1x9x2x8xf32>) -> tensor<1x9x2x8xf32>
    ingot.yield %c : tensor<1x9x2x8xf32>
  }
  return
}

// -----

// Nothing but the attention itself.
func.func @epilogue(%q: memref<1x9x2x8xf32>, %y: memref<1x9x2x8xf32>, %arena: memref<0xi8> {ingot.arena}) {
  // expected-error@+1 {{is planned for 'attention', which computes nothing but its anchor}}
  ingot.region ins(%q) outs(%y) plan <family = attention, tile = [4, 16, 16, 16, 4], unroll = 1, lanes = 16, units = 6, parallel = true, scratch = 65536> : (memref<1x9x2x8xf32>, memref<1x9x2x8xf32>) -> () {
  ^bb0(%a: tensor<1x9x2x8xf32>):
    %c = ingot.attention %a, %a, %a scale 1.0 : (tensor<1x9x2x8xf32>, tensor<1x9x2x8xf32>, tensor<1x9x2x8xf32>) -> tensor<1x9x2x8xf32>
    %d = ingot.unary relu %c : tensor<1x9x2x8xf32> -> tensor<1x9x2x8xf32>
    ingot.yield %d : tensor<1x9x2x8xf32>
  }
  return
}
