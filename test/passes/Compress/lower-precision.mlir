// RUN: ingot-opt %s -ingot-lower-precision -canonicalize -cse | FileCheck %s

// Both sides in bf16, the weights in pairs of rows; sums stay f32. Products of one tensor share its conversion.
// CHECK-LABEL: @products(
// CHECK-SAME: %[[X:.*]]: tensor<4x7xf32>
// CHECK-DAG: %[[N:.*]] = ingot.cast %[[X]] to bf16 : tensor<4x7xf32> -> tensor<4x7xbf16>
// CHECK-DAG: %[[W:.*]] = ingot.cast %{{.*}} to bf16 : tensor<7x20xf32> -> tensor<7x20xbf16>
// CHECK: %[[P:.*]] = ingot.pack %[[W]] {group = 2 : i64} : tensor<7x20xbf16> -> tensor<2x4x32xbf16>
// CHECK: %[[Y:.*]] = ingot.packed_matmul %[[N]], %[[P]] {ingot.values = ["y"]} : tensor<4x7xbf16>, tensor<2x4x32xbf16> -> tensor<4x20xf32>
// CHECK: %[[Z:.*]] = ingot.packed_matmul %[[N]], %{{.*}} : tensor<4x7xbf16>, tensor<1x4x32xbf16> -> tensor<4x3xf32>
// CHECK: return %[[Y]], %[[Z]], %[[X]]
func.func @products(%x: tensor<4x7xf32>) -> (tensor<4x20xf32>, tensor<4x3xf32>, tensor<4x7xf32>) {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<7x20xf32>
  %v = ingot.constant #ingot.weight<1, "v"> : tensor<3x7xf32>
  %t = ingot.transpose %v [1, 0] : tensor<3x7xf32> -> tensor<7x3xf32>
  %p = ingot.pack %w : tensor<7x20xf32> -> tensor<2x7x16xf32>
  %q = ingot.pack %t : tensor<7x3xf32> -> tensor<1x7x16xf32>
  %y = ingot.packed_matmul %x, %p {ingot.values = ["y"]} : tensor<4x7xf32>, tensor<2x7x16xf32> -> tensor<4x20xf32>
  %z = ingot.packed_matmul %x, %q : tensor<4x7xf32>, tensor<1x7x16xf32> -> tensor<4x3xf32>
  return %y, %z, %x : tensor<4x20xf32>, tensor<4x3xf32>, tensor<4x7xf32>
}

// The conversion stands where the tensor is computed, in front of what only moves it.
// CHECK-LABEL: @behind_views(
// CHECK: %[[R:.*]] = ingot.unary relu
// CHECK-NEXT: %[[N:.*]] = ingot.cast %[[R]] to bf16 : tensor<2x3x5x4xf32> -> tensor<2x3x5x4xbf16>
// CHECK-NEXT: %[[T:.*]] = ingot.transpose %[[N]] [0, 2, 1, 3] : tensor<2x3x5x4xbf16> -> tensor<2x5x3x4xbf16>
// CHECK-NEXT: %[[F:.*]] = ingot.reshape %[[T]] : tensor<2x5x3x4xbf16> -> tensor<2x5x12xbf16>
// CHECK: ingot.packed_matmul %[[F]]
func.func @behind_views(%x: tensor<2x3x5x4xf32>) -> tensor<2x5x16xf32> {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<12x16xf32>
  %p = ingot.pack %w : tensor<12x16xf32> -> tensor<1x12x16xf32>
  %r = ingot.unary relu %x : tensor<2x3x5x4xf32> -> tensor<2x3x5x4xf32>
  %t = ingot.transpose %r [0, 2, 1, 3] : tensor<2x3x5x4xf32> -> tensor<2x5x3x4xf32>
  %f = ingot.reshape %t : tensor<2x5x3x4xf32> -> tensor<2x5x12xf32>
  %y = ingot.packed_matmul %f, %p : tensor<2x5x12xf32>, tensor<1x12x16xf32> -> tensor<2x5x16xf32>
  return %y : tensor<2x5x16xf32>
}

// A border is bf16 as what it surrounds.
// CHECK-LABEL: @convolution(
// CHECK: %[[N:.*]] = ingot.cast %{{.*}} to bf16 : tensor<1x6x6x4xf32> -> tensor<1x6x6x4xbf16>
// CHECK-NEXT: %[[B:.*]] = ingot.pad constant %[[N]] low [0, 1, 1, 0] high [0, 1, 1, 0] value dense<0.000000e+00> : tensor<bf16> : tensor<1x6x6x4xbf16> -> tensor<1x8x8x4xbf16>
// CHECK: %[[P:.*]] = ingot.pack %{{.*}} {group = 2 : i64} : tensor<1x36x8xbf16> -> tensor<1x1x18x32xbf16>
// CHECK: ingot.conv %[[B]], %[[P]] channels_last {{.*}} : tensor<1x8x8x4xbf16>, tensor<1x1x18x32xbf16> -> tensor<1x6x6x8xf32>
func.func @convolution(%x: tensor<1x6x6x4xf32>) -> tensor<1x6x6x8xf32> {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<1x36x8xf32>
  %p = ingot.pack %w : tensor<1x36x8xf32> -> tensor<1x1x36x16xf32>
  %b = ingot.pad constant %x low [0, 1, 1, 0] high [0, 1, 1, 0] value dense<0.0> : tensor<f32> : tensor<1x6x6x4xf32> -> tensor<1x8x8x4xf32>
  %y = ingot.conv %b, %p channels_last kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 8 : tensor<1x8x8x4xf32>, tensor<1x1x36x16xf32> -> tensor<1x6x6x8xf32>
  return %y : tensor<1x6x6x8xf32>
}

// Odd channels make no pairs, a depthwise convolution has none, and the right side of a product of activations is no weight.
// CHECK-LABEL: @stays(
// CHECK-NOT: bf16
// CHECK: return
func.func @stays(%x: tensor<1x6x6x3xf32>, %a: tensor<5x8xf32>, %b: tensor<8x6xf32>) -> (tensor<1x6x6x8xf32>, tensor<1x4x4x3xf32>, tensor<5x6xf32>) {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<1x3x8xf32>
  %p = ingot.pack %w : tensor<1x3x8xf32> -> tensor<1x1x3x16xf32>
  %y = ingot.conv %x, %p channels_last kernel [1, 1] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 8 : tensor<1x6x6x3xf32>, tensor<1x1x3x16xf32> -> tensor<1x6x6x8xf32>
  %d = ingot.constant #ingot.weight<1, "d"> : tensor<1x9x16xf32>
  %z = ingot.conv %x, %d channels_last kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 3 channels 3 : tensor<1x6x6x3xf32>, tensor<1x9x16xf32> -> tensor<1x4x4x3xf32>
  %q = ingot.pack %b : tensor<8x6xf32> -> tensor<1x8x16xf32>
  %s = ingot.packed_matmul %a, %q : tensor<5x8xf32>, tensor<1x8x16xf32> -> tensor<5x6xf32>
  return %y, %z, %s : tensor<1x6x6x8xf32>, tensor<1x4x4x3xf32>, tensor<5x6xf32>
}
