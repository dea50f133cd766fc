// The mean of an image becomes one of the sums that its depthwise convolution has of each tile.
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(ingot-choose-kernels,ingot-unroll-and-jam{force=depthwise:2x7x16},ingot-fuse-squeeze))' | FileCheck %s

// CHECK-LABEL: func.func @mean
func.func @mean(%x: tensor<1x14x14x96xf32>, %w: tensor<6x9x16xf32>) -> (tensor<1x14x14x96xf32>, tensor<1x1x1x96xf32>) {
  // CHECK: %[[Y:.*]]:2 = ingot.region ins(%{{.*}}, %{{.*}}) plan <family = depthwise, tile = [2, 7, 16]
  // CHECK-SAME: -> (tensor<1x14x14x96xf32>, tensor<1x7x2x96xf32>)
  %y = ingot.region ins(%x, %w) : (tensor<1x14x14x96xf32>, tensor<6x9x16xf32>) -> tensor<1x14x14x96xf32> {
  ^bb0(%a: tensor<1x14x14x96xf32>, %b: tensor<6x9x16xf32>):
    %c = ingot.conv %a, %b channels_last kernel [3, 3] strides [1, 1] pads [1, 1, 1, 1] dilations [1, 1] groups 96 channels 96
      : tensor<1x14x14x96xf32>, tensor<6x9x16xf32> -> tensor<1x14x14x96xf32>
    // CHECK: %[[ACTIVE:.*]] = ingot.unary silu
    %d = ingot.unary silu %c : tensor<1x14x14x96xf32> -> tensor<1x14x14x96xf32>
    // CHECK: %[[SUMS:.*]] = ingot.tile_sums %[[ACTIVE]] tile [2, 7] : tensor<1x14x14x96xf32> -> tensor<1x7x2x96xf32>
    // CHECK: ingot.yield %[[ACTIVE]], %[[SUMS]]
    ingot.yield %d : tensor<1x14x14x96xf32>
  } loc("depthwise")
  // CHECK: ingot.region ins(%[[Y]]#1) plan <family = row, {{.*}} units = 2, parallel = false>
  %m = ingot.region ins(%y) : (tensor<1x14x14x96xf32>) -> tensor<1x1x1x96xf32> {
  ^bb0(%a: tensor<1x14x14x96xf32>):
    // CHECK: %[[SUM:.*]] = ingot.reduce sum %{{.*}} axes [1, 2] {keep_dims} : tensor<1x7x2x96xf32> -> tensor<1x1x1x96xf32>
    // CHECK: %[[SCALE:.*]] = ingot.constant dense<0.00510204071> : tensor<f32>
    // CHECK: %[[MEAN:.*]] = ingot.binary mul %[[SUM]], %[[SCALE]] {ingot.values = ["mean"]}
    // CHECK: ingot.unary relu %[[MEAN]]
    %c = ingot.reduce mean %a axes [1, 2] {keep_dims, ingot.values = ["mean"]} : tensor<1x14x14x96xf32> -> tensor<1x1x1x96xf32>
    %d = ingot.unary relu %c : tensor<1x1x1x96xf32> -> tensor<1x1x1x96xf32>
    ingot.yield %d : tensor<1x1x1x96xf32>
  }
  // CHECK: return %[[Y]]#0
  return %y, %m : tensor<1x14x14x96xf32>, tensor<1x1x1x96xf32>
}

// Two reductions of one image have the same sums. Any number of images, the last tiles smaller.
// CHECK-LABEL: func.func @sums_of_batches
// CHECK: ingot.tile_sums %{{.*}} tile [2, 7] : tensor<?x7x9x16xf32, #{{.*}}> -> tensor<?x4x2x16xf32, #{{.*}}>
// CHECK-NOT: ingot.tile_sums
// CHECK: ingot.reduce sum %{{.*}} axes [2, 1] : tensor<?x4x2x16xf32, #{{.*}}> -> tensor<?x16xf32, #{{.*}}>
// CHECK-NEXT: ingot.yield
// CHECK: ingot.reduce sum %{{.*}} axes [1, 2] : tensor<?x4x2x16xf32, #{{.*}}> -> tensor<?x16xf32, #{{.*}}>
// CHECK: ingot.binary mul
!image = tensor<?x7x9x16xf32, #ingot.dims<()[s0] -> (s0, 7, 9, 16)>>
!rows = tensor<?x16xf32, #ingot.dims<()[s0] -> (s0, 16)>>
func.func @sums_of_batches(%x: !image, %w: tensor<1x9x16xf32>) -> (!rows, !rows) attributes {ingot.ranges = array<i64: 1, 64>, ingot.symbols = ["n"]} {
  %y = ingot.region ins(%x, %w) : (!image, tensor<1x9x16xf32>) -> !image {
  ^bb0(%a: !image, %b: tensor<1x9x16xf32>):
    %c = ingot.conv %a, %b channels_last kernel [3, 3] strides [1, 1] pads [1, 1, 1, 1] dilations [1, 1] groups 16 channels 16
      : !image, tensor<1x9x16xf32> -> !image
    ingot.yield %c : !image
  } loc("depthwise")
  %s = ingot.region ins(%y) : (!image) -> !rows {
  ^bb0(%a: !image):
    %c = ingot.reduce sum %a axes [2, 1] : !image -> !rows
    ingot.yield %c : !rows
  }
  %m = ingot.region ins(%y) : (!image) -> !rows {
  ^bb0(%a: !image):
    %c = ingot.reduce mean %a axes [1, 2] : !image -> !rows
    ingot.yield %c : !rows
  }
  return %s, %m : !rows, !rows
}

