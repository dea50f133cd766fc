// RUN: ingot-opt %s -ingot-channels-last | FileCheck %s

// The reduction index of packed weights runs over the kernel, then the channels.
// CHECK-LABEL: @dense(
// CHECK-SAME: %[[X:.*]]: tensor<1x3x8x9xf32>, %[[W:.*]]: tensor<20x3x2x3xf32>
// CHECK-DAG: %[[S:.*]] = ingot.reshape %[[W]] : {{.*}} -> tensor<1x20x3x6xf32>
// CHECK-DAG: %[[T:.*]] = ingot.transpose %[[S]] [0, 3, 2, 1] : {{.*}} -> tensor<1x6x3x20xf32>
// CHECK-DAG: %[[R:.*]] = ingot.reshape %[[T]] : {{.*}} -> tensor<1x18x20xf32>
// CHECK-DAG: %[[P:.*]] = ingot.pack %[[R]] : {{.*}} -> tensor<1x2x18x16xf32>
// CHECK-DAG: %[[L:.*]] = ingot.transpose %[[X]] [0, 2, 3, 1] : {{.*}} -> tensor<1x8x9x3xf32>
// CHECK: %[[Y:.*]] = ingot.conv %[[L]], %[[P]] channels_last kernel [2, 3] strides [1, 2] {{.*}} groups 1 channels 20 {{.*}} -> tensor<1x7x4x20xf32>
// CHECK: ingot.transpose %[[Y]] [0, 3, 1, 2] : {{.*}} -> tensor<1x20x7x4xf32>
func.func @dense(%x: tensor<1x3x8x9xf32>, %w: tensor<20x3x2x3xf32>) -> tensor<1x20x7x4xf32> {
  %y = ingot.conv %x, %w channels_first kernel [2, 3] strides [1, 2] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 20 : tensor<1x3x8x9xf32>, tensor<20x3x2x3xf32> -> tensor<1x20x7x4xf32>
  return %y : tensor<1x20x7x4xf32>
}

// CHECK-LABEL: @grouped(
// CHECK: ingot.pack %{{.*}} : tensor<2x9x4xf32> -> tensor<2x1x9x16xf32>
// CHECK: ingot.conv %{{.*}} channels_last {{.*}} groups 2 channels 8
func.func @grouped(%x: tensor<1x6x8xf32>, %w: tensor<8x3x3xf32>) -> tensor<1x8x6xf32> {
  %y = ingot.conv %x, %w channels_first kernel [3] strides [1] pads [0, 0] dilations [1] groups 2 channels 8 : tensor<1x6x8xf32>, tensor<8x3x3xf32> -> tensor<1x8x6xf32>
  return %y : tensor<1x8x6xf32>
}

// CHECK-LABEL: @depthwise(
// CHECK: ingot.pack %{{.*}} : tensor<9x20xf32> -> tensor<2x9x16xf32>
// CHECK: ingot.conv %{{.*}} channels_last {{.*}} groups 20 channels 20
func.func @depthwise(%x: tensor<1x20x8x8xf32>, %w: tensor<20x1x3x3xf32>) -> tensor<1x20x6x6xf32> {
  %y = ingot.conv %x, %w channels_first kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 20 channels 20 : tensor<1x20x8x8xf32>, tensor<20x1x3x3xf32> -> tensor<1x20x6x6xf32>
  return %y : tensor<1x20x6x6xf32>
}

// CHECK-LABEL: @one_pixel(
// CHECK: ingot.packed_matmul %{{.*}}, %{{.*}} : tensor<2x6xf32>, tensor<1x6x16xf32>
func.func @one_pixel(%x: tensor<2x6x1x1xf32>, %w: tensor<8x6x1x1xf32>) -> tensor<2x8x1x1xf32> {
  %y = ingot.conv %x, %w channels_first kernel [1, 1] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 8 : tensor<2x6x1x1xf32>, tensor<8x6x1x1xf32> -> tensor<2x8x1x1xf32>
  return %y : tensor<2x8x1x1xf32>
}

// Every pixel makes a window of the result.
// CHECK-LABEL: @conv_transpose(
// CHECK: %[[Y:.*]] = ingot.conv %{{.*}} channels_last kernel [1, 1] {{.*}} channels 24 {{.*}} -> tensor<1x4x5x24xf32>
// CHECK: %[[S:.*]] = ingot.reshape %[[Y]] : {{.*}} -> tensor<1x4x5x2x3x4xf32>
// CHECK: %[[T:.*]] = ingot.transpose %[[S]] [0, 1, 3, 2, 4, 5] : {{.*}} -> tensor<1x4x2x5x3x4xf32>
// CHECK: %[[J:.*]] = ingot.reshape %[[T]] : {{.*}} -> tensor<1x8x15x4xf32>
// CHECK: ingot.transpose %[[J]] [0, 3, 1, 2]
func.func @conv_transpose(%x: tensor<1x6x4x5xf32>, %w: tensor<6x4x2x3xf32>) -> tensor<1x4x8x15xf32> {
  %y = ingot.conv_transpose %x, %w strides [2, 3] pads [0, 0, 0, 0] dilations [1, 1] groups 1 : tensor<1x6x4x5xf32>, tensor<6x4x2x3xf32> -> tensor<1x4x8x15xf32>
  return %y : tensor<1x4x8x15xf32>
}

