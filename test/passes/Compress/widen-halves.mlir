// RUN: ingot-opt %s -ingot-widen-halves -canonicalize -split-input-file | FileCheck %s

// Inputs and weights are widened once, results narrowed at the end; in between nothing is rounded, also where the model did that.
// CHECK-LABEL: @chain(
// CHECK-SAME: %[[X:.*]]: tensor<2x8xf16>
// CHECK-DAG: %[[W:.*]] = ingot.constant #ingot.weight<0, "w"> : tensor<8x4xf16>
// CHECK-DAG: %[[B:.*]] = ingot.constant dense<1.500000e+00> : tensor<4xf32>
// CHECK-DAG: %[[WX:.*]] = ingot.cast %[[X]] to f32 : tensor<2x8xf16> -> tensor<2x8xf32>
// CHECK-DAG: %[[WW:.*]] = ingot.cast %[[W]] to f32 : tensor<8x4xf16> -> tensor<8x4xf32>
// CHECK: %[[P:.*]] = ingot.matmul %[[WX]], %[[WW]] : tensor<2x8xf32>, tensor<8x4xf32> -> tensor<2x4xf32>
// CHECK-NEXT: %[[S:.*]] = ingot.binary add %[[P]], %[[B]] : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
// CHECK-NEXT: %[[R:.*]] = ingot.unary relu %[[S]] : tensor<2x4xf32> -> tensor<2x4xf32>
// CHECK-NEXT: %[[Y:.*]] = ingot.cast %[[R]] to f16 : tensor<2x4xf32> -> tensor<2x4xf16>
// CHECK-NEXT: return %[[Y]]
func.func @chain(%x: tensor<2x8xf16>) -> tensor<2x4xf16> {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<8x4xf16>
  %b = ingot.constant dense<1.5> : tensor<4xf16>
  %p = ingot.matmul %x, %w : tensor<2x8xf16>, tensor<8x4xf16> -> tensor<2x4xf16>
  %s = ingot.binary add %p, %b : tensor<2x4xf16>, tensor<4xf16> -> tensor<2x4xf16>
  %c = ingot.cast %s to f32 : tensor<2x4xf16> -> tensor<2x4xf32>
  %d = ingot.cast %c to f16 : tensor<2x4xf32> -> tensor<2x4xf16>
  %r = ingot.unary relu %d : tensor<2x4xf16> -> tensor<2x4xf16>
  return %r : tensor<2x4xf16>
}

// -----

// What only constants are needed for stays as it is, and so does a look-up; a border is f32 as what it surrounds.
// CHECK-LABEL: @stays(
// CHECK: %[[T:.*]] = ingot.transpose %{{.*}} [1, 0] : tensor<4x8xbf16> -> tensor<8x4xbf16>
// CHECK: ingot.cast %[[T]] to f32
// CHECK: %[[G:.*]] = ingot.gather {{.*}} : tensor<10x8xbf16>, tensor<2xi64> -> tensor<2x8xbf16>
// CHECK: %[[W:.*]] = ingot.cast %[[G]] to f32
// CHECK: ingot.pad constant %[[W]] low [0, 0] high [1, 0] value dense<1.000000e+00> : tensor<f32> : tensor<2x8xf32> -> tensor<3x8xf32>
// CHECK: ingot.matmul {{.*}} -> tensor<3x4xf32>
func.func @stays(%i: tensor<2xi64>) -> tensor<3x4xbf16> {
  %e = ingot.constant #ingot.weight<0, "e"> : tensor<10x8xbf16>
  %w = ingot.constant #ingot.weight<1, "w"> : tensor<4x8xbf16>
  %t = ingot.transpose %w [1, 0] : tensor<4x8xbf16> -> tensor<8x4xbf16>
  %g = ingot.gather %e, %i axis 0 : tensor<10x8xbf16>, tensor<2xi64> -> tensor<2x8xbf16>
  %p = ingot.pad constant %g low [0, 0] high [1, 0] value dense<1.0> : tensor<bf16> : tensor<2x8xbf16> -> tensor<3x8xbf16>
  %y = ingot.matmul %p, %t : tensor<3x8xbf16>, tensor<8x4xbf16> -> tensor<3x4xbf16>
  return %y : tensor<3x4xbf16>
}

// -----

// CHECK-LABEL: @f32(
// CHECK-NOT: ingot.cast
func.func @f32(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %y = ingot.unary relu %x : tensor<2x8xf32> -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}
