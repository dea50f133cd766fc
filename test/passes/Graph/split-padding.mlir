// RUN: ingot-opt %s -ingot-split-padding | FileCheck %s

// CHECK-LABEL: @pads(
// CHECK-SAME: %[[X:.*]]: tensor<1x3x8x9xf32>
// CHECK: %[[P:.*]] = ingot.pad constant %[[X]] low [0, 0, 1, 0] high [0, 0, 2, 3] value dense<0.000000e+00>
// CHECK: ingot.conv %[[P]], %{{.*}} pads [0, 0, 0, 0]
func.func @pads(%x: tensor<1x3x8x9xf32>, %w: tensor<4x3x3x3xf32>) -> tensor<1x4x9x10xf32> {
  %y = ingot.conv %x, %w channels_first kernel [3, 3] strides [1, 1] pads [1, 0, 2, 3] dilations [1, 1] groups 1 channels 4 : tensor<1x3x8x9xf32>, tensor<4x3x3x3xf32> -> tensor<1x4x9x10xf32>
  return %y : tensor<1x4x9x10xf32>
}

// What no window reads is left out: the last column and the last row.
// CHECK-LABEL: @unread(
// CHECK: ingot.pad constant %{{.*}} low [0, 0, 1, 1] high [0, 0, 0, 0]
func.func @unread(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>) -> tensor<1x4x4x4xf32> {
  %y = ingot.conv %x, %w channels_first kernel [3, 3] strides [2, 2] pads [1, 1, 1, 1] dilations [1, 1] groups 1 channels 4 : tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32> -> tensor<1x4x4x4xf32>
  return %y : tensor<1x4x4x4xf32>
}

// A depthwise convolution keeps its pads unless they crop.
// CHECK-LABEL: @depthwise(
// CHECK-SAME: %[[X:.*]]: tensor<1x8x8x9xf32>, %[[L:.*]]: tensor<1x8x8xf32>
// CHECK: ingot.conv %[[X]], %{{.*}} pads [1, 1, 2, 1]
// CHECK: %[[S:.*]] = ingot.slice %[[X]]
// CHECK: ingot.conv %[[S]], %{{.*}} pads [0, 1, 0, 1]
// CHECK: ingot.conv %[[L]], %{{.*}} pads [1, 1]
// CHECK-NOT: ingot.pad
func.func @depthwise(%x: tensor<1x8x8x9xf32>, %l: tensor<1x8x8xf32>, %w: tensor<8x1x3x3xf32>, %v: tensor<8x1x3xf32>)
    -> (tensor<1x8x9x9xf32>, tensor<1x8x5x9xf32>, tensor<1x8x8xf32>) {
  %0 = ingot.conv %x, %w channels_first kernel [3, 3] strides [1, 1] pads [1, 1, 2, 1] dilations [1, 1] groups 8 channels 8 : tensor<1x8x8x9xf32>, tensor<8x1x3x3xf32> -> tensor<1x8x9x9xf32>
  %1 = ingot.conv %x, %w channels_first kernel [3, 3] strides [1, 1] pads [-1, 1, 0, 1] dilations [1, 1] groups 8 channels 8 : tensor<1x8x8x9xf32>, tensor<8x1x3x3xf32> -> tensor<1x8x5x9xf32>
  %2 = ingot.conv %l, %v channels_first kernel [3] strides [1] pads [1, 1] dilations [1] groups 8 channels 8 : tensor<1x8x8xf32>, tensor<8x1x3xf32> -> tensor<1x8x8xf32>
  return %0, %1, %2 : tensor<1x8x9x9xf32>, tensor<1x8x5x9xf32>, tensor<1x8x8xf32>
}

