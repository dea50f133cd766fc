// A chain is one function that goes through strips; chains that cannot be are refused.
// RUN: ingot-opt %s -ingot-emit-kernels -split-input-file -verify-diagnostics | FileCheck %s

// Two of the four rows in a strip: one strip computes rows 0 to 2 of the first region, the next one row 3; two rows move, three are held (768 bytes).
// CHECK: ingot.scratch_bytes = 768
// CHECK-LABEL: func.func @chain
// CHECK-SAME: %[[SCRATCH_MEMORY:[a-z0-9]+]]: memref<768xi8>)
// CHECK-NOT: ingot.strip
// CHECK: call @chain_0({{.*}}, %[[SCRATCH_MEMORY]]) {ingot.profile_number = 0 : i32}
// CHECK: func.func private @chain_0(
// CHECK: scf.for
// CHECK: scf.if
// CHECK: } else {
// CHECK: vector.load {{.*}} vector<64xi8>
// CHECK: memref.view
// CHECK: call @region_0
// CHECK: call @region_1
func.func @chain(%x: memref<1x4x4x16xf32>, %w0: memref<1x16x16xf32>, %w1: memref<1x9x16xf32>, %y: memref<1x4x4x16xf32>, %arena: memref<0xi8> {ingot.arena}, %weights: memref<0xi8> {ingot.weights}) attributes {ingot.input_count = 3 : i64, ingot.output_count = 1 : i64} {
  %s = ingot.strip : memref<1x4x4x16xf32>
  ingot.region ins(%x, %w0) outs(%s) plan <family = convolution, tile = [4, 16], unroll = 1, lanes = 16, units = 4, parallel = true> {ingot.chain = array<i64: 0, 2>} : (memref<1x4x4x16xf32>, memref<1x16x16xf32>, memref<1x4x4x16xf32>) -> () {
  ^bb0(%a: tensor<1x4x4x16xf32>, %b: tensor<1x16x16xf32>):
    %0 = ingot.conv %a, %b channels_last kernel [1, 1] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 16 : tensor<1x4x4x16xf32>, tensor<1x16x16xf32> -> tensor<1x4x4x16xf32>
    ingot.yield %0 : tensor<1x4x4x16xf32>
  }
  ingot.region ins(%s, %w1) outs(%y) plan <family = depthwise, tile = [2, 4, 16], unroll = 1, lanes = 16, units = 2, parallel = true> {ingot.chain = array<i64: 0, 2>} : (memref<1x4x4x16xf32>, memref<1x9x16xf32>, memref<1x4x4x16xf32>) -> () {
  ^bb0(%a: tensor<1x4x4x16xf32>, %b: tensor<1x9x16xf32>):
    %0 = ingot.conv %a, %b channels_last kernel [3, 3] strides [1, 1] pads [1, 1, 1, 1] dilations [1, 1] groups 16 channels 16 : tensor<1x4x4x16xf32>, tensor<1x9x16xf32> -> tensor<1x4x4x16xf32>
    ingot.yield %0 : tensor<1x4x4x16xf32>
  }
  return
}

// -----

func.func @cut_tiles(%x: memref<1x4x4x16xf32>, %w0: memref<1x16x16xf32>, %w1: memref<1x9x16xf32>, %y: memref<1x4x4x16xf32>, %arena: memref<0xi8> {ingot.arena}, %weights: memref<0xi8> {ingot.weights}) attributes {ingot.input_count = 3 : i64, ingot.output_count = 1 : i64} {
  %s = ingot.strip : memref<1x4x4x16xf32>
  ingot.region ins(%x, %w0) outs(%s) plan <family = convolution, tile = [4, 16], unroll = 1, lanes = 16, units = 4, parallel = true> {ingot.chain = array<i64: 0, 3>} : (memref<1x4x4x16xf32>, memref<1x16x16xf32>, memref<1x4x4x16xf32>) -> () {
  ^bb0(%a: tensor<1x4x4x16xf32>, %b: tensor<1x16x16xf32>):
    %0 = ingot.conv %a, %b channels_last kernel [1, 1] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 16 : tensor<1x4x4x16xf32>, tensor<1x16x16xf32> -> tensor<1x4x4x16xf32>
    ingot.yield %0 : tensor<1x4x4x16xf32>
  }
  // expected-error @+1 {{'ingot.region' op ends a chain of rows that cannot be: one of its regions has tiles that end inside of a strip}}
  ingot.region ins(%s, %w1) outs(%y) plan <family = depthwise, tile = [2, 4, 16], unroll = 1, lanes = 16, units = 2, parallel = true> {ingot.chain = array<i64: 0, 3>} : (memref<1x4x4x16xf32>, memref<1x9x16xf32>, memref<1x4x4x16xf32>) -> () {
  ^bb0(%a: tensor<1x4x4x16xf32>, %b: tensor<1x9x16xf32>):
    %0 = ingot.conv %a, %b channels_last kernel [3, 3] strides [1, 1] pads [1, 1, 1, 1] dilations [1, 1] groups 16 channels 16 : tensor<1x4x4x16xf32>, tensor<1x9x16xf32> -> tensor<1x4x4x16xf32>
    ingot.yield %0 : tensor<1x4x4x16xf32>
  }
  return
}
