// RUN: ingot-opt %s -ingot-fold-scales | FileCheck %s

// conv, bias, batch norm -> conv and one bias. The constants stand after the convolution in the model.
// CHECK-LABEL: @conv_bn(
// CHECK-SAME: %[[X:.*]]: tensor<1x3x8x8xf32>
// CHECK: %[[SW:.*]] = ingot.reshape %{{.*}} : tensor<2x1x1xf32> -> tensor<2x1x1x1xf32>
// CHECK: %[[W:.*]] = ingot.binary mul %{{.*}}, %[[SW]] : tensor<2x3x1x1xf32>, tensor<2x1x1x1xf32>
// CHECK-NEXT: %[[C:.*]] = ingot.conv %[[X]], %[[W]]
// CHECK-NOT: tensor<1x2x8x8xf32>, tensor<2x1x1xf32> -> tensor<1x2x8x8xf32>
// CHECK: %[[Y:.*]] = ingot.binary add %[[C]], %{{.*}} {ingot.values = ["y"]}
// CHECK-NEXT: return %[[Y]]
func.func @conv_bn(%x: tensor<1x3x8x8xf32>) -> tensor<1x2x8x8xf32> {
  %w = ingot.constant dense<1.0> : tensor<2x3x1x1xf32>
  %c = ingot.conv %x, %w channels_first kernel [1, 1] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 2 : tensor<1x3x8x8xf32>, tensor<2x3x1x1xf32> -> tensor<1x2x8x8xf32>
  %b = ingot.constant dense<[[[1.0]], [[2.0]]]> : tensor<2x1x1xf32>
  %s = ingot.constant dense<[[[3.0]], [[4.0]]]> : tensor<2x1x1xf32>
  %v = ingot.constant #ingot.weight<0, "variance"> : tensor<2x1x1xf32>
  %d = ingot.unary sqrt %v : tensor<2x1x1xf32> -> tensor<2x1x1xf32>
  %f = ingot.binary div %s, %d : tensor<2x1x1xf32>, tensor<2x1x1xf32> -> tensor<2x1x1xf32>
  %1 = ingot.binary add %c, %b : tensor<1x2x8x8xf32>, tensor<2x1x1xf32> -> tensor<1x2x8x8xf32>
  %2 = ingot.binary mul %1, %f : tensor<1x2x8x8xf32>, tensor<2x1x1xf32> -> tensor<1x2x8x8xf32>
  %3 = ingot.binary sub %2, %b {ingot.values = ["y"]} : tensor<1x2x8x8xf32>, tensor<2x1x1xf32> -> tensor<1x2x8x8xf32>
  return %3 : tensor<1x2x8x8xf32>
}

// CHECK-LABEL: @matmul(
// CHECK: %[[S:.*]] = ingot.constant dense<{{\[}}[0.333333343], [2.000000e-01]]> : tensor<2x1xf32>
// CHECK: %[[W:.*]] = ingot.binary mul %{{.*}}, %[[S]] : tensor<2x3xf32>, tensor<2x1xf32>
// CHECK-NEXT: %[[Y:.*]] = ingot.matmul %{{.*}}, %[[W]] {{.*}}transpose_rhs
// CHECK-NEXT: return %[[Y]]
func.func @matmul(%x: tensor<4x3xf32>) -> tensor<4x2xf32> {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<2x3xf32>
  %s = ingot.constant dense<[3.0, 5.0]> : tensor<2xf32>
  %y = ingot.matmul %x, %w {transpose_rhs} : tensor<4x3xf32>, tensor<2x3xf32> -> tensor<4x2xf32>
  %z = ingot.binary div %y, %s : tensor<4x2xf32>, tensor<2xf32> -> tensor<4x2xf32>
  return %z : tensor<4x2xf32>
}

// CHECK-LABEL: @conv_transpose(
// CHECK: ingot.binary mul %{{.*}}, %{{.*}} : tensor<3x2x2x2xf32>, tensor<2x1x1xf32>
// CHECK-NEXT: %[[Y:.*]] = ingot.conv_transpose
// CHECK-NEXT: return %[[Y]]
func.func @conv_transpose(%x: tensor<1x3x4x4xf32>) -> tensor<1x2x8x8xf32> {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<3x2x2x2xf32>
  %s = ingot.constant dense<[[[3.0]], [[5.0]]]> : tensor<2x1x1xf32>
  %y = ingot.conv_transpose %x, %w strides [2, 2] pads [0, 0, 0, 0] dilations [1, 1] groups 1 : tensor<1x3x4x4xf32>, tensor<3x2x2x2xf32> -> tensor<1x2x8x8xf32>
  %z = ingot.binary mul %s, %y : tensor<2x1x1xf32>, tensor<1x2x8x8xf32> -> tensor<1x2x8x8xf32>
  return %z : tensor<1x2x8x8xf32>
}

// The sign of a result goes into weights and bias.
// CHECK-LABEL: @negation(
// CHECK-DAG: %[[B:.*]] = ingot.constant dense<[-1.000000e+00, -2.000000e+00]>
// CHECK: ingot.binary mul %{{.*}}, %{{.*}} : tensor<3x2xf32>, tensor<1xf32>
// CHECK-NEXT: %[[Y:.*]] = ingot.matmul
// CHECK-NEXT: ingot.binary add %[[Y]], %[[B]]
// CHECK-NEXT: return
func.func @negation(%x: tensor<4x3xf32>) -> tensor<4x2xf32> {
  %w = ingot.constant #ingot.weight<0, "w"> : tensor<3x2xf32>
  %b = ingot.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %y = ingot.matmul %x, %w : tensor<4x3xf32>, tensor<3x2xf32> -> tensor<4x2xf32>
  %a = ingot.binary add %y, %b : tensor<4x2xf32>, tensor<2xf32> -> tensor<4x2xf32>
  %z = ingot.unary neg %a : tensor<4x2xf32> -> tensor<4x2xf32>
  return %z : tensor<4x2xf32>
}

