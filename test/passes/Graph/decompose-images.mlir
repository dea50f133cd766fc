// RUN: ingot-opt %s -ingot-decompose-images | FileCheck %s

// CHECK-LABEL: @repeat(
// CHECK: %[[S:.*]] = ingot.reshape %{{.*}} -> tensor<1x3x4x1x5x1xf32>
// CHECK: %[[B:.*]] = ingot.broadcast %[[S]] {{.*}} -> tensor<1x3x4x2x5x3xf32>
// CHECK: ingot.reshape %[[B]] {{.*}} -> tensor<1x3x8x15xf32>
func.func @repeat(%x: tensor<1x3x4x5xf32>) -> tensor<1x3x8x15xf32> {
  %y = ingot.resize nearest %x scales [1.0, 1.0, 2.0, 3.0] "asymmetric" "floor" : tensor<1x3x4x5xf32> -> tensor<1x3x8x15xf32>
  return %y : tensor<1x3x8x15xf32>
}

// Half pixels round to the element they lie in.
// CHECK-LABEL: @half_pixel(
// CHECK-NOT: ingot.resize
// CHECK: ingot.broadcast
func.func @half_pixel(%x: tensor<1x3x4xf32>) -> tensor<1x3x12xf32> {
  %y = ingot.resize nearest %x scales [1.0, 1.0, 3.0] "half_pixel" "round_prefer_floor" : tensor<1x3x4xf32> -> tensor<1x3x12xf32>
  return %y : tensor<1x3x12xf32>
}

// Rounding up of 2 / 3 would take the next element; so would a scale that is no whole number; so does interpolation.
// CHECK-LABEL: @keep(
// CHECK-COUNT-3: ingot.resize
func.func @keep(%x: tensor<1x3x4xf32>) -> (tensor<1x3x12xf32>, tensor<1x3x6xf32>, tensor<1x3x8xf32>) {
  %a = ingot.resize nearest %x scales [1.0, 1.0, 3.0] "asymmetric" "round_prefer_floor" : tensor<1x3x4xf32> -> tensor<1x3x12xf32>
  %b = ingot.resize nearest %x scales [1.0, 1.0, 1.5] "asymmetric" "floor" : tensor<1x3x4xf32> -> tensor<1x3x6xf32>
  %c = ingot.resize linear %x scales [1.0, 1.0, 2.0] "asymmetric" "floor" : tensor<1x3x4xf32> -> tensor<1x3x8xf32>
  return %a, %b, %c : tensor<1x3x12xf32>, tensor<1x3x6xf32>, tensor<1x3x8xf32>
}

// CHECK-LABEL: @global_pool(
// CHECK: ingot.reduce mean %{{.*}} axes [2, 3] {keep_dims}
// CHECK: ingot.pool average
func.func @global_pool(%x: tensor<1x3x4x5xf32>) -> (tensor<1x3x1x1xf32>, tensor<1x3x1x1xf32>) {
  %a = ingot.pool average %x channels_first kernel [4, 5] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] count_pads [0, 0, 0, 0] : tensor<1x3x4x5xf32> -> tensor<1x3x1x1xf32>
  %b = ingot.pool average %x channels_first kernel [4, 4] strides [2, 2] pads [0, 0, 0, 0] dilations [1, 1] count_pads [0, 0, 0, 0] : tensor<1x3x4x5xf32> -> tensor<1x3x1x1xf32>
  return %a, %b : tensor<1x3x1x1xf32>, tensor<1x3x1x1xf32>
}
