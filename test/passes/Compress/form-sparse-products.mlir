// RUN: ingot-opt %s -split-input-file -verify-diagnostics --pass-pipeline="builtin.module(ingot-form-sparse-products{assume=0.2 remarks=true})" | FileCheck %s
// RUN: ingot-opt %s -split-input-file --pass-pipeline="builtin.module(ingot-form-sparse-products{assume=0.95 assume-pairs=true})" | FileCheck %s --check-prefix=PAIRS
// RUN: ingot-opt %s -split-input-file --pass-pipeline="builtin.module(ingot-form-sparse-products)" | FileCheck %s --check-prefix=UNKNOWN

// CHECK-LABEL: @product(
// CHECK-SAME: %[[X:.*]]: tensor<128x768xf32>
// CHECK: %[[W:.*]] = ingot.pack
// CHECK: %[[P:.*]] = ingot.sparse_places %[[W]] blocks 29491 : tensor<192x768x16xf32> -> tensor<29684xi32>
// CHECK: %[[B:.*]] = ingot.sparse_blocks %[[W]], %[[P]] : tensor<192x768x16xf32>, tensor<29684xi32> -> tensor<29491x16xf32>
// CHECK: %[[Y:.*]] = ingot.sparse_matmul %[[X]], %[[B]] places %[[P]] columns 3072 {ingot.values = ["y"]}
// CHECK: return %[[Y]]
// Without a view of the weights nothing is known.
// UNKNOWN-LABEL: @product(
// UNKNOWN-NOT: sparse
// Two of four weights pay where memory decides, not for many rows.
// PAIRS-LABEL: @product(
// PAIRS-NOT: pair
func.func @product(%x: tensor<128x768xf32>) -> tensor<128x3072xf32> {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<768x3072xf32>
  %p = ingot.pack %w : tensor<768x3072xf32> -> tensor<192x768x16xf32>
  // expected-remark @+1 {{is computed without zero blocks: 29491 of 147456 blocks are not zero, cycles }}
  %y = ingot.packed_matmul %x, %p {ingot.values = ["y"]} : tensor<128x768xf32>, tensor<192x768x16xf32> -> tensor<128x3072xf32>
  return %y : tensor<128x3072xf32>
}

// -----

// A group of inputs is a block, too; an open number of rows is taken for a typical one.
// CHECK-LABEL: @bytes(
// CHECK: ingot.sparse_matmul {{.*}} columns 64 : (tensor<?x256xui8, #{{.*}}>, tensor<51x64xi8>, tensor<56xi32>)
func.func @bytes(%x: tensor<?x256xui8, #ingot.dims<()[s0] -> (s0, 256)>>) -> tensor<?x64xi32, #ingot.dims<()[s0] -> (s0, 64)>> {
  %p = ingot.constant #ingot.weight<0, "w"> : tensor<4x64x64xi8>
  // expected-remark @+1 {{is computed without zero blocks: 51 of 256 blocks}}
  %y = ingot.packed_matmul %x, %p : tensor<?x256xui8, #ingot.dims<()[s0] -> (s0, 256)>>, tensor<4x64x64xi8> -> tensor<?x64xi32, #ingot.dims<()[s0] -> (s0, 64)>>
  return %y : tensor<?x64xi32, #ingot.dims<()[s0] -> (s0, 64)>>
}

// -----

// A convolution of single pixels is a product of rows; with strides it is left alone, and so is one whose weights a run gives.
// CHECK-LABEL: @pixels(
// CHECK: %[[R:.*]] = ingot.reshape %{{.*}} : tensor<1x4x128x16xf32> -> tensor<4x128x16xf32>
// CHECK: ingot.sparse_places %[[R]]
// CHECK: ingot.sparse_matmul {{.*}} columns 64 : (tensor<1x14x14x128xf32>
// CHECK: ingot.conv {{.*}} -> tensor<1x7x7x64xf32>
// CHECK: ingot.packed_matmul
func.func @pixels(%x: tensor<1x14x14x128xf32>, %v: tensor<4x128x16xf32>, %a: tensor<8x128xf32>) -> (tensor<1x14x14x64xf32>, tensor<1x7x7x64xf32>, tensor<8x64xf32>) {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<1x4x128x16xf32>
  // expected-remark @+1 {{is computed without zero blocks: 102 of 512 blocks}}
  %0 = ingot.conv %x, %w channels_last kernel [1, 1] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 64 : tensor<1x14x14x128xf32>, tensor<1x4x128x16xf32> -> tensor<1x14x14x64xf32>
  %1 = ingot.conv %x, %w channels_last kernel [1, 1] strides [2, 2] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 64 : tensor<1x14x14x128xf32>, tensor<1x4x128x16xf32> -> tensor<1x7x7x64xf32>
  %2 = ingot.packed_matmul %a, %v : tensor<8x128xf32>, tensor<4x128x16xf32> -> tensor<8x64xf32>
  return %0, %1, %2 : tensor<1x14x14x64xf32>, tensor<1x7x7x64xf32>, tensor<8x64xf32>
}

// -----

// Too little work for what transposing the rows costs.
// CHECK-LABEL: @narrow(
// CHECK-NOT: sparse
func.func @narrow(%x: tensor<1x16xf32>) -> tensor<1x16xf32> {
  %p = ingot.constant #ingot.weight<0, "w"> : tensor<1x16x16xf32>
  // expected-remark @+1 {{is computed with all its weights: 3 of 16 blocks}}
  %y = ingot.packed_matmul %x, %p : tensor<1x16xf32>, tensor<1x16x16xf32> -> tensor<1x16xf32>
  return %y : tensor<1x16xf32>
}

// -----

// CHECK-LABEL: @row(
// CHECK: ingot.sparse_matmul
// PAIRS-LABEL: @row(
// PAIRS: %[[W:.*]] = ingot.pack
// PAIRS-DAG: %[[V:.*]] = ingot.pair_values %[[W]] : tensor<192x768x16xf32> -> tensor<192x384x16xf32>
// PAIRS-DAG: %[[P:.*]] = ingot.pair_places %[[W]] : tensor<192x768x16xf32> -> tensor<192x24x16xi32>
// PAIRS: ingot.pair_matmul %{{.*}}, %[[V]] places %[[P]] columns 3072
func.func @row(%x: tensor<1x768xf32>) -> tensor<1x3072xf32> {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<768x3072xf32>
  %p = ingot.pack %w : tensor<768x3072xf32> -> tensor<192x768x16xf32>
  // expected-remark @+1 {{is computed without zero blocks: 29491 of 147456 blocks are not zero, cycles }}
  %y = ingot.packed_matmul %x, %p : tensor<1x768xf32>, tensor<192x768x16xf32> -> tensor<1x3072xf32>
  return %y : tensor<1x3072xf32>
}
