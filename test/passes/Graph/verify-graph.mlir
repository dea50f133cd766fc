// RUN: ingot-opt %s -ingot-verify-graph -split-input-file -verify-diagnostics

func.func @good(%x: tensor<1x8x8x3xf32>, %w: tensor<1x1x27x16xf32>, %d: tensor<1x8x8x32xf32>, %v: tensor<2x9x16xf32>) {
  %0 = ingot.conv %x, %w channels_last kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 4
    : tensor<1x8x8x3xf32>, tensor<1x1x27x16xf32> -> tensor<1x6x6x4xf32>
  %1 = ingot.conv %d, %v channels_last kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 32 channels 32
    : tensor<1x8x8x32xf32>, tensor<2x9x16xf32> -> tensor<1x6x6x32xf32>
  // A constant too large to fold here is a weight; what is computed from it is a recipe.
  %2 = ingot.constant #ingot.weight<0, "w"> : tensor<4x4xf32>
  %3 = ingot.transpose %2 [1, 0] : tensor<4x4xf32> -> tensor<4x4xf32>
  return
}

// -----

func.func @shape_arithmetic() -> tensor<2xi64> {
  %0 = ingot.constant dense<[1, 2]> : tensor<2xi64>
  // expected-error @+1 {{'ingot.binary' op could have been folded: all of its operands are small constants}}
  %1 = ingot.binary add %0, %0 : tensor<2xi64>, tensor<2xi64> -> tensor<2xi64>
  return %1 : tensor<2xi64>
}

// -----

func.func @pads(%x: tensor<1x8x8x3xf32>, %w: tensor<1x1x27x16xf32>) {
  // expected-error @+1 {{'ingot.conv' op has channels last and pads: padding is an operation of its own there}}
  %0 = ingot.conv %x, %w channels_last kernel [3, 3] strides [1, 1] pads [1, 1, 1, 1] dilations [1, 1] groups 1 channels 4
    : tensor<1x8x8x3xf32>, tensor<1x1x27x16xf32> -> tensor<1x8x8x4xf32>
  return
}

// -----

func.func @unpacked(%x: tensor<1x8x8x3xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error @+1 {{'ingot.conv' op has channels last and weights that are not packed as 1x1x27x16}}
  %0 = ingot.conv %x, %w channels_last kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 4
    : tensor<1x8x8x3xf32>, tensor<4x3x3x3xf32> -> tensor<1x6x6x4xf32>
  return
}

// -----

func.func @foreign(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error @+1 {{'builtin.unrealized_conversion_cast' op is no operation of the graph stage}}
  %0 = builtin.unrealized_conversion_cast %x : tensor<3xf32> to tensor<3xf32>
  return %0 : tensor<3xf32>
}
