// What shape inference of products with weights of 4 bits refuses.
// RUN: ingot-opt %s -split-input-file -verify-diagnostics
func.func @pack_blocks_type(%q: tensor<20x90xi32>) {
  // expected-error @+2 {{packs a matrix of i8 or ui8}}
  // expected-error @+1 {{'ingot.pack_blocks' op failed to infer returned types}}
  %0 = ingot.pack_blocks %q block 32 : tensor<20x90xi32> -> tensor<2x3x256xui8>
  return
}

// -----

func.func @pack_blocks_size(%q: tensor<20x90xi8>) {
  // expected-error @+2 {{needs a block of 16, 32, 64, 128 or 256 rows}}
  // expected-error @+1 {{'ingot.pack_blocks' op failed to infer returned types}}
  %0 = ingot.pack_blocks %q block 24 : tensor<20x90xi8> -> tensor<2x4x192xui8>
  return
}

// -----

func.func @block_matmul_depth(%a: tensor<3x?xf32>, %w: tensor<2x3x256xui8>, %s: tensor<2x3x16xf32>) {
  // expected-error @+2 {{needs rows of a known depth, columns, and a block of 16, 32, 64, 128 or 256 rows}}
  // expected-error @+1 {{'ingot.block_matmul' op failed to infer returned types}}
  %0 = ingot.block_matmul %a, %w scales %s block 32 columns 20 bytes 4 : (tensor<3x?xf32>, tensor<2x3x256xui8>, tensor<2x3x16xf32>) -> tensor<3x20xf32>
  return
}

// -----

func.func @block_matmul_bytes(%a: tensor<3x90xf32>, %w: tensor<2x3x256xui8>, %s: tensor<2x3x16xf32>) {
  // expected-error @+2 {{makes integers of 1 or 4 bytes of each element of its lhs}}
  // expected-error @+1 {{'ingot.block_matmul' op failed to infer returned types}}
  %0 = ingot.block_matmul %a, %w scales %s block 32 columns 20 bytes 2 : (tensor<3x90xf32>, tensor<2x3x256xui8>, tensor<2x3x16xf32>) -> tensor<3x20xf32>
  return
}

// -----

func.func @block_matmul_scales(%a: tensor<3x90xf32>, %w: tensor<2x3x256xui8>, %s: tensor<2x2x16xf32>) {
  // expected-error @+2 {{has weights, scales or zero points of another shape or type than 20 columns of 90 elements have}}
  // expected-error @+1 {{'ingot.block_matmul' op failed to infer returned types}}
  %0 = ingot.block_matmul %a, %w scales %s block 32 columns 20 bytes 4 : (tensor<3x90xf32>, tensor<2x3x256xui8>, tensor<2x2x16xf32>) -> tensor<3x20xf32>
  return
}
