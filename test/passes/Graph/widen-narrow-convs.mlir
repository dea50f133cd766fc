// RUN: ingot-opt %s -ingot-widen-narrow-convs | FileCheck %s

// One channel, 24 pixels in a row: two blocks of 12 pixels (a kernel of 14 instead of 3 columns).
// CHECK-LABEL: @one_channel(
// CHECK-SAME: %[[X:.*]]: tensor<1x8x6x24xf32>, %[[W:.*]]: tensor<1x8x3x3xf32>
// CHECK-DAG: %[[A:.*]] = ingot.pad constant %[[W]] low [0, 0, 0, 0] high [0, 0, 0, 11]
// CHECK-DAG: %[[B:.*]] = ingot.pad constant %[[W]] low [0, 0, 0, 11] high [0, 0, 0, 0]
// CHECK: %[[C:.*]] = ingot.concat %[[A]], {{.*}}, %[[B]] axis 0 {{.*}} -> tensor<12x8x3x14xf32>
// CHECK: %[[Y:.*]] = ingot.conv %[[X]], %[[C]] channels_first kernel [3, 14] strides [1, 12] pads [1, 1, 1, 1] dilations [1, 1] groups 1 channels 12 : {{.*}} -> tensor<1x12x6x2xf32>
// CHECK: %[[S:.*]] = ingot.reshape %[[Y]] : {{.*}} -> tensor<1x12x1x6x2xf32>
// CHECK: %[[T:.*]] = ingot.transpose %[[S]] [0, 2, 3, 4, 1]
// CHECK: ingot.reshape %[[T]] : {{.*}} -> tensor<1x1x6x24xf32>
func.func @one_channel(%x: tensor<1x8x6x24xf32>, %w: tensor<1x8x3x3xf32>) -> tensor<1x1x6x24xf32> {
  %y = ingot.conv %x, %w channels_first kernel [3, 3] strides [1, 1] pads [1, 1, 1, 1] dilations [1, 1] groups 1 channels 1 : tensor<1x8x6x24xf32>, tensor<1x8x3x3xf32> -> tensor<1x1x6x24xf32>
  return %y : tensor<1x1x6x24xf32>
}

// A prime number of pixels: seven blocks of 15, the last of which is cut. The input is padded for them.
// CHECK-LABEL: @cut(
// CHECK: ingot.conv %{{.*}} kernel [60] strides [30] pads [0, 8] {{.*}} channels 15 : {{.*}} -> tensor<1x15x7xf32>
// CHECK: ingot.slice %{{.*}} [0, 0, 0] [1, 1, 101] [1, 1, 1]
func.func @cut(%x: tensor<1x1x232xf32>, %w: tensor<1x1x32xf32>) -> tensor<1x1x101xf32> {
  %y = ingot.conv %x, %w channels_first kernel [32] strides [2] pads [0, 0] dilations [1] groups 1 channels 1 : tensor<1x1x232xf32>, tensor<1x1x32xf32> -> tensor<1x1x101xf32>
  return %y : tensor<1x1x101xf32>
}

// Pointwise convolutions gain nothing, nor do full panels; groups have panels of their own.
// CHECK-LABEL: @keep(
// CHECK-COUNT-3: ingot.conv
// CHECK-NOT: ingot.reshape
func.func @keep(%x: tensor<1x4x6x24xf32>, %a: tensor<1x4x1x1xf32>, %b: tensor<16x4x3x3xf32>, %c: tensor<2x2x3x3xf32>) -> (tensor<1x1x6x24xf32>, tensor<1x16x4x22xf32>, tensor<1x2x4x22xf32>) {
  %0 = ingot.conv %x, %a channels_first kernel [1, 1] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 1 : tensor<1x4x6x24xf32>, tensor<1x4x1x1xf32> -> tensor<1x1x6x24xf32>
  %1 = ingot.conv %x, %b channels_first kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 16 : tensor<1x4x6x24xf32>, tensor<16x4x3x3xf32> -> tensor<1x16x4x22xf32>
  %2 = ingot.conv %x, %c channels_first kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 2 channels 2 : tensor<1x4x6x24xf32>, tensor<2x2x3x3xf32> -> tensor<1x2x4x22xf32>
  return %0, %1, %2 : tensor<1x1x6x24xf32>, tensor<1x16x4x22xf32>, tensor<1x2x4x22xf32>
}

// A long filter keeps its partial sums.
// CHECK-LABEL: @long_filter(
// CHECK: ingot.conv %{{.*}} kernel [256] strides [2] {{.*}} channels 1
func.func @long_filter(%x: tensor<1x1x456xf32>, %w: tensor<1x1x256xf32>) -> tensor<1x1x101xf32> {
  %y = ingot.conv %x, %w channels_first kernel [256] strides [2] pads [0, 0] dilations [1] groups 1 channels 1 : tensor<1x1x456xf32>, tensor<1x1x256xf32> -> tensor<1x1x101xf32>
  return %y : tensor<1x1x101xf32>
}