// Along the last dim only where its size is known: its tiles have code for the edges.
// CHECK-LABEL: @depthwise_symbolic(
// CHECK: %[[P:.*]] = ingot.pad constant %{{.*}} low [0, 0, 0, 1] high [0, 0, 0, 2]
// CHECK: ingot.conv %[[P]], %{{.*}} pads [1, 0, 1, 0]
func.func @depthwise_symbolic(%x: tensor<1x8x?x?xf32, #ingot.dims<()[a, b] -> (1, 8, a, b)>>, %w: tensor<8x1x3x3xf32>)
    -> tensor<1x8x?x?xf32, #ingot.dims<()[a, b] -> (1, 8, a, b + 1)>> attributes {ingot.symbols = ["a", "b"]} {
  %0 = ingot.conv %x, %w channels_first kernel [3, 3] strides [1, 1] pads [1, 1, 1, 2] dilations [1, 1] groups 8 channels 8
    : tensor<1x8x?x?xf32, #ingot.dims<()[a, b] -> (1, 8, a, b)>>, tensor<8x1x3x3xf32> -> tensor<1x8x?x?xf32, #ingot.dims<()[a, b] -> (1, 8, a, b + 1)>>
  return %0 : tensor<1x8x?x?xf32, #ingot.dims<()[a, b] -> (1, 8, a, b + 1)>>
}

// Negative pads crop.
// CHECK-LABEL: @crop(
// CHECK: %[[S:.*]] = ingot.slice %{{.*}} [0, 0, 2] [1, 3, 6] [1, 1, 1]
// CHECK: %[[P:.*]] = ingot.pad constant %[[S]] low [0, 0, 0] high [0, 0, 1]
// CHECK: ingot.conv %[[P]], %{{.*}} pads [0, 0]
func.func @crop(%x: tensor<1x3x8xf32>, %w: tensor<4x3x3xf32>) -> tensor<1x4x5xf32> {
  %y = ingot.conv %x, %w channels_first kernel [3] strides [1] pads [-2, 1] dilations [1] groups 1 channels 4 : tensor<1x3x8xf32>, tensor<4x3x3xf32> -> tensor<1x4x5xf32>
  return %y : tensor<1x4x5xf32>
}

// A pad of the model joins the convolution's own.
// CHECK-LABEL: @merge(
// CHECK-SAME: %[[X:.*]]: tensor<1x3x8xf32>
// CHECK-NEXT: ingot.pad constant %[[X]] low [0, 0, 3] high [0, 0, 1]
// CHECK-NEXT: ingot.conv
func.func @merge(%x: tensor<1x3x8xf32>, %w: tensor<4x3x3xf32>) -> tensor<1x4x10xf32> {
  %p = ingot.pad constant %x low [0, 0, 2] high [0, 0, 0] value dense<0.0> : tensor<f32> : tensor<1x3x8xf32> -> tensor<1x3x10xf32>
  %y = ingot.conv %p, %w channels_first kernel [3] strides [1] pads [1, 1] dilations [1] groups 1 channels 4 : tensor<1x3x10xf32>, tensor<4x3x3xf32> -> tensor<1x4x10xf32>
  return %y : tensor<1x4x10xf32>
}

// A border of ones does not, nor one that repeats the edge.
// CHECK-LABEL: @other_value(
// CHECK: ingot.pad constant %{{.*}} value dense<1.000000e+00>
// CHECK: ingot.pad constant %{{.*}} value dense<0.000000e+00>
// CHECK: ingot.conv
func.func @other_value(%x: tensor<1x3x8xf32>, %w: tensor<4x3x3xf32>) -> tensor<1x4x10xf32> {
  %p = ingot.pad constant %x low [0, 0, 2] high [0, 0, 0] value dense<1.0> : tensor<f32> : tensor<1x3x8xf32> -> tensor<1x3x10xf32>
  %y = ingot.conv %p, %w channels_first kernel [3] strides [1] pads [1, 1] dilations [1] groups 1 channels 4 : tensor<1x3x10xf32>, tensor<4x3x3xf32> -> tensor<1x4x10xf32>
  return %y : tensor<1x4x10xf32>
}