// Each row of the windows has columns enough for a convolution of its own; their results are joined, nothing is moved.
// CHECK-LABEL: @conv_transpose_rows(
// CHECK: %[[A:.*]] = ingot.conv %{{.*}} channels_last kernel [1, 1] {{.*}} channels 24 {{.*}} -> tensor<1x4x5x24xf32>
// CHECK: %[[R:.*]] = ingot.reshape %[[A]] : {{.*}} -> tensor<1x4x1x5x3x8xf32>
// CHECK: %[[B:.*]] = ingot.conv %{{.*}} channels_last kernel [1, 1] {{.*}} channels 24 {{.*}} -> tensor<1x4x5x24xf32>
// CHECK: %[[S:.*]] = ingot.reshape %[[B]] : {{.*}} -> tensor<1x4x1x5x3x8xf32>
// CHECK: %[[J:.*]] = ingot.concat %[[R]], %[[S]] axis 2
// CHECK: ingot.reshape %[[J]] : {{.*}} -> tensor<1x8x15x8xf32>
func.func @conv_transpose_rows(%x: tensor<1x6x4x5xf32>, %w: tensor<6x8x2x3xf32>) -> tensor<1x8x8x15xf32> {
  %y = ingot.conv_transpose %x, %w strides [2, 3] pads [0, 0, 0, 0] dilations [1, 1] groups 1 : tensor<1x6x4x5xf32>, tensor<6x8x2x3xf32> -> tensor<1x8x8x15xf32>
  return %y : tensor<1x8x8x15xf32>
}

// CHECK-LABEL: @pool(
// CHECK: ingot.pool max %{{.*}} channels_last kernel [2, 2] {{.*}} pads [1, 0, 0, 0] {{.*}} -> tensor<1x4x4x3xf32>
func.func @pool(%x: tensor<1x3x7x8xf32>) -> tensor<1x3x4x4xf32> {
  %y = ingot.pool max %x channels_first kernel [2, 2] strides [2, 2] pads [1, 0, 0, 0] dilations [1, 1] count_pads [1, 0, 0, 0] : tensor<1x3x7x8xf32> -> tensor<1x3x4x4xf32>
  return %y : tensor<1x3x4x4xf32>
}

// Other types, three spatial dims, pads and windows that overlap stay.
// CHECK-LABEL: @keep(
// CHECK-NOT: channels_last
// CHECK: ingot.conv_transpose
// CHECK-NOT: channels_last
// CHECK: return
func.func @keep(%x: tensor<1x3x8xf64>, %v: tensor<4x3x3xf64>, %y: tensor<1x3x8xf32>, %w: tensor<4x3x3xf32>, %z: tensor<1x1x4x4x4xf32>, %u: tensor<1x1x2x2x2xf32>, %t: tensor<3x4x3xf32>)
    -> (tensor<1x4x6xf64>, tensor<1x4x8xf32>, tensor<1x1x3x3x3xf32>, tensor<1x4x17xf32>) {
  %a = ingot.conv %x, %v channels_first kernel [3] strides [1] pads [0, 0] dilations [1] groups 1 channels 4 : tensor<1x3x8xf64>, tensor<4x3x3xf64> -> tensor<1x4x6xf64>
  %b = ingot.conv %y, %w channels_first kernel [3] strides [1] pads [1, 1] dilations [1] groups 1 channels 4 : tensor<1x3x8xf32>, tensor<4x3x3xf32> -> tensor<1x4x8xf32>
  %c = ingot.conv %z, %u channels_first kernel [2, 2, 2] strides [1, 1, 1] pads [0, 0, 0, 0, 0, 0] dilations [1, 1, 1] groups 1 channels 1 : tensor<1x1x4x4x4xf32>, tensor<1x1x2x2x2xf32> -> tensor<1x1x3x3x3xf32>
  %d = ingot.conv_transpose %y, %t strides [2] pads [0, 0] dilations [1] groups 1 : tensor<1x3x8xf32>, tensor<3x4x3xf32> -> tensor<1x4x17xf32>
  return %a, %b, %c, %d : tensor<1x4x6xf64>, tensor<1x4x8xf32>, tensor<1x1x3x3x3xf32>, tensor<1x4x17xf32>
}