// Without weights: constants merge, an exact reciprocal replaces a division.
// CHECK-LABEL: @merge(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>
// CHECK-DAG: %[[A:.*]] = ingot.constant dense<3.000000e+00>
// CHECK-DAG: %[[B:.*]] = ingot.constant dense<1.250000e-01>
// CHECK: %[[S:.*]] = ingot.binary add %[[X]], %[[A]]
// CHECK-NEXT: ingot.binary mul %[[S]], %[[B]]
func.func @merge(%x: tensor<4xf32>) -> tensor<4xf32> {
  %one = ingot.constant dense<1.0> : tensor<f32>
  %two = ingot.constant dense<2.0> : tensor<f32>
  %eight = ingot.constant dense<8.0> : tensor<f32>
  %1 = ingot.binary add %x, %one : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %2 = ingot.binary add %1, %two : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %3 = ingot.binary div %2, %eight : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  return %3 : tensor<4xf32>
}

// Left alone: a scale along another dim, a result that is read twice, an inexact reciprocal, vectors whose sum is a matrix.
// CHECK-LABEL: @left(
// CHECK: ingot.conv
// CHECK-NEXT: ingot.binary mul
// CHECK-NEXT: ingot.matmul
// CHECK-NEXT: ingot.binary mul
// CHECK-NEXT: ingot.binary add
// CHECK-NEXT: ingot.binary div
// CHECK-NEXT: ingot.binary add
// CHECK-NEXT: ingot.binary add
// CHECK-NEXT: return
func.func @left(%x: tensor<1x3x8xf32>, %a: tensor<4x3xf32>) -> (tensor<1x2x8xf32>, tensor<4x4xf32>) {
  %w = ingot.constant dense<1.0> : tensor<2x3x1xf32>
  %m = ingot.constant dense<1.0> : tensor<3x4xf32>
  %s = ingot.constant #ingot.weight<0, "s"> : tensor<8xf32>
  %c = ingot.constant #ingot.weight<1, "c"> : tensor<4x1xf32>
  %r = ingot.constant #ingot.weight<2, "r"> : tensor<4xf32>
  %three = ingot.constant dense<3.0> : tensor<f32>
  %1 = ingot.conv %x, %w channels_first kernel [1] strides [1] pads [0, 0] dilations [1] groups 1 channels 2 : tensor<1x3x8xf32>, tensor<2x3x1xf32> -> tensor<1x2x8xf32>
  %2 = ingot.binary mul %1, %s : tensor<1x2x8xf32>, tensor<8xf32> -> tensor<1x2x8xf32>
  %3 = ingot.matmul %a, %m : tensor<4x3xf32>, tensor<3x4xf32> -> tensor<4x4xf32>
  %4 = ingot.binary mul %3, %r : tensor<4x4xf32>, tensor<4xf32> -> tensor<4x4xf32>
  %5 = ingot.binary add %4, %3 : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
  %6 = ingot.binary div %5, %three : tensor<4x4xf32>, tensor<f32> -> tensor<4x4xf32>
  %7 = ingot.binary add %6, %c : tensor<4x4xf32>, tensor<4x1xf32> -> tensor<4x4xf32>
  %8 = ingot.binary add %7, %r : tensor<4x4xf32>, tensor<4xf32> -> tensor<4x4xf32>
  return %2, %8 : tensor<1x2x8xf32>, tensor<4x4xf32>
}

// A positive scale goes through relu and both sides of a sum, where it ends in other constants; a negative one does not.
// CHECK-LABEL: func.func @through_relu
func.func @through_relu(%x: tensor<4xi32>, %y: tensor<4xui8>) -> (tensor<4xf32>, tensor<4xf32>) {
  %a = ingot.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %b = ingot.constant dense<0.5> : tensor<f32>
  %three = ingot.constant dense<3.0> : tensor<f32>
  %minus = ingot.constant dense<-3.0> : tensor<f32>
  %0 = ingot.cast %x to f32 : tensor<4xi32> -> tensor<4xf32>
  %1 = ingot.binary mul %0, %a : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %2 = ingot.cast %y to f32 : tensor<4xui8> -> tensor<4xf32>
  %3 = ingot.binary mul %2, %b : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %4 = ingot.binary add %1, %3 : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  // CHECK: %[[S:.*]] = ingot.binary add
  // CHECK: %[[R:.*]] = ingot.unary relu %[[S]]
  %5 = ingot.unary relu %4 : tensor<4xf32> -> tensor<4xf32>
  %6 = ingot.binary div %5, %three : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %7 = ingot.binary mul %0, %a : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  // CHECK: %[[T:.*]] = ingot.unary relu
  // CHECK: %[[D:.*]] = ingot.binary div %[[T]], %{{.*}}
  %8 = ingot.unary relu %7 : tensor<4xf32> -> tensor<4xf32>
  %9 = ingot.binary div %8, %minus : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  // CHECK: return %[[R]], %[[D]]
  return %6, %9 : tensor<4xf32>, tensor<4xf32>
}