// Left: a maximum, the mean of other dims, one behind an operation, and one of an image that no depthwise convolution computes.
// CHECK-LABEL: func.func @others
// CHECK-NOT: ingot.tile_sums
// CHECK: return
func.func @others(%x: tensor<1x14x14x16xf32>, %w: tensor<1x9x16xf32>)
    -> (tensor<1x16xf32>, tensor<1x14x16xf32>, tensor<1x16xf32>, tensor<1x16xf32>) {
  %y = ingot.region ins(%x, %w) : (tensor<1x14x14x16xf32>, tensor<1x9x16xf32>) -> tensor<1x14x14x16xf32> {
  ^bb0(%a: tensor<1x14x14x16xf32>, %b: tensor<1x9x16xf32>):
    %c = ingot.conv %a, %b channels_last kernel [3, 3] strides [1, 1] pads [1, 1, 1, 1] dilations [1, 1] groups 16 channels 16
      : tensor<1x14x14x16xf32>, tensor<1x9x16xf32> -> tensor<1x14x14x16xf32>
    ingot.yield %c : tensor<1x14x14x16xf32>
  } loc("depthwise")
  %m = ingot.region ins(%y) : (tensor<1x14x14x16xf32>) -> tensor<1x16xf32> {
  ^bb0(%a: tensor<1x14x14x16xf32>):
    %c = ingot.reduce max %a axes [1, 2] : tensor<1x14x14x16xf32> -> tensor<1x16xf32>
    ingot.yield %c : tensor<1x16xf32>
  }
  %r = ingot.region ins(%y) : (tensor<1x14x14x16xf32>) -> tensor<1x14x16xf32> {
  ^bb0(%a: tensor<1x14x14x16xf32>):
    %c = ingot.reduce mean %a axes [2] : tensor<1x14x14x16xf32> -> tensor<1x14x16xf32>
    ingot.yield %c : tensor<1x14x16xf32>
  }
  %s = ingot.region ins(%y) : (tensor<1x14x14x16xf32>) -> tensor<1x16xf32> {
  ^bb0(%a: tensor<1x14x14x16xf32>):
    %c = ingot.unary abs %a : tensor<1x14x14x16xf32> -> tensor<1x14x14x16xf32>
    %d = ingot.reduce mean %c axes [1, 2] : tensor<1x14x14x16xf32> -> tensor<1x16xf32>
    ingot.yield %d : tensor<1x16xf32>
  }
  %t = ingot.region ins(%x) : (tensor<1x14x14x16xf32>) -> tensor<1x16xf32> {
  ^bb0(%a: tensor<1x14x14x16xf32>):
    %c = ingot.reduce mean %a axes [1, 2] : tensor<1x14x14x16xf32> -> tensor<1x16xf32>
    ingot.yield %c : tensor<1x16xf32>
  }
  return %m, %r, %s, %t : tensor<1x16xf32>, tensor<1x14x16xf32>, tensor<1x16xf32>, tensor<1x16xf32>
}

// Nothing is known of the image's size, or its tiles have fewer than four elements.
// CHECK-LABEL: func.func @open_image
// CHECK-NOT: ingot.tile_sums
// CHECK: return
!open = tensor<1x?x14x16xf32, #ingot.dims<()[s0] -> (1, s0, 14, 16)>>
func.func @open_image(%x: !open, %w: tensor<1x9x16xf32>) -> tensor<1x16xf32> attributes {ingot.ranges = array<i64: 1, 64>, ingot.symbols = ["h"]} {
  %y = ingot.region ins(%x, %w) : (!open, tensor<1x9x16xf32>) -> !open {
  ^bb0(%a: !open, %b: tensor<1x9x16xf32>):
    %c = ingot.conv %a, %b channels_last kernel [3, 3] strides [1, 1] pads [1, 1, 1, 1] dilations [1, 1] groups 16 channels 16
      : !open, tensor<1x9x16xf32> -> !open
    ingot.yield %c : !open
  } loc("depthwise")
  %m = ingot.region ins(%y) : (!open) -> tensor<1x16xf32> {
  ^bb0(%a: !open):
    %c = ingot.reduce mean %a axes [1, 2] : !open -> tensor<1x16xf32>
    ingot.yield %c : tensor<1x16xf32>
  }
  return %m : tensor<1x16xf32>
}
