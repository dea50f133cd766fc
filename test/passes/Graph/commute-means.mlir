// RUN: ingot-opt %s -split-input-file --ingot-commute-means | FileCheck %s

// The mean of 24 channels is computed from that of 6; the convolution stays for its other reader.
// CHECK-LABEL: func @squeeze
// CHECK-SAME: %[[X:.+]]: tensor<2x6x8x8xf32>, %[[W:.+]]: tensor<24x6x1x1xf32>
func.func @squeeze(%x: tensor<2x6x8x8xf32>, %w: tensor<24x6x1x1xf32>) -> (tensor<2x24x8x8xf32>, tensor<2x24x1x1xf32>) {
  // CHECK: %[[IMAGE:.+]] = ingot.conv %[[X]], %[[W]] {{.*}}{ingot.values = ["image"]} : tensor<2x6x8x8xf32>
  // CHECK: %[[MEAN:.+]] = ingot.reduce mean %[[X]] axes [2, 3] {keep_dims} : tensor<2x6x8x8xf32> -> tensor<2x6x1x1xf32>
  // CHECK: %[[PIXEL:.+]] = ingot.conv %[[MEAN]], %[[W]] channels_first kernel [1, 1] {{.*}} channels 24 {ingot.values = ["mean"]} : tensor<2x6x1x1xf32>
  // CHECK: return %[[IMAGE]], %[[PIXEL]]
  %0 = ingot.conv %x, %w channels_first kernel [1, 1] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 24 {ingot.values = ["image"]} : tensor<2x6x8x8xf32>, tensor<24x6x1x1xf32> -> tensor<2x24x8x8xf32>
  %1 = ingot.reduce mean %0 axes [2, 3] {ingot.values = ["mean"], keep_dims} : tensor<2x24x8x8xf32> -> tensor<2x24x1x1xf32>
  return %0, %1 : tensor<2x24x8x8xf32>, tensor<2x24x1x1xf32>
}

// -----

// A bias for each channel is added behind; dims that are not kept go last.
// CHECK-LABEL: func @bias
// CHECK-SAME: %[[X:.+]]: tensor<1x6x8x8xf32>
func.func @bias(%x: tensor<1x6x8x8xf32>) -> tensor<1x24xf32> {
  // CHECK-DAG: %[[BIAS:.+]] = ingot.constant dense<2.0
  // CHECK-DAG: %[[W:.+]] = ingot.constant dense<1.0
  // CHECK: %[[MEAN:.+]] = ingot.reduce mean %[[X]] axes [2, 3] {keep_dims}
  // CHECK: %[[PIXEL:.+]] = ingot.conv %[[MEAN]], %[[W]]
  // CHECK: %[[SUM:.+]] = ingot.binary add %[[PIXEL]], %[[BIAS]] : tensor<1x24x1x1xf32>, tensor<24x1x1xf32> -> tensor<1x24x1x1xf32>
  // CHECK: %[[RESULT:.+]] = ingot.reshape %[[SUM]] : tensor<1x24x1x1xf32> -> tensor<1x24xf32>
  // CHECK: return %[[RESULT]]
  %w = ingot.constant dense<1.0> : tensor<24x6x1x1xf32>
  %b = ingot.constant dense<2.0> : tensor<24x1x1xf32>
  %0 = ingot.conv %x, %w channels_first kernel [1, 1] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 24 : tensor<1x6x8x8xf32>, tensor<24x6x1x1xf32> -> tensor<1x24x8x8xf32>
  %1 = ingot.binary add %0, %b : tensor<1x24x8x8xf32>, tensor<24x1x1xf32> -> tensor<1x24x8x8xf32>
  %2 = ingot.reduce mean %1 axes [2, 3] : tensor<1x24x8x8xf32> -> tensor<1x24xf32>
  return %2 : tensor<1x24xf32>
}

// -----

// What stays: a window, an activation in between, a sum that varies along the image, fewer outputs than inputs, and a mean of columns.
// CHECK-LABEL: func @stays
// CHECK-COUNT-5: ingot.reduce mean %{{[0-9]+}} axes
func.func @stays(%x: tensor<1x6x8x8xf32>, %w3: tensor<24x6x3x3xf32>, %w: tensor<24x6x1x1xf32>, %few: tensor<4x6x1x1xf32>, %image: tensor<8x8xf32>)
    -> (tensor<1x24xf32>, tensor<1x24xf32>, tensor<1x24xf32>, tensor<1x4xf32>, tensor<1x24x8xf32>) {
  %0 = ingot.conv %x, %w3 channels_first kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 24 : tensor<1x6x8x8xf32>, tensor<24x6x3x3xf32> -> tensor<1x24x6x6xf32>
  %1 = ingot.reduce mean %0 axes [2, 3] : tensor<1x24x6x6xf32> -> tensor<1x24xf32>
  %2 = ingot.conv %x, %w channels_first kernel [1, 1] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 24 : tensor<1x6x8x8xf32>, tensor<24x6x1x1xf32> -> tensor<1x24x8x8xf32>
  %3 = ingot.unary relu %2 : tensor<1x24x8x8xf32> -> tensor<1x24x8x8xf32>
  %4 = ingot.reduce mean %3 axes [2, 3] : tensor<1x24x8x8xf32> -> tensor<1x24xf32>
  %5 = ingot.binary add %2, %image : tensor<1x24x8x8xf32>, tensor<8x8xf32> -> tensor<1x24x8x8xf32>
  %6 = ingot.reduce mean %5 axes [2, 3] : tensor<1x24x8x8xf32> -> tensor<1x24xf32>
  %7 = ingot.conv %x, %few channels_first kernel [1, 1] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 4 : tensor<1x6x8x8xf32>, tensor<4x6x1x1xf32> -> tensor<1x4x8x8xf32>
  %8 = ingot.reduce mean %7 axes [2, 3] : tensor<1x4x8x8xf32> -> tensor<1x4xf32>
  %9 = ingot.reduce mean %2 axes [2] : tensor<1x24x8x8xf32> -> tensor<1x24x8xf32>
  return %1, %4, %6, %8, %9 : tensor<1x24xf32>, tensor<1x24xf32>, tensor<1x24xf32>, tensor<1x4xf32>, tensor<1x24x8xf32>
}

// -----

#dims = #ingot.dims<()[s0, s1] -> (1, 6, s0, s1)>
#wide = #ingot.dims<()[s0, s1] -> (1, 24, s0, s1)>

// CHECK-LABEL: func @open
// CHECK-SAME: %[[X:.+]]: tensor<1x6x?x?xf32
func.func @open(%x: tensor<1x6x?x?xf32, #dims>, %w: tensor<24x6x1x1xf32>) -> tensor<1x24x1x1xf32> {
  // CHECK: %[[MEAN:.+]] = ingot.reduce mean %[[X]] axes [2, 3] {keep_dims} : tensor<1x6x?x?xf32, #{{.+}}> -> tensor<1x6x1x1xf32>
  // CHECK: ingot.conv %[[MEAN]]
  %0 = ingot.conv %x, %w channels_first kernel [1, 1] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 24 : tensor<1x6x?x?xf32, #dims>, tensor<24x6x1x1xf32> -> tensor<1x24x?x?xf32, #wide>
  %1 = ingot.reduce mean %0 axes [2, 3] {keep_dims} : tensor<1x24x?x?xf32, #wide> -> tensor<1x24x1x1xf32>
  return %1 : tensor<1x24x1x1xf32>
}
