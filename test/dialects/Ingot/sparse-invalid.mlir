// What shape inference of products without zeros refuses.
// RUN: ingot-opt %s -split-input-file -verify-diagnostics
func.func @places_weights(%w: tensor<4x64x20xf32>) {
  // expected-error @+2 {{needs packed weights of known sizes and room for one block or more}}
  // expected-error @+1 {{'ingot.sparse_places' op failed to infer returned types}}
  %0 = ingot.sparse_places %w blocks 10 : tensor<4x64x20xf32> -> tensor<15xi32>
  return
}

// -----

func.func @blocks_places(%w: tensor<4x64x16xf32>, %p: tensor<5xi32>) {
  // expected-error @+2 {{needs the places of one block or more, as 'ingot.sparse_places' gives them for these weights}}
  // expected-error @+1 {{'ingot.sparse_blocks' op failed to infer returned types}}
  %0 = ingot.sparse_blocks %w, %p : tensor<4x64x16xf32>, tensor<5xi32> -> tensor<1x16xf32>
  return
}

// -----

func.func @matmul_depth(%a: tensor<3x?xf32>, %b: tensor<10x16xf32>, %p: tensor<15xi32>) {
  // expected-error @+2 {{needs rows of a known depth and columns}}
  // expected-error @+1 {{'ingot.sparse_matmul' op failed to infer returned types}}
  %0 = ingot.sparse_matmul %a, %b places %p columns 64 : (tensor<3x?xf32>, tensor<10x16xf32>, tensor<15xi32>) -> tensor<3x64xf32>
  return
}

// -----

func.func @matmul_places(%a: tensor<3x64xf32>, %b: tensor<10x16xf32>, %p: tensor<14xi32>) {
  // expected-error @+2 {{has blocks or places of another shape or type than 64 columns have}}
  // expected-error @+1 {{'ingot.sparse_matmul' op failed to infer returned types}}
  %0 = ingot.sparse_matmul %a, %b places %p columns 64 : (tensor<3x64xf32>, tensor<10x16xf32>, tensor<14xi32>) -> tensor<3x64xf32>
  return
}

// -----

func.func @matmul_types(%a: tensor<3x64xi8>, %b: tensor<10x64xi8>, %p: tensor<15xi32>) {
  // expected-error @+2 {{does not multiply elements of these types}}
  // expected-error @+1 {{'ingot.sparse_matmul' op failed to infer returned types}}
  %0 = ingot.sparse_matmul %a, %b places %p columns 64 : (tensor<3x64xi8>, tensor<10x64xi8>, tensor<15xi32>) -> tensor<3x64xi32>
  return
}

// -----

func.func @pair_rows(%w: tensor<4x48x16xf32>) {
  // expected-error @+2 {{needs packed weights of f32 with a multiple of 32 rows}}
  // expected-error @+1 {{'ingot.pair_values' op failed to infer returned types}}
  %0 = ingot.pair_values %w : tensor<4x48x16xf32> -> tensor<4x24x16xf32>
  return
}

// -----

func.func @pair_places(%w: tensor<4x64x64xi8>) {
  // expected-error @+2 {{needs packed weights of f32 with a multiple of 32 rows}}
  // expected-error @+1 {{'ingot.pair_places' op failed to infer returned types}}
  %0 = ingot.pair_places %w : tensor<4x64x64xi8> -> tensor<4x2x16xi32>
  return
}

// -----

func.func @pair_depth(%a: tensor<3x60xf32>, %v: tensor<4x30x16xf32>, %p: tensor<4x2x16xi32>) {
  // expected-error @+2 {{needs rows of f32 with a multiple of 32 elements, and columns}}
  // expected-error @+1 {{'ingot.pair_matmul' op failed to infer returned types}}
  %0 = ingot.pair_matmul %a, %v places %p columns 64 : (tensor<3x60xf32>, tensor<4x30x16xf32>, tensor<4x2x16xi32>) -> tensor<3x64xf32>
  return
}

// -----

func.func @pair_values(%a: tensor<3x64xf32>, %v: tensor<4x30x16xf32>, %p: tensor<4x2x16xi32>) {
  // expected-error @+2 {{has values or places of another shape or type than 64 columns of 64 rows have}}
  // expected-error @+1 {{'ingot.pair_matmul' op failed to infer returned types}}
  %0 = ingot.pair_matmul %a, %v places %p columns 64 : (tensor<3x64xf32>, tensor<4x30x16xf32>, tensor<4x2x16xi32>) -> tensor<3x64xf32>
  return
}
