// RUN: ingot-opt %s -ingot-verify-graph -split-input-file -verify-diagnostics

func.func @good(%x: tensor<1x8x8x3xf32>, %w: tensor<1x1x27x16xf32>, %d: tensor<1x8x8x32xf32>, %v: tensor<2x9x16xf32>) {
  %0 = ingot.conv %x, %w channels_last kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 channels 4
    : tensor<1x8x8x3xf32>, tensor<1x1x27x16xf32> -> tensor<1x6x6x4xf32>
  %1 = ingot.conv %d, %v channels_last kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 32 channels 32
    : tensor<1x8x8x32xf32>, tensor<2x9x16xf32> -> tensor<1x6x6x32xf32>
  %p = ingot.conv %d, %v channels_last kernel [3, 3] strides [1, 1] pads [1, 1, 1, 0] dilations [1, 1] groups 32 channels 32
    : tensor<1x8x8x32xf32>, tensor<2x9x16xf32> -> tensor<1x8x7x32xf32>
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

func.func @crops(%d: tensor<1x8x8x32xf32>, %v: tensor<2x9x16xf32>) {
  // expected-error @+1 {{'ingot.conv' op has channels last and pads: padding is an operation of its own there}}
  %0 = ingot.conv %d, %v channels_last kernel [3, 3] strides [1, 1] pads [1, -1, 1, 0] dilations [1, 1] groups 32 channels 32
    : tensor<1x8x8x32xf32>, tensor<2x9x16xf32> -> tensor<1x8x5x32xf32>
  return
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

// -----

// Constants inside of their dims, and what has no element to take.
func.func @good_constants(%x: tensor<4x3xf32>, %i: tensor<5xi32>, %none: tensor<0x3xf32>) {
  %rows = ingot.constant dense<[[3, 0], [-4, 2]]> : tensor<2x2xi64>
  %0 = ingot.gather %x, %rows axis 0 : tensor<4x3xf32>, tensor<2x2xi64> -> tensor<2x2x3xf32>
  %points = ingot.constant dense<[[3, -3], [-4, 2]]> : tensor<2x2xi64>
  %1 = ingot.gather_nd %x, %points batch_dims 0 : tensor<4x3xf32>, tensor<2x2xi64> -> tensor<2xf32>
  %empty = ingot.constant dense<> : tensor<0xi64>
  %2 = ingot.gather %none, %empty axis 0 : tensor<0x3xf32>, tensor<0xi64> -> tensor<0x3xf32>
  %three = ingot.constant dense<3> : tensor<i32>
  %3 = ingot.binary div %i, %three : tensor<5xi32>, tensor<i32> -> tensor<5xi32>
  return
}

// -----

func.func @gather(%x: tensor<4x3xf32>) {
  %rows = ingot.constant dense<[0, 4, 1]> : tensor<3xi64>
  // expected-error @+1 {{'ingot.gather' op fails in every run: index out of range}}
  %0 = ingot.gather %x, %rows axis 0 : tensor<4x3xf32>, tensor<3xi64> -> tensor<3x3xf32>
  return
}

// -----

func.func @gather_negative(%x: tensor<4x3xf32>, %u: tensor<1x3xf32>) {
  %rows = ingot.constant dense<[[-5, 0, 0]]> : tensor<1x3xi64>
  // expected-error @+1 {{'ingot.gather_elements' op fails in every run: index out of range}}
  %0 = ingot.gather_elements %x, %rows axis 0 : tensor<4x3xf32>, tensor<1x3xi64> -> tensor<1x3xf32>
  // expected-error @+1 {{'ingot.scatter_elements' op fails in every run: index out of range}}
  %1 = ingot.scatter_elements assign %x, %rows, %u axis 0 : tensor<4x3xf32>, tensor<1x3xi64>, tensor<1x3xf32> -> tensor<4x3xf32>
  return
}

// -----

// Each column of the indices has a dim of its own: 3 is a row, but no column.
func.func @points(%x: tensor<4x3xf32>, %u: tensor<1xf32>) {
  %points = ingot.constant dense<[[0, 3]]> : tensor<1x2xi64>
  // expected-error @+1 {{'ingot.gather_nd' op fails in every run: index out of range}}
  %0 = ingot.gather_nd %x, %points batch_dims 0 : tensor<4x3xf32>, tensor<1x2xi64> -> tensor<1xf32>
  // expected-error @+1 {{'ingot.scatter_nd' op fails in every run: index out of range}}
  %1 = ingot.scatter_nd add %x, %points, %u : tensor<4x3xf32>, tensor<1x2xi64>, tensor<1xf32> -> tensor<4x3xf32>
  return
}

// -----

func.func @nothing_to_take(%x: tensor<0x3xf32>, %i: tensor<2xi64>) {
  // expected-error @+1 {{'ingot.gather' op fails in every run: index out of range}}
  %0 = ingot.gather %x, %i axis 0 : tensor<0x3xf32>, tensor<2xi64> -> tensor<2x3xf32>
  return
}

// -----

func.func @zero(%x: tensor<2xi32>) {
  %zero = ingot.constant dense<[1, 0]> : tensor<2xi32>
  // expected-error @+1 {{'ingot.binary' op fails in every run: division by zero}}
  %0 = ingot.binary fmod %x, %zero : tensor<2xi32>, tensor<2xi32> -> tensor<2xi32>
  return
}

// -----

func.func @lengths(%x: tensor<5x2x4xf32>, %w: tensor<8x4xf32>, %r: tensor<8x8xf32>, %b: tensor<16xf32>, %h: tensor<2x8xf32>, %none: tensor<0xf32>) {
  %n = ingot.constant dense<[5, 6]> : tensor<2xi32>
  // expected-error @+1 {{'ingot.recurrent' op fails in every run: length of a sequence out of range}}
  %0:3 = ingot.recurrent rnn (%x, %w, %r, %b, %h, %none, %none, %n) ["Tanh"] alphas [] betas []
    : (tensor<5x2x4xf32>, tensor<8x4xf32>, tensor<8x8xf32>, tensor<16xf32>, tensor<2x8xf32>, tensor<0xf32>, tensor<0xf32>, tensor<2xi32>)
    -> (tensor<5x2x8xf32>, tensor<2x8xf32>, tensor<0xf32>)
  return
}
